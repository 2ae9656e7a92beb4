"""A soak of three seconds, so that the long one can't rot; and one on a vault that loses records, which it has to see."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).resolve().parents[1] / "soak" / "soak.py"
FORGETFUL = """
import runpy, sys
from xswitch.vault import store
write, written = store.Vault.write, []
def forgets(self, name, *rest, **more):
    written.append(name)
    if len(written) % 7 or not name.startswith("record"):
        write(self, name, *rest, **more)
store.Vault.write = forgets
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def soaked(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *argv, str(SOAK), "--seed", "1", "--seconds", "3"], capture_output=True, text=True, timeout=240
    )


def test_a_short_soak_loses_nothing() -> None:
    done = soaked()
    assert done.returncode == 0, done
    assert done.stderr == ""
    numbers = re.search(r"together \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| 0 \|", done.stdout)
    assert numbers is not None, done.stdout
    operations, _, kills, _ = (int(number.replace(",", "")) for number in numbers.groups())
    assert min(operations, kills) > 0


def test_a_vault_that_loses_records_is_found_out() -> None:
    done = soaked("-c", FORGETFUL)
    assert done.returncode == 1, done.stdout
    assert "acknowledged" in done.stderr or "is lost" in done.stderr or "is wrong" in done.stderr
