"""Who keeps the vault's key, other than the OS keyring: a passphrase, or a plain file.

A holder is asked to find the key of a vault by its id, or to keep a new one. It never replaces a key that it has.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

from xswitch.errors import PersonNeeded, VaultUnavailable
from xswitch.secret import Secret
from xswitch.vault.folder import Folder
from xswitch.vault.key import KEY_BYTES, NONCE_BYTES, TAG_BYTES, Key

ASKS: Final = 3
"""How often a person is asked before a wrong passphrase is final."""

_SALT_BYTES: Final = 16
_HEX: Final = frozenset("0123456789abcdef")


class WrongPassphrase(VaultUnavailable):
    """The passphrase does not open the vault."""

    code = "wrong-passphrase"


class Holder(Protocol):
    """Whoever keeps a vault's key.

    ``detail`` is what :meth:`store` said of where the key is: the kind of the holder, and a backend where it has some,
    such as ``keyring keyring.backends.SecretService.Keyring``. Every method may block, and raises VaultUnavailable
    where the holder can't be used now.
    """

    def load(self, vault_id: str, detail: str) -> Key | None:
        """Return the key of a vault, or None where the holder answers and has none."""

    def find(self, vault_id: str) -> tuple[Key, str] | None:
        """Return key and detail of a vault whose holder was not written down, or None where nobody has it."""

    def prepare(self) -> None:
        """Do all that needs a person before a new key is stored: called without a lock."""

    def store(self, vault_id: str, key: Key) -> tuple[Key, str]:
        """Keep ``key`` for a vault unless there is one already; return the key that is kept, and the detail."""

    def lacks(self, detail: str) -> str:
        """Return what to do where the key is gone while there are records."""

    def forget(self) -> None:
        """Forget what was kept in memory."""


def is_hex(text: str, length: int) -> bool:
    """Tell whether ``text`` is ``length`` lower-case hexadecimal digits."""
    return len(text) == length and _HEX.issuperset(text)


class FileHolder:
    """The key in a plain file beside the records: only where a person wrote ``plaintext_key = true``."""

    name: Final = "file"
    file: Final = "key"

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def load(self, vault_id: str, detail: str = "") -> Key | None:  # noqa: ARG002 - one key a folder
        """Return the key in the file, or None where there is no file."""
        content = self._folder.read(self.file, 256)
        if content is None:
            return None
        text = content.decode("ascii", "replace").strip()
        if not is_hex(text, 2 * KEY_BYTES):
            raise VaultUnavailable(
                f"the vault's key file {self._folder.path}/{self.file} is damaged",
                "put the file back from a copy; without it, the records stay closed",
            )
        return Key(bytes.fromhex(text))

    def find(self, vault_id: str) -> tuple[Key, str] | None:
        """Return the key in the file."""
        key = self.load(vault_id)
        return None if key is None else (key, self.name)

    def prepare(self) -> None:
        """Nothing needs a person."""

    def store(self, vault_id: str, key: Key) -> tuple[Key, str]:
        """Write the key, unless the file is there."""
        there = self.load(vault_id)
        if there is None:
            self._folder.write(self.file, key.reveal().hex().encode() + b"\n")
        return there or key, self.name

    def lacks(self, detail: str) -> str:  # noqa: ARG002 - there is one place
        """Say where the key was."""
        return f"put {self._folder.path}/{self.file} back from a copy"

    def forget(self) -> None:
        """Nothing is kept in memory."""


class Cost(NamedTuple):
    """The work of scrypt (RFC 7914): 2**log_n blocks of 128·r bytes, p times."""

    log_n: int = 17
    r: int = 8
    p: int = 1

    @property
    def sane(self) -> bool:
        """Tell whether it is a cost that a person's machine can pay: at most 2 GiB."""
        return 1 <= self.log_n <= 20 and 1 <= self.r <= 16 and 1 <= self.p <= 8


class PassphraseHolder:
    """The key, sealed under one made from a passphrase by scrypt, in ``passphrase`` beside the records.

    The passphrase is ``XSWITCH_PASSPHRASE`` of ``environ`` where that is set, else what ``ask(first)`` returns; with
    neither, VaultUnavailable. ``why`` says why it is not the OS keyring, for that error.
    """

    name: Final = "passphrase"
    file: Final = "passphrase"
    variable: Final = "XSWITCH_PASSPHRASE"

    def __init__(
        self,
        folder: Folder,
        environ: Mapping[str, str],
        ask: Callable[[bool], str] | None,
        note: Callable[[str], None],
        *,
        cost: Cost | None = None,
    ) -> None:
        self._folder = folder
        self._environ = environ
        self._ask_person = ask
        self._note = note
        self._cost = cost or Cost()
        self._given: Secret | None = None
        self.why = "the vault's key is kept under a passphrase"

    @property
    def _or_back(self) -> str:
        return f"if it is right, put {self._folder.path}/{self.file} back from a copy"

    @property
    def there(self) -> bool:
        """Tell whether a passphrase was chosen for this vault."""
        return self._folder.status(self.file) is not None

    def load(self, vault_id: str, detail: str = "") -> Key | None:  # noqa: ARG002 - one passphrase a folder
        """Return the key that the passphrase opens. Raises WrongPassphrase after three asks, or one wrong variable."""
        content = self._folder.read(self.file, 4096)
        if content is None:
            return None
        if self._given:
            key = self._unwrap(content, vault_id, self._given)
            if key:
                return key
            self._given = None
        if self._environ.get(self.variable):
            key = self._unwrap(content, vault_id, Secret(self._environ[self.variable]))
            if key:
                return key
            raise WrongPassphrase(
                f"{self.variable} does not open the vault", f"set it to the vault's passphrase; {self._or_back}"
            )
        for _ in range(ASKS):
            typed = self._ask(first=False)
            key = self._unwrap(content, vault_id, typed) if typed else None
            if key:
                return key
            self._note("that passphrase does not open the vault")
        raise WrongPassphrase(
            "no passphrase that was typed opens the vault", f"try again when you have it at hand; {self._or_back}"
        )

    def find(self, vault_id: str) -> tuple[Key, str] | None:
        """Return the key that the passphrase opens, where one was chosen."""
        key = self.load(vault_id)
        return None if key is None else (key, self.name)

    def prepare(self) -> None:
        """Get the passphrase that a new key will be sealed under."""
        if self._environ.get(self.variable):
            self._given = Secret(self._environ[self.variable])
            return
        for _ in range(ASKS):
            self._given = self._ask(first=True)
            if self._given:
                return
            self._note("an empty passphrase protects nothing")
        raise VaultUnavailable("no passphrase was chosen for the vault", f"choose one, or set {self.variable}")

    def store(self, vault_id: str, key: Key) -> tuple[Key, str]:
        """Seal ``key`` under the passphrase of :meth:`prepare`. It replaces what a torn first run left."""
        if not self._given:
            self.prepare()
        salt = _random(_SALT_BYTES)
        head = f"xswitch passphrase 1\nscrypt {self._cost.log_n} {self._cost.r} {self._cost.p} {salt.hex()}\n"
        given = self._given
        if not given:
            raise VaultUnavailable("no passphrase was chosen for the vault", f"choose one, or set {self.variable}")
        wrapped = _derive(given, salt, self._cost).seal(key.reveal(), _bound(vault_id, head))
        body = f"{head}{wrapped.hex()}\n"
        self._folder.write(self.file, f"{body}{hashlib.sha256(body.encode()).hexdigest()}\n".encode())
        return key, self.name

    def lacks(self, detail: str) -> str:  # noqa: ARG002 - there is one place
        """Say where the sealed key was."""
        return f"put {self._folder.path}/{self.file} back from a copy"

    def forget(self) -> None:
        """Forget the passphrase."""
        self._given = None

    def _ask(self, *, first: bool) -> Secret:
        needed = VaultUnavailable(
            f"{self.why}, and nobody can be asked for the passphrase",
            f"set {self.variable}, or run it on a terminal",
        )
        if self._ask_person is None:
            raise needed
        try:
            return Secret(self._ask_person(first))
        except PersonNeeded:
            raise needed from None

    def _unwrap(self, content: bytes, vault_id: str, passphrase: Secret) -> Key | None:
        """Return the key, or None where the passphrase is wrong. Raises VaultUnavailable for a damaged file."""
        broken = VaultUnavailable(
            f"the vault's file {self._folder.path}/{self.file} is damaged",
            "put the file back from a copy; without it, the records stay closed",
        )
        try:
            first, second, third, digest, end = content.decode("ascii").split("\n")
            method, log_n, r, p, salt = second.split(" ")
            cost = Cost(int(log_n), int(r), int(p))
            wrapped = bytes.fromhex(third)
            salt_bytes = bytes.fromhex(salt)
        except ValueError:
            raise broken from None
        head = f"{first}\n{second}\n"
        whole = hashlib.sha256(f"{head}{third}\n".encode()).hexdigest() == digest and not end
        size = NONCE_BYTES + KEY_BYTES + TAG_BYTES
        if not whole or first != "xswitch passphrase 1" or method != "scrypt" or not cost.sane or len(wrapped) != size:
            raise broken
        return _open(_derive(passphrase, salt_bytes, cost), wrapped, _bound(vault_id, head))


def _random(size: int) -> bytes:
    import os

    return os.urandom(size)


def _bound(vault_id: str, head: str) -> bytes:
    return f"{vault_id}\n{head}".encode()


def _open(wrapper: Key, wrapped: bytes, bound: bytes) -> Key | None:
    raw = wrapper.unseal(wrapped, bound)
    return None if raw is None else Key(raw)


def _derive(passphrase: Secret, salt: bytes, cost: Cost) -> Key:
    """Return the key that scrypt makes. The passphrase counts in its composed form (NFC), however it was typed."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    try:
        maker = Scrypt(salt=salt, length=KEY_BYTES, n=1 << cost.log_n, r=cost.r, p=cost.p)
        return Key(maker.derive(unicodedata.normalize("NFC", passphrase.reveal()).encode("utf-8", "surrogateescape")))
    except MemoryError:
        size = (128 * cost.r << cost.log_n) >> 20
        raise VaultUnavailable(
            f"there is not enough memory for the vault's passphrase: it takes {size} MiB", "end some programs"
        ) from None
