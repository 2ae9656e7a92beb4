"""One record as bytes: a plain header that can be read without the key, then the sealed payload.

Layout, big-endian; the offsets of kind, issued and expires are fixed, so that a listing parses nothing::

     0  8s  magic, with the version of the format in its last byte
     8 16s  id of the vault, whose key seals the payload
    24 16s  kind, ASCII, padded with zero bytes
    40   d  issued, seconds since the epoch, UTC
    48   d  expires, the same; infinity where it never does
    56   H  length of the name
    58   I  length of the facts
    62   I  length of the sealed part
    66      name (UTF-8), facts (compact JSON), CRC-32 of all of the above
     …      nonce (12), AES-256-GCM ciphertext and tag; authenticated with it: the record's name and the whole header

The CRC finds accidents where the key is not at hand; against anyone who means it, the authenticated header stands.
Nothing here touches a disk, and neither json nor anything as costly is imported before it is needed.
"""

from __future__ import annotations

import struct
from binascii import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final, NoReturn

    from xswitch.errors import RecordDamaged
    from xswitch.vault.key import Key

MAGIC: Final = b"xswrec\x00\x01"
SUFFIX: Final = ".rec"
MAX_RECORD: Final = 1 << 20
"""Bytes: no record is longer, and nothing longer is read."""

_FIXED: Final = struct.Struct(">8s16s16sddHII")
_CRC: Final = struct.Struct(">I")
_NEVER: Final = float("inf")
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_LONGEST_FILE_NAME: Final = 160


class Header:
    """What a record says of itself without the key. Times are seconds since the epoch, UTC; None means never."""

    __slots__ = ("expires", "facts_text", "issued", "kind", "name", "vault_id")

    def __init__(
        self, name: str, kind: str, vault_id: str, issued: float, expires: float | None, facts_text: bytes
    ) -> None:
        self.name = name
        self.kind = kind
        self.vault_id = vault_id
        self.issued = issued
        self.expires = expires
        self.facts_text = facts_text

    def __repr__(self) -> str:
        return f"Header({self.name!r}, {self.kind!r}, {self.issued!r}, {self.expires!r}, {self.facts_text!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Header):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    @property
    def facts(self) -> dict[str, str | int | float]:
        """The facts that were written with it, parsed now. Raises RecordDamaged."""
        import json
        from math import isfinite

        try:
            found = json.loads(self.facts_text)
        except (ValueError, RecursionError):
            found = None
        good = isinstance(found, dict) and all(
            isinstance(value, (str, int)) or (isinstance(value, float) and isfinite(value)) for value in found.values()
        )
        if not good:
            raise damaged(self.name, "its facts can't be read")
        facts: dict[str, str | int | float] = found
        return facts


class Record:
    """A record that was opened. The payload never prints itself."""

    __slots__ = ("header", "payload")

    def __init__(self, header: Header, payload: bytes) -> None:
        self.header = header
        self.payload = payload

    def __repr__(self) -> str:
        return f"Record({self.header!r}, [hidden])"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an opened record is not pickled")


def file_name(name: str) -> str:
    """Return the file name of a record: one for each name, on file systems that ignore case too.

    Characters outside ``[a-z0-9_-]`` become ``%xx`` of their UTF-8 bytes; what would be too long ends in its SHA-256.
    """
    if _PLAIN.issuperset(name) and 0 < len(name) <= _LONGEST_FILE_NAME:
        return name + SUFFIX
    raw = name.encode("utf-8", "surrogatepass")
    text = "".join(chr(byte) if chr(byte) in _PLAIN else f"%{byte:02x}" for byte in raw)
    if not text or len(text) > _LONGEST_FILE_NAME:
        import hashlib

        text = f"{text[:80]}~{hashlib.sha256(raw).hexdigest()}"
    return text + SUFFIX


def damaged(name: str, why: str) -> RecordDamaged:
    """Return the error that says that the record ``name`` can't be opened."""
    from xswitch.errors import RecordDamaged
    from xswitch.text import clean

    return RecordDamaged(
        f"the vault's record {clean(name)} is damaged: {why}",
        "nothing else is harmed; a session can be opened afresh: xswitch sessions renew",
    )


def seal(
    key: Key,
    vault_id: str,
    name: str,
    kind: str,
    payload: bytes | bytearray,
    *,
    issued: float,
    expires: float | None,
    facts: Mapping[str, str | int | float],
) -> bytes:
    """Return the bytes of a record. Raises ValueError for a kind, time or fact that a record can't hold."""
    import json
    from math import isfinite

    label = kind.encode("ascii", "strict")
    if not 0 < len(label) <= 16 or b"\0" in label:
        raise ValueError("a record's kind has 1 to 16 ASCII characters")
    if not isfinite(issued) or (expires is not None and not isfinite(expires)):
        raise ValueError("a record's times are finite")
    if not all(isinstance(value, (str, int, float)) for value in facts.values()):
        raise ValueError("a record's facts are texts and numbers")
    name_bytes = name.encode("utf-8", "surrogatepass")
    facts_bytes = json.dumps(dict(facts), separators=(",", ":"), allow_nan=False).encode()
    end = _NEVER if expires is None else expires
    sealed_length = 12 + len(payload) + 16
    if len(name_bytes) > 0xFFFF or len(facts_bytes) + len(name_bytes) + sealed_length > MAX_RECORD - 128:
        raise ValueError("too much for one record")
    head = _FIXED.pack(
        MAGIC, bytes.fromhex(vault_id), label, issued, end, len(name_bytes), len(facts_bytes), sealed_length
    )
    head += name_bytes + facts_bytes
    head += _CRC.pack(crc32(head))
    return head + key.seal(payload, name_bytes + b"\0" + head)


def _parse(data: bytes, name: str) -> tuple[Header, int, int]:
    """Return the header, where the sealed part begins, and its length. ``name`` is for the error alone."""
    if len(data) < _FIXED.size:
        raise damaged(name, "it is cut short")
    magic, vault, label, issued, end, name_length, facts_length, sealed_length = _FIXED.unpack_from(data)
    if magic[:7] != MAGIC[:7]:
        raise damaged(name, "it is not a record")
    if magic != MAGIC:
        raise damaged(name, f"its format {magic[7]} is not known to this version of xswitch")
    name_end = _FIXED.size + name_length
    facts_end = name_end + facts_length
    if len(data) < facts_end + _CRC.size:
        raise damaged(name, "it is cut short")
    if _CRC.unpack_from(data, facts_end)[0] != crc32(data[:facts_end]):
        raise damaged(name, "its header was altered")
    try:
        own_name = data[_FIXED.size : name_end].decode("utf-8", "surrogatepass")
        kind = label.rstrip(b"\0").decode("ascii")
    except UnicodeDecodeError:
        raise damaged(name, "its header was altered") from None
    if issued != issued or end != end or not kind:
        raise damaged(name, "its header was altered")
    expires = None if end == _NEVER else end
    header = Header(own_name, kind, vault.hex(), issued, expires, data[name_end:facts_end])
    return header, facts_end + _CRC.size, sealed_length


def parse_header(data: bytes, file: str, *, whole: bool = True) -> Header:
    """Return the header of the record in ``file``, without the key.

    ``whole`` False accepts what :func:`tombstone` made. Raises RecordDamaged where the record is truncated, its header
    altered by accident, or its file renamed.
    """
    header, start, sealed_length = _parse(data, file)
    if len(data) != start + (sealed_length if whole else 0):
        raise damaged(file, "it is cut short" if len(data) < start + sealed_length else "its length is wrong")
    if file_name(header.name) != file:
        raise damaged(file, "its file was renamed")
    return header


def tombstone(data: bytes, file: str) -> bytes:
    """Return the header of a record as bytes, without its sealed part. Raises RecordDamaged."""
    _, start, _ = _parse(data, file)
    return data[:start]


def unseal(key: Key, vault_id: str, name: str, data: bytes) -> Record:
    """Open the record ``name``. Raises RecordDamaged unless every bit is as it was sealed, under this very key."""
    header, start, sealed_length = _parse(data, name)
    if header.vault_id != vault_id:
        raise damaged(name, f"it belongs to the vault {header.vault_id}")
    if header.name != name:
        raise damaged(name, "its file was renamed")
    if len(data) != start + sealed_length:
        raise damaged(name, "it is cut short" if len(data) < start + sealed_length else "its length is wrong")
    payload = key.unseal(data[start:], name.encode("utf-8", "surrogatepass") + b"\0" + data[:start])
    if payload is None:
        raise damaged(name, "it was altered, or sealed under another key")
    return Record(header, payload)


def unsealed(key: Key, vault_id: str, name: str, data: bytes) -> Record | None:
    """Open the record ``name``, or return None where :func:`unseal` would raise."""
    try:
        return unseal(key, vault_id, name, data)
    except _damage():
        return None


def _damage() -> type[RecordDamaged]:
    """Return the error's class; an ``except`` asks for it only when something was raised."""
    from xswitch.errors import RecordDamaged

    return RecordDamaged
