"""The vault's key: 32 random bytes that never print, log or pickle themselves."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, NoReturn

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16


class Key:
    """An AES-256-GCM key (NIST SP 800-38D) with 96-bit random nonces, one for each sealing."""

    __slots__ = ("__raw",)

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_BYTES:
            raise ValueError("a vault key has 32 bytes")
        self.__raw = raw

    @classmethod
    def new(cls) -> Key:
        """Return a key that never was."""
        return cls(os.urandom(KEY_BYTES))

    def seal(self, payload: bytes | bytearray, bound: bytes) -> bytes:
        """Return nonce and ciphertext of ``payload``; ``bound`` is authenticated with it."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.__raw).encrypt(nonce, payload, bound)

    def unseal(self, sealed: bytes, bound: bytes) -> bytes | None:
        """Return what was sealed, or None where key, ``sealed`` or ``bound`` is not what it was."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            return None
        try:
            return AESGCM(self.__raw).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
        except InvalidTag:
            return None

    def check(self, vault_id: str) -> str:
        """Return 16 hex digits that tell this key from another, and give nothing of it away."""
        import hmac

        return hmac.new(self.__raw, b"xswitch vault key " + vault_id.encode(), "sha256").hexdigest()[:16]

    def reveal(self) -> bytes:
        """Return the raw key: for the holder that keeps it, at the moment it is handed over."""
        return self.__raw

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Key):
            return NotImplemented
        import hmac

        return hmac.compare_digest(self.__raw, other.__raw)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "[hidden]"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")


def holder_bytes(detail: str, check: str) -> bytes:
    """Return what the ``holder`` file says: who keeps the key, the key's check value, and a sum over both."""
    from binascii import crc32

    text = f"{detail}\n{check}\n".encode()
    return text + b"%08x\n" % crc32(text)
