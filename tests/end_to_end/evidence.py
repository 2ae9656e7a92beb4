"""What a run leaves to be seen by others: programs with arguments and environments, files, and what was printed.

An :class:`Evidence` looks at the processes of a run from outside, by /proc, for as long as it runs, and takes what
``watched/sitecustomize.py`` notes from inside. :meth:`Evidence.finds` then looks for secrets in all of it.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

WATCHED = Path(__file__).with_name("watched")


@dataclass(frozen=True)
class Process:
    """A process as others see it at some moment."""

    pid: int
    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(hash=False)

    @property
    def switched(self) -> bool:
        """Tell whether it is in a switched shell or is a switched command, which are to have their session."""
        return "XSWITCH_TARGET" in self.environ


def forms(secret: str | bytes) -> set[bytes]:
    """The ways in which a secret might be written: as it is, in JSON, in an address, in base64, in hexadecimal."""
    raw = secret if isinstance(secret, bytes) else secret.encode("utf-8", "surrogateescape")
    text = raw.decode("utf-8", "surrogateescape")
    found = {raw, raw.lower(), raw.hex().encode(), base64.b64encode(raw), base64.urlsafe_b64encode(raw)}
    for shift in (1, 2):  # in the middle of something longer
        found.add(base64.b64encode(b"x" * shift + raw)[4:-4])
    if text.isprintable():
        found |= {json.dumps(text)[1:-1].encode(), quote(text, safe="").encode(), quote(text).encode()}
    if len(raw) > 40:  # a part of it would be as bad
        found |= {raw[:24], raw[-24:], raw[len(raw) // 2 :][:24]}
    return {form for form in found if len(form) >= 6}


def whole(code: str) -> re.Pattern[bytes]:
    """A code of six digits where it stands by itself: inside of other digits or letters it is chance."""
    return re.compile(rb"(?<![0-9A-Za-z])" + code.encode() + rb"(?![0-9A-Za-z])")


class Evidence:
    """Gathers what a run leaves in ``folders``; ``environ`` is what the run has to have added to its environment."""

    def __init__(self, notes: Path, *folders: Path) -> None:
        notes.mkdir()
        self.notes = notes
        self.folders = folders
        self.environ = {"WATCHED": str(notes), "PYTHONPATH": str(WATCHED), "PYTHONDONTWRITEBYTECODE": "1"}
        self.processes: set[Process] = set()
        self.files: dict[tuple[str, int], bytes] = {}
        self.printed: dict[str, bytes] = {}
        self._roots: set[int] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name="evidence", daemon=True)

    def __enter__(self) -> Evidence:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.look()

    def run(
        self, argv: list[str], environ: Mapping[str, str], *, given: str = "", allowed: tuple[int, ...] = (0,)
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program to its end; what it prints is evidence, unless the caller takes it for a result."""
        process = subprocess.Popen(
            argv, env={**environ, **self.environ}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True, cwd=environ["HOME"],
        )  # fmt: skip
        self.watch(process.pid)
        out, err = process.communicate(given.encode(), timeout=60)
        assert process.returncode in allowed, (argv, process.returncode, out, err)
        self.printed[f"stderr of {' '.join(argv[1:4])} ({len(self.printed)})"] = err
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    def watch(self, pid: int) -> None:
        """Look at a process and its descendants from now on."""
        self._roots.add(pid)

    def _keep_looking(self) -> None:
        while not self._ended.is_set():
            self.look()
            time.sleep(0.01)

    def look(self) -> None:
        """Look at every process and every file once; this happens by itself a hundred times a second."""
        for pid in list(self._roots):
            self._look_at(pid)
        self._look_at_files()

    def _look_at(self, pid: int) -> None:
        try:
            argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
            environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            children = [
                word for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()
            ]
        except OSError:
            return
        words = tuple(word.decode("utf-8", "surrogateescape") for word in argv)
        pairs = (entry.decode("utf-8", "surrogateescape").partition("=") for entry in environ if entry)
        self.processes.add(Process(pid, words, {name: value for name, _, value in pairs}))
        for child in children:
            self._look_at(int(child))

    def _look_at_files(self) -> None:
        for folder in self.folders:
            for place, _, names in os.walk(folder):
                for name in names:
                    path = f"{place}/{name}"
                    try:
                        status = os.lstat(path)
                        if (path, status.st_mtime_ns) not in self.files and os.path.isfile(path):
                            self.files[path, status.st_mtime_ns] = Path(path).read_bytes()
                    except OSError:
                        continue

    def started(self) -> list[Process]:
        """Every program that a Python of the run started, as it noted it itself."""
        found = []
        for path in sorted(self.notes.glob("started-*")):
            line = json.loads(path.read_bytes())
            argv = line["argv"] if isinstance(line["argv"], list) else [line["argv"]]
            found.append(Process(0, (str(line["program"]), *map(str, argv)), line["environ"]))
        return found

    def written(self) -> set[str]:
        """The paths of all files that a Python of the run opened to write into."""
        return {path.read_text() for path in self.notes.glob("written-*")}

    def finds(
        self,
        secrets: Mapping[str, str | bytes],
        codes: Iterable[str],
        *,
        sessions: Iterable[str] = (),
        handed: Iterable[str] = (),
        files: Iterable[str] = (),
    ) -> list[str]:
        """Say where which secret is found where none is to be.

        ``sessions`` are the names of secrets that a switched process has in its environment, ``handed`` those that were
        handed to xswitch in its own; ``files`` are the names of files that are to hold secrets.
        """
        patterns = {name: [re.compile(re.escape(form)) for form in forms(secret)] for name, secret in secrets.items()}
        patterns |= {f"code {code}": [whole(code)] for code in codes}
        may_session, may_handed, may_files = frozenset(sessions), frozenset(handed), frozenset(files)
        found: list[str] = []

        def look(place: str, data: bytes, without: frozenset[str] = frozenset()) -> None:
            for name, several in patterns.items():
                if name not in without and any(pattern.search(data) for pattern in several):
                    found.append(f"{name} in {place}")

        for process in [*self.processes, *self.started()]:
            words = " ".join(process.argv)
            look(f"the arguments of {words[:80]}", words.encode("utf-8", "surrogateescape"))
            environ = "\n".join(f"{name}={value}" for name, value in process.environ.items())
            may = may_session if process.switched else frozenset()
            if process.pid and process.argv[1:2] and process.argv[1].endswith("/xswitch"):
                may |= may_handed
            look(f"the environment of {words[:80]}", environ.encode("utf-8", "surrogateescape"), may)
        for (path, _), data in list(self.files.items()):
            if path.rpartition("/")[2] not in may_files:
                look(f"the file {path}", data)
        for path in self.notes.glob("removed-*"):
            name, _, data = path.read_bytes().partition(b"\n")
            look(f"a file that is gone, {name.decode(errors='replace')}", data)
        for place, data in self.printed.items():
            look(place, data)
        return sorted(set(found))
