"""The program with a fault wherever a secret is at hand: started by a test with JSON on its command line.

It runs ``argv`` once as it is, and gathers the functions of xswitch that ever hold one of ``secrets`` in a variable.
Then it runs them again for each of these: there, the first line that finds a secret raises an error that quotes it. All
runs are children of one process that has loaded what they need, since that is what takes time.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

PACKAGE = str(Path(__file__).parents[2] / "xswitch") + "/"


class Fault(RuntimeError):
    """What is injected."""


class Injector:
    """Traces the calls of xswitch; ``at`` is the function to break, None to gather those that could be."""

    def __init__(self, secrets: list[str], at: str | None) -> None:
        self.secrets = [secret.encode() for secret in secrets]
        self.at = at
        self.found: dict[str, None] = {}

    def call(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        code = frame.f_code
        if not code.co_filename.startswith(PACKAGE) or "/sandbox/" in code.co_filename:
            return None
        name = f"{code.co_filename.removeprefix(PACKAGE)}:{code.co_qualname}"
        if self.at is not None and name != self.at:
            return None
        return self.line

    def line(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        held = next(filter(None, map(self._held, list(frame.f_locals.values()))), "")
        if not held:
            return self.line
        code = frame.f_code
        self.found[f"{code.co_filename.removeprefix(PACKAGE)}:{code.co_qualname}"] = None
        if self.at is None:
            return None
        self.at = ""
        raise Fault(f"quoting {held}")

    def _held(self, value: object) -> str:
        if isinstance(value, dict) and "HOME" not in value:  # the environment is in every other function
            return next(filter(None, map(self._held, list(value.values())[:40])), "")
        if isinstance(value, (tuple, list)):
            return next(filter(None, map(self._held, value[:40])), "")
        if not isinstance(value, (str, bytes, bytearray)):
            return ""
        raw = value.encode("utf-8", "replace") if isinstance(value, str) else bytes(value)
        return str(value) if any(secret in raw for secret in self.secrets) else ""


def in_a_child(asked: dict[str, Any], at: str | None) -> dict[str, Any]:
    """Run the program once, in a child with streams of its own and the person's folders as they were at first."""
    home = Path(os.environ["XSWITCH_HOME"])
    shutil.rmtree(home)
    shutil.copytree(f"{home}.before", home)
    (out, out_end), (err, err_end), (note, note_end) = os.pipe(), os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.dup2(out_end, 1)
        os.dup2(err_end, 2)
        sys.argv = ["xswitch", *asked["argv"]]
        injector = Injector(asked["secrets"], at)
        from xswitch.__main__ import main

        threading.settrace(injector.call)
        sys.settrace(injector.call)
        try:
            status = main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            sys.settrace(None)
        modules = [name for name in sys.modules if not name.startswith("__")] if at is None else []
        told = {"status": status, "found": list(injector.found), "modules": modules}
        os.write(note_end, json.dumps(told).encode())
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    for descriptor in (out_end, err_end, note_end):
        os.close(descriptor)
    texts = [_all(descriptor) for descriptor in (out, err, note)]
    _, ended = os.waitpid(child, 0)
    told = json.loads(texts[2]) if texts[2] else {"status": f"died: {ended}", "found": []}
    return {"at": at, "stdout": texts[0], "stderr": texts[1], **told}


def _all(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as pipe:
        return pipe.read().decode("utf-8", "replace")


def main() -> None:
    asked = json.loads(sys.argv[1])
    sound = in_a_child(asked, None)
    for name in sound.pop("modules"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()
    print(json.dumps([sound, *(in_a_child(asked, at) for at in sound["found"])]))


if __name__ == "__main__":
    main()
