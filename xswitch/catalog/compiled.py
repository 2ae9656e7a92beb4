"""The compiled catalog: written whole, read whole. :mod:`xswitch.catalog.fast` has its layout, and reads one row of it.

It is a cache that a person may remove. It holds names and settings, external ids that stand in the catalog as plain
text among them, so it is 0600 in a folder of 0700; it is data alone, never anything that runs.
"""

from __future__ import annotations

import os
from binascii import crc32
from collections.abc import Iterable, Mapping
from pathlib import Path
from struct import Struct
from sys import byteorder
from typing import Any, Final, cast

from xswitch.catalog import fast
from xswitch.catalog.fast import BLOCKS_APART, FIELD, ITEM, PART
from xswitch.catalog.model import Account, Catalog, Environment, Identity, VaultRef
from xswitch.catalog.rows import Role, Settings, Targets, partition_of
from xswitch.files import clear_torn, make_private_folder, write_atomically

_IDENTITY_FIELDS: Final = tuple(Identity.__slots__)


def encode(catalog: Catalog, stamp: bytes, young: Mapping[str, str]) -> bytes:
    """Return the compiled form of a catalog that was read from files.

    ``young`` has the SHA-256, in hexadecimal, of sources that may change once more and look the same.
    """
    identities = {name: _identity(identity) for name, identity in catalog.identities.items()}
    environments = {name: _environment(environment) for name, environment in catalog.environments.items()}
    blocks = _blocks(catalog, identities, environments)
    body = BLOCKS_APART.join(blocks)
    slots = _slots(catalog.accounts, blocks)
    meta = PART.join(
        [
            _fields(
                catalog.default_identity,
                catalog.default_region,
                "" if catalog.default_duration is None else str(catalog.default_duration),
                catalog.default_session_name,
                str(len(identities)),
                str(len(blocks)),
            ),
            *identities.values(),
            *environments.values(),
        ]
    )
    flat = "\0".join([word for pair in young.items() for word in pair]).encode("utf-8", "surrogatepass")
    return _framed(stamp, flat, slots, body, meta)


def _framed(stamp: bytes, young: bytes, slots: bytes, body: bytes, meta: bytes) -> bytes:
    sizes = (len(stamp), len(young), len(slots) // fast.SLOT, len(body), len(meta), crc32(body), crc32(meta))
    head = b"".join(number.to_bytes(4, byteorder) for number in sizes) + stamp + young
    return b"".join((fast.MAGIC, crc32(head).to_bytes(4, byteorder), head, slots, body, meta))


def _text(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _fields(*texts: str) -> bytes:
    return FIELD.join(map(_text, texts))


def _items(texts: Iterable[str]) -> bytes:
    return b"".join([ITEM + _text(text) for text in texts])


def _identity(identity: Identity) -> bytes:
    return _fields(*(getattr(identity, name) for name in _IDENTITY_FIELDS))


def _environment(environment: Environment) -> bytes:
    longest = environment.max_duration
    return _fields(
        environment.name,
        environment.colour,
        environment.confirm,
        "1" if environment.reason else "",
        "" if longest is None else str(longest),
    )


def _settings(settings: Settings, identities: Mapping[str, bytes]) -> bytes:
    identity, via, mfa, region, duration, session_name, external, source_identity = settings[:8]
    tags, transitive, policy, arns, origin = settings[8:]
    if isinstance(external, VaultRef):
        kind, value, source = "v", external.name, external.source
    else:
        kind, value, source = "" if external is None else "p", external or "", ""
    first = _fields(
        via,
        "1" if mfa else "",
        region,
        "" if duration is None else str(duration),
        session_name,
        kind,
        value,
        source,
        source_identity,
    )
    lists = FIELD.join(
        (_items(word for pair in tags for word in pair), _items(transitive), _text(policy), _items(arns))
    )
    return FIELD.join((first, lists, _text(origin), _text(partition_of(region)), identities[identity]))


def _blocks(catalog: Catalog, identities: Mapping[str, bytes], environments: Mapping[str, bytes]) -> list[bytes]:
    """Return a block for each account. Lists of roles and settings that repeat are written once, and copied."""
    targets = cast(Targets, catalog.targets)
    blocks: list[bytes] = []
    written: dict[int, bytes] = {}
    repeated: dict[int, bytes] = {}
    for account, roles in zip(targets.accounts, targets.roles, strict=True):
        rest = repeated.get(id(roles))
        if rest is None:
            rest = repeated[id(roles)] = _roles(roles, written, identities)
        owner = [account.id, account.name, account.ou, account.environment]
        for pair in account.tags:
            owner += pair
        first = FIELD.join(map(str.encode, owner))
        blocks.append(first + PART + environments.get(account.environment, b"") + PART + rest)
    return blocks


def _roles(roles: Iterable[Role], written: dict[int, bytes], identities: Mapping[str, bytes]) -> bytes:
    places: dict[int, str] = {}
    texts: list[str] = []
    parts: list[bytes] = [b""]
    for role, arn, settings in roles:
        key = id(settings)
        place = places.get(key)
        if place is None:
            place = places[key] = str(len(places))
            if key not in written:
                written[key] = _settings(settings, identities)
            parts.append(written[key])
        texts += (role, place, arn)
    parts[0] = _fields(*texts) if texts else b""
    return PART.join(parts)


def _slots(accounts: Iterable[Account], blocks: list[bytes]) -> bytes:
    """Return the hash table: open addressing, at most half full, so that a search soon meets an empty slot."""
    pack = Struct("=IIII").pack_into
    size = 8
    while size < 4 * len(blocks):
        size *= 2
    mask = size - 1
    table = bytearray(size * fast.SLOT)
    used = bytearray(size)
    at = 0
    for account, block in zip(accounts, blocks, strict=True):
        block_sum, length = crc32(block), len(block)
        for key in (account.name, account.id) if account.name != account.id else (account.id,):
            checksum = crc32(key.encode())
            place = checksum & mask
            while used[place]:
                place = (place + 1) & mask
            used[place] = 1
            pack(table, place * fast.SLOT, checksum, block_sum, at, length)
        at += length + 1
    return bytes(table)


def decode(data: bytes, head: fast.Head) -> Catalog | None:
    """Return the catalog that a compiled one holds; None where it is damaged, or holds what makes no catalog."""
    body = data[head.blocks_at : head.meta_at]
    meta = data[head.meta_at : head.meta_at + head.meta]
    if crc32(body) != head.blocks_sum or crc32(meta) != head.meta_sum or len(data) != head.meta_at + head.meta:
        return None
    try:
        return _decoded(body, meta, fast.mark_of(head.stamp, head.blocks_sum, head.meta_sum))
    except (ValueError, IndexError, TypeError):  # its checksums are right: another program's, or another format's
        return None


def _decoded(body: bytes, meta: bytes, mark: str) -> Catalog:
    first, *parts = meta.split(PART)
    identity, region, duration, session_name, many, accounts_many = fast.texts(first)
    known = [Identity(*cast(Any, fast.texts(part))) for part in parts[: int(many)]]
    environments = [Environment(*cast(Any, fast.environment_fields(part))) for part in parts[int(many) :]]
    targets = _decode_blocks(body) if accounts_many != "0" else Targets((), ())
    return Catalog(
        targets,
        tuple(targets.accounts),
        {one.name: one for one in known},
        {one.name: one for one in environments},
        identity,
        region,
        int(duration) if duration else None,
        session_name,
        mark,
    )


def _decode_blocks(body: bytes) -> Targets:
    accounts: list[Account] = []
    roles: list[list[Role]] = []
    repeated: dict[bytes, list[Role]] = {}
    settings: dict[bytes, Settings] = {}
    for block in body.split(BLOCKS_APART):
        owner, _, rest = block.split(PART, 2)
        accounts.append(Account(*cast(Any, fast.account_fields(owner))))
        known = repeated.get(rest)
        if known is None:
            known = repeated[rest] = _decode_roles(rest, settings)
        roles.append(known)
    return Targets(accounts, roles)


def _decode_roles(rest: bytes, known: dict[bytes, Settings]) -> list[Role]:
    roles, *parts = rest.split(PART)
    if not roles:
        return []
    each: list[Settings] = []
    for part in parts:
        found = known.get(part)
        if found is None:
            fields = list(fast.settings_fields(part)[0][:-1])
            if isinstance(fields[6], tuple):
                fields[6] = VaultRef(*fields[6])
            found = known[part] = cast(Settings, tuple(fields))
        each.append(found)
    flat = fast.texts(roles)
    return [(flat[at], flat[at + 2], each[int(flat[at + 1])]) for at in range(0, len(flat), 3)]


def mark_of(data: bytes) -> str:
    """Return the mark of a compiled catalog, which :func:`xswitch.catalog.fast.find` gives for it too."""
    sizes = fast.numbers(data, len(fast.MAGIC), 8)
    return fast.mark_of(data[fast.HEAD : fast.HEAD + sizes[1]], sizes[6], sizes[7])


def read(file: Path) -> tuple[bytes, fast.Head] | None:
    """Return a compiled catalog with its head; None where there is none that can be trusted."""
    descriptor = fast.open_own(str(file))
    if descriptor is None:
        return None
    try:
        head = fast.head_of(descriptor)
        if head is None:
            return None
        size = os.fstat(descriptor).st_size
        return (os.pread(descriptor, size, 0), head) if size == head.meta_at + head.meta else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def settled(data: bytes, head: fast.Head) -> bytes:
    """Return a compiled catalog whose sources are no longer young, so that nobody needs to look into them again."""
    slots = data[head.end : head.blocks_at]
    body = data[head.blocks_at : head.meta_at]
    return _framed(head.stamp, b"", slots, body, data[head.meta_at :])


def write(file: Path, data: bytes) -> bool:
    """Write a compiled catalog; False where that can't be done, which only costs time.

    What killed writers left goes. So may what another is writing this moment: it fails then, and this one is there.
    """
    try:
        make_private_folder(file.parent)
        write_atomically(file, data, durable=False)
        clear_torn(file)
    except OSError:
        return False
    return True
