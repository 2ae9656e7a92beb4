"""Opening a vault with the holders that a person's settings allow.

A new vault's key goes to a plain file where the person wrote ``plaintext_key = true``, else to the OS keyring, else
under a passphrase. Where it went is written beside the records, and only that holder is asked from then on: a keyring
that is absent today never makes a second key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from xswitch.errors import VaultUnavailable
from xswitch.vault.folder import Folder
from xswitch.vault.holders import FileHolder, Holder, PassphraseHolder
from xswitch.vault.key import Key
from xswitch.vault.os_keyring import KeyringHolder, NoKeyring
from xswitch.vault.store import Vault

if TYPE_CHECKING:
    from xswitch.paths import Paths


class Chooser:
    """The holders of one vault, in their order."""

    def __init__(
        self, keyring: KeyringHolder, passphrase: PassphraseHolder, file: FileHolder, *, plaintext_key: bool
    ) -> None:
        self._keyring = keyring
        self._passphrase = passphrase
        self._file = file
        self._plaintext = plaintext_key
        self._chosen: Holder | None = None

    def load(self, vault_id: str, detail: str) -> Key | None:
        """Return the key from the holder that ``detail`` names, and no other."""
        return self._named(detail).load(vault_id, detail)

    def find(self, vault_id: str) -> tuple[Key, str] | None:
        """Look for the key where a passphrase was chosen, in an allowed plain file, and in the OS keyring."""
        if self._passphrase.there:
            return self._passphrase.find(vault_id)
        found = self._file.find(vault_id) if self._plaintext else None
        return found or self._keyring.find(vault_id)

    def prepare(self) -> None:
        """Choose who will keep a new key, and ask the person what it needs."""
        if self._plaintext:
            self._chosen = self._file
        else:
            try:
                self._keyring.probe()
                self._chosen = self._keyring
            except NoKeyring as absent:
                self._chosen = self._passphrase
                self._passphrase.why = absent.message
        self._chosen.prepare()

    def store(self, vault_id: str, key: Key) -> tuple[Key, str]:
        """Keep a new key with the holder that was chosen."""
        if self._chosen is None:
            self.prepare()
        chosen = self._chosen or self._passphrase
        return chosen.store(vault_id, key)

    def lacks(self, detail: str) -> str:
        """Return what to do where the key is gone."""
        return self._named(detail).lacks(detail) if detail else self._keyring.lacks(detail)

    def forget(self) -> None:
        """Forget what is kept in memory."""
        self._passphrase.forget()

    def _named(self, detail: str) -> Holder:
        kind = detail.partition(" ")[0]
        if kind == self._keyring.name:
            return self._keyring
        if kind == self._passphrase.name:
            return self._passphrase
        if kind == self._file.name and self._plaintext:
            return self._file
        if kind == self._file.name:
            raise VaultUnavailable(
                "the vault's key lies in a plain file, and config.toml does not allow that any more",
                "write plaintext_key = true in config.toml again; or move state/vault away to begin anew",
            )
        raise VaultUnavailable(
            "the vault's key is with a holder that this version of xswitch does not know", "update xswitch"
        )


def open_vault(
    paths: Paths,
    environ: Mapping[str, str],
    *,
    kernel_keyring: bool,
    plaintext_key: bool,
    ask: Callable[[bool], str] | None,
    note: Callable[[str], None],
) -> Vault:
    """Return the vault of ``paths``, nothing of it touched yet: its key is looked for when one is needed.

    ``ask(first)`` returns the person's passphrase (``first``: one to choose; asked twice by who asks); it may raise
    PersonNeeded, which becomes the vault's own error, and Cancelled. None means that nobody can be asked. ``note`` is
    told what is being waited for. The two settings are the person's, from config.toml.
    """
    folder = Folder(str(paths.vault))
    chooser = Chooser(
        KeyringHolder(environ, note, patient=ask is not None),
        PassphraseHolder(folder, environ, ask, note),
        FileHolder(folder),
        plaintext_key=plaintext_key,
    )
    return Vault(folder.path, chooser, shadow=kernel_keyring)
