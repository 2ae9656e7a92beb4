from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from vault_tools import MemoryHolder, keep, run

from xswitch.vault import kernel, quick
from xswitch.vault.key import Key
from xswitch.vault.store import Vault

READ = """
import sys
from xswitch.vault import kernel
key = kernel.get(sys.argv[1])
print(key.check("x") if key else None)
"""
# In a session keyring of its own that does not link the user keyring: as in a container, or under su.
APART = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
from xswitch.vault import kernel
joined = kernel._calls().keyctl(1, 0)
assert joined > 0
"""


@pytest.fixture
def vault_id() -> Iterator[str]:
    """A vault id of this test; the kernel keyring has to be there, since the shadow is a promise on Linux."""
    assert kernel.available(), (
        "these tests need the kernel keyring: allow add_key and keyctl in the container's seccomp"
    )
    made = os.urandom(16).hex()
    yield made
    kernel.clear(made)


def test_put_get_replace_clear(vault_id: str) -> None:
    one, two = Key.new(), Key.new()
    assert kernel.get(vault_id) is None
    assert kernel.clear(vault_id) is False
    assert kernel.put(vault_id, one)
    assert kernel.get(vault_id) == one
    assert kernel.put(vault_id, two)
    assert kernel.get(vault_id) == two
    assert kernel.get(os.urandom(16).hex()) is None
    assert kernel.clear(vault_id) is True
    assert kernel.get(vault_id) is None


def test_another_process_reads_it_in_a_session_of_its_own_too(vault_id: str) -> None:
    key = Key.new()
    kernel.put(vault_id, key)
    for code in (READ, APART + READ):
        assert run(code, vault_id) == (0, f"{key.check('x')}\n", "")
    store = APART + "\nfrom xswitch.vault.key import Key\nimport sys\nprint(kernel.put(sys.argv[1], Key(b'k' * 32)))"
    assert run(store, vault_id) == (0, "True\n", "")
    assert kernel.get(vault_id) == Key(b"k" * 32)
    assert run(APART + "\nimport sys\nprint(kernel.clear(sys.argv[1]))", vault_id) == (0, "True\n", "")
    assert kernel.get(vault_id) is None


def listed(vault_id: str) -> list[str]:
    """Return the line of /proc/keys for a vault's key, in fields: time to live is the fourth, permissions the fifth."""
    lines = Path("/proc/keys").read_text().splitlines()
    (line,) = [line for line in lines if f"xswitch:vault:{vault_id}" in line]
    return line.split()


def test_it_ends_within_the_hour_and_only_its_user_reads_it(vault_id: str) -> None:
    kernel.put(vault_id, Key.new(), ttl=10**6)
    fields = listed(vault_id)
    assert fields[3] in ("60m", "59m", "1h"), fields
    assert fields[4] == "3f0b0000"
    assert fields[5] == str(os.geteuid())


def test_it_expires_by_itself(vault_id: str) -> None:
    kernel.put(vault_id, Key.new(), ttl=1)
    import select

    for _ in range(100):
        if kernel.get(vault_id) is None:
            break
        select.select([], [], [], 0.05)
    assert kernel.get(vault_id) is None


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EPERM, errno.EDQUOT])
def test_where_the_kernel_refuses_nothing_is_kept_and_nothing_fails(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    class Refusing(kernel._Calls):
        def __init__(self) -> None:
            """No libc."""

        def add_key(self, name: bytes, payload: bytes, keyring: int) -> int:
            return -1

        def keyctl(self, operation: int, *arguments: int | bytes) -> int:
            return -1

    for calls in (Refusing(), None):
        monkeypatch.setattr(kernel, "_known", [calls])
        assert not kernel.available()
        assert not kernel.put("0" * 32, Key.new())
        assert kernel.get("0" * 32) is None
        assert not kernel.clear("0" * 32)
        holder = MemoryHolder()
        vault = Vault(folder / str(code) / str(calls is None), holder, shadow=True)
        keep(vault, "one")
        assert Vault(vault.folder, holder, shadow=True).read("one") is not None
        assert holder.loads == 1
        assert dict(vault.describe())["kernel keyring"] == "not available here"


def test_on_a_machine_whose_numbers_are_not_known_it_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "_known", [])
    monkeypatch.setattr(kernel, "_NUMBERS", {})
    assert kernel.get("0" * 32) is None
    assert kernel._known == [None]


def test_the_vault_fills_it_uses_it_and_forgets_it(folder: Path, holder: MemoryHolder, vault_id: str) -> None:
    vault = Vault(folder, holder, shadow=True)
    keep(vault, "one")
    own_id = (folder / "id").read_text().strip()
    try:
        other = Vault(folder, holder, shadow=True)
        assert other.read("one") is not None
        assert holder.loads == 0
        assert dict(other.describe())["kernel keyring"] == "holds the key"
        other.forget_key()
        assert kernel.get(own_id) is None
        assert dict(other.describe())["kernel keyring"] == "empty"
        assert vault.read("one") is not None, "a lock is no loss"
        assert holder.loads == 1
        assert kernel.get(own_id) is not None
    finally:
        kernel.clear(own_id)


def test_a_lock_while_the_key_is_fetched_leaves_no_shadow(folder: Path, vault_id: str) -> None:
    class Slow(MemoryHolder):
        def load(self, vault_id: str, detail: str) -> Key | None:
            found = super().load(vault_id, detail)
            Vault(folder, MemoryHolder(), shadow=True).forget_key()
            return found

    holder = Slow()
    keep(Vault(folder, holder, shadow=True), "one")
    own_id = (folder / "id").read_text().strip()
    try:
        kernel.clear(own_id)
        assert Vault(folder, holder, shadow=True).read("one") is not None
        assert kernel.get(own_id) is None
    finally:
        kernel.clear(own_id)


def test_turned_off_it_is_neither_used_nor_left_behind(folder: Path, holder: MemoryHolder, vault_id: str) -> None:
    keep(Vault(folder, holder, shadow=True), "one")
    own_id = (folder / "id").read_text().strip()
    try:
        off = Vault(folder, holder, shadow=False)
        assert off.read("one") is not None
        assert holder.loads == 1
        assert kernel.get(own_id) is None
    finally:
        kernel.clear(own_id)


def test_a_wrong_key_in_it_is_not_believed(folder: Path, holder: MemoryHolder, vault_id: str) -> None:
    keep(Vault(folder, holder, shadow=True), "one")
    own_id = (folder / "id").read_text().strip()
    try:
        kernel.put(own_id, Key.new())
        assert quick.read(str(folder), ["one"]) is None
        assert Vault(folder, holder, shadow=True).read("one") is not None
        assert quick.read(str(folder), ["one"]) is not None, "the right one took its place"
    finally:
        kernel.clear(own_id)
