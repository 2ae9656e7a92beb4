"""A hundred ``credential-process`` at once: cold, where one of them asks AWS for all, against warm.

Each figure is of a hundred processes, so five pairs are enough for a median.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from xswitch.engine import Engine
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox, practice
from xswitch.secret import Secret

MANY = 100
PAIRS = 5
TARGET = "web-dev/PowerUser"
Row = Callable[[str, str, tuple[float, float], str], None]


def crowd(environ: dict[str, str]) -> float:
    """Run a hundred at once; return the seconds until the last has answered. All have to answer alike."""
    argv = [str(Path(sys.executable).parent / "xswitch"), "credential-process", TARGET]
    started = time.perf_counter()
    running = [
        subprocess.Popen(argv, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) for _ in range(MANY)
    ]
    answers = {one.communicate(timeout=300)[0] for one in running}
    took = time.perf_counter() - started
    if len(answers) != 1 or any(one.returncode for one in running):
        raise SystemExit(f"a hundred at once gave {len(answers)} answers")
    return took


def parallel(row: Row) -> None:
    """Print the row: the median of cold in seconds, and of the ratios cold / warm."""
    made = practice.build()
    with tempfile.TemporaryDirectory() as home, Sandbox(made.organization) as sandbox:
        environ = {"HOME": home, "XSWITCH_HOME": home, "AWS_ENDPOINT_URL": sandbox.url, "PATH": "/usr/bin:/bin"}
        paths = Paths.of(environ)
        paths.config.mkdir(parents=True)
        paths.catalog_file.write_text(made.catalog_toml())
        paths.preferences_file.write_text("plaintext_key = true\nkernel_keyring = false\n")
        engine = Engine(paths, environ, time.time)
        engine.store_identity("central", made.user_access_key[0], Secret(made.user_access_key[1]), made.caller_arn)
        pairs = []
        for _ in range(PAIRS):
            engine.end(TARGET)
            calls = len(sandbox.calls)
            cold = crowd(environ)
            if len(sandbox.calls) - calls != 1:
                raise SystemExit(f"a hundred at once made {len(sandbox.calls) - calls} calls")
            pairs.append((cold, crowd(environ)))
    measured = statistics.median(cold for cold, _ in pairs), statistics.median(cold / warm for cold, warm in pairs)
    row("100 parallel `credential-process`, cold: one STS call", "100 warm ones", measured, "≤ 3")


if __name__ == "__main__":
    parallel(lambda what, against, measured, goal: print(what, against, measured, goal))
