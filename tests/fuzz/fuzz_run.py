"""Let atheris look for inputs that break a target, as `make fuzz` does. Linux, and Python 3.11 to 3.13, only.

::

    fuzz_run.py SECONDS                  every target for so long, a line for each; status 1 where one broke
    fuzz_run.py TARGET [OPTION ...]      one target, with libFuzzer's own options
    fuzz_run.py --keep                   add to corpus/ what reaches code that nothing there reaches

What is found meanwhile stays in ``.cache/fuzz/found``, and what breaks a target in ``.cache/fuzz/broke``: such a file
belongs into ``corpus/TARGET`` under a name that says what it showed, where each `make test` tries it again.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

import xswitch

with contextlib.redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["xswitch"]):
    from fuzz_catalog import MEMORY
    from fuzz_targets import CORPUS, TARGETS

    for found in pkgutil.walk_packages(xswitch.__path__, "xswitch."):  # what is imported late would go unseen
        if found.name.split(".")[1] not in ("__main__", "cli", "tui", "sandbox"):
            importlib.import_module(found.name)

CACHE = Path(__file__).parents[2] / ".cache" / "fuzz"
FOUND, BROKE = CACHE / "found", CACHE / "broke"
MOST = 40
"""Files that --keep leaves in a target's corpus, besides those that were named by a person."""


def one(name: str, options: list[str], *folders: Path) -> None:
    """Fuzz one target; does not return."""
    words = Path(__file__).with_name("words.dict")
    standard = [f"-dict={words}", f"-artifact_prefix={BROKE}/{name}-", "-max_len=2048", "-timeout=30"]
    atheris.Setup([sys.argv[0], *standard, *options, *map(str, folders)], TARGETS[name])
    atheris.Fuzz()


def each(seconds: str) -> int:
    """Fuzz every target for so many seconds."""
    broken = 0
    for name in TARGETS:
        done = _run(name, f"-max_total_time={seconds}", "-print_final_stats=1")
        tried = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
        reached = re.findall(r" cov: (\d+)", done.stderr)
        print(f"{name:<18}{tried[1] if tried else 0:>9} tries{reached[-1] if reached else 0:>7} edges", flush=True)
        if done.returncode:
            broken += 1
            print(done.stdout[-2000:], done.stderr[-4000:], sep="\n")
    return int(broken > 0)


def keep(name: str) -> None:
    """Choose the few inputs that reach all that is reached by any, the smallest first, and put them into the corpus."""
    corpus = CORPUS / name
    named = {path.name for path in corpus.iterdir() if not re.fullmatch(r"[0-9a-f]{40}", path.name)}
    with tempfile.TemporaryDirectory() as folder:
        done = _run(name, "-set_cover_merge=1", folder, str(corpus), str(FOUND / name))
        done.check_returncode()
        chosen = sorted(Path(folder).iterdir(), key=lambda path: path.stat().st_size)[:MOST]
        for path in corpus.iterdir():
            if path.name not in named:
                path.unlink()
        have = {path.read_bytes() for path in corpus.iterdir()}
        for path in chosen:
            if path.read_bytes() not in have:
                (corpus / path.name).write_bytes(path.read_bytes())


def _run(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as home:
        environ = {**os.environ, "HOME": "/nonexistent", "FUZZ_HOME": home}
        command = [sys.executable, __file__, name, *options]
        return subprocess.run(command, env=environ, capture_output=True, text=True, errors="replace", check=False)


def main() -> int:
    for name in TARGETS:
        (FOUND / name).mkdir(parents=True, exist_ok=True)
    BROKE.mkdir(exist_ok=True)
    first, *options = sys.argv[1:]
    if first == "--keep":
        for name in TARGETS:
            keep(name)
    elif first in TARGETS:
        merging = "-set_cover_merge=1" in options
        one(first, options, *(() if merging else (FOUND / first, CORPUS / first)))
    else:
        return each(first)
    return 0


if __name__ == "__main__":
    sys.exit(main())
