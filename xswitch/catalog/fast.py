r"""One row of the compiled catalog, for commands that have no time: only os, sys and binascii are imported.

The compiled catalog is one file. Numbers have 32 bits, in the machine's own order::

    "xswcat1\n"                                    the format
    checksum of the head  lengths: stamp, young, slots, blocks, meta   checksums: blocks, meta
    stamp                                         what the sources looked like, as :func:`stamp_of` has it
    young                                         sources that were younger than two seconds, with their SHA-256
    slots                                         a hash table: checksums of key and block, offset, length of the block
    blocks                                        one for each account, found by its name and by its id
    meta                                          what belongs to no account

A block has everything that its targets need: the account, its environment, its roles, and each distinct settings with
its identity. Texts are UTF-8, where the bytes FC to FF never stand: they part blocks (FC), items (FD), parts (FE) and
fields (FF). Every number is checked before it is believed: whatever is damaged, stale or not certain gives None, and
the caller reads the catalog itself.

Everything comes as plain tuples, in the order of the fields of :mod:`xswitch.catalog.model`.
"""

from __future__ import annotations

import os
from binascii import crc32
from sys import byteorder

MAGIC = b"xswcat1\n"
HEAD = len(MAGIC) + 4 * 8
SLOT = 16
EMPTY = bytes(SLOT)
BLOCKS_APART, ITEM, PART, FIELD = b"\xfc", b"\xfd", b"\xfe", b"\xff"
YOUNG = 2_000_000_000
"""Nanoseconds within which a file may change again and look the same: FAT has time stamps of two seconds."""

_FIRST_READ = 1024

Fields = tuple[object, ...]
Found = tuple[Fields, "Fields | None", Fields, "tuple[Fields, ...]"]
"""A target, its environment, the identity that its chain begins with, and the targets on the way, the next one first.

A target's first field is its account, whose last field is its tags; an external id in the vault is ``(name, source)``.
"""

Listing = list[tuple[str, str, int]]
"""Files: path, name of the share, 0; and folders that can't be listed: path, share, errno."""


def listing(catalog_file: str, folder: str, shared: str) -> Listing:
    """Return the files that make a catalog, in order: the person's, then those of each share. Some may not exist."""
    files: Listing = [(catalog_file, "", 0)]
    files += [entry for entry in _tomls(folder, "") if entry[0] != catalog_file]
    names, error = _names(shared)
    if error:
        files.append((shared, "", error))
    for name in names:
        current = f"{shared}/{name}/current"
        files.append((f"{current}/catalog.toml", name, 0))
        files += _tomls(f"{current}/catalog.d", name)
    return files


def _names(folder: str) -> tuple[list[str], int]:
    if not os.access(folder, os.F_OK):  # an exception would cost more than all the rest
        return [], 0
    try:
        return sorted([name for name in os.listdir(folder) if name[0] != "."]), 0  # noqa: PTH208
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        return [], error.errno or 1


def _tomls(folder: str, share: str) -> Listing:
    names, error = _names(folder)
    if error:
        return [(folder, share, error)]
    return [(f"{folder}/{name}", share, 0) for name in names if name.endswith(".toml")]


def stamp_of(files: Listing, version: str) -> tuple[bytes, list[tuple[str, int]]]:
    """Return what the files look like, and the time of each one's last change in nanoseconds (-1: it can't be seen)."""
    words = [version]
    changed: list[tuple[str, int]] = []
    for path, share, error in files:
        if error:
            words.append(f"{path}\0{share}\0!{error}")
            continue
        try:
            status = os.stat(path)  # noqa: PTH116
        except OSError as failure:
            words.append(f"{path}\0{share}\0-{failure.errno}")
            changed.append((path, -1))
            continue
        mtime, ctime = status.st_mtime_ns, status.st_ctime_ns
        words.append(f"{path}\0{share}\0{status.st_dev} {status.st_ino} {status.st_size} {mtime} {ctime}")
        changed.append((path, max(mtime, ctime)))
    return "\0\0".join(words).encode("utf-8", "surrogatepass"), changed


def compiled_name(catalog_file: str) -> str:
    """Return the name of the compiled file: each catalog file that a person works with has its own."""
    return f"{crc32(os.fsencode(catalog_file)):08x}.xswcat"


def open_own(path: str) -> int | None:
    """Open a compiled catalog, if it is this person's and nobody else can write it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if status.st_uid == os.geteuid() and status.st_mode & 0o170022 == 0o100000:
        return descriptor
    os.close(descriptor)
    return None


def numbers(data: bytes, at: int, count: int) -> list[int]:
    """Read numbers of 32 bits."""
    return memoryview(data)[at : at + 4 * count].cast("I").tolist()


class Head:
    """The head of a compiled catalog: where its parts are."""

    __slots__ = ("blocks", "blocks_at", "blocks_sum", "end", "meta", "meta_at", "meta_sum", "slots", "stamp", "young")

    def __init__(self, sizes: list[int], stamp: bytes, young: bytes) -> None:
        _, stamp_size, young_size, self.slots, self.blocks, self.meta, self.blocks_sum, self.meta_sum = sizes
        self.stamp = stamp
        self.young = young
        self.end = HEAD + stamp_size + young_size
        self.blocks_at = self.end + self.slots * SLOT
        self.meta_at = self.blocks_at + self.blocks


def head_of(descriptor: int) -> Head | None:
    """Read and check the head; None where it is damaged or of another format."""
    data = os.pread(descriptor, _FIRST_READ, 0)
    if len(data) < HEAD or not data.startswith(MAGIC):
        return None
    sizes = numbers(data, len(MAGIC), 8)
    middle, end = HEAD + sizes[1], HEAD + sizes[1] + sizes[2]
    if end > len(data):
        if end > 64 * 1024 * 1024:
            return None
        data = os.pread(descriptor, end, 0)
    slots = sizes[3]
    if len(data) < end or crc32(data[len(MAGIC) + 4 : end]) != sizes[0] or slots & (slots - 1) or not slots:
        return None
    return Head(sizes, data[HEAD:middle], data[middle:end])


def unchanged(head: Head, files: Listing, version: str, now: int) -> bool | None:
    """Tell whether the sources are what they were: True, False, or None for True and no longer young.

    ``now`` is in nanoseconds since the epoch.
    """
    stamp, changed = stamp_of(files, version)
    if stamp != head.stamp:
        return False
    if not head.young:
        return True
    from hashlib import sha256

    digests = head.young.decode("utf-8", "surrogatepass").split("\0")
    for path, digest in zip(digests[::2], digests[1::2], strict=True):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return False
        with open(descriptor, "rb") as file:  # noqa: PTH123
            if sha256(file.read()).hexdigest() != digest:
                return False
    return True if any(last > now - YOUNG for _, last in changed) else None


def find(
    text: str, *, catalog_file: str, folder: str, shared: str, compiled: str, version: str, now: int
) -> tuple[Found, str] | None:
    """Return the target that ``text`` names (a name, ``id/role`` or an ARN), and the mark of the compiled catalog.

    None where the compiled catalog is missing, stale or damaged, and where it holds no such target: then the catalog
    itself has to say so. None too where its sources have ceased to be young: whoever loads it settles it, and hashes
    are no longer needed. ``now`` is in nanoseconds since the epoch.
    """
    descriptor = open_own(f"{compiled}/{compiled_name(catalog_file)}")
    if descriptor is None:
        return None
    try:
        head = head_of(descriptor)
        if head is None or not unchanged(head, listing(catalog_file, folder, shared), version, now):
            return None
        found = _target(descriptor, head, text)
        if found is None:
            return None
        target, environment, identity = found
        way: list[Fields] = []
        via = target[4]
        while via:
            step = _target(descriptor, head, str(via))
            if step is None or len(way) > 64:
                return None
            way.append(step[0])
            identity, via = step[2], step[0][4]
    except (OSError, ValueError, IndexError):
        return None
    finally:
        os.close(descriptor)
    return (target, environment, identity, tuple(way)), mark_of(head.stamp, head.blocks_sum, head.meta_sum)


def mark_of(stamp: bytes, blocks_sum: int, meta_sum: int) -> str:
    """Return what tells a compiled catalog from one whose sources looked otherwise, or held something else."""
    return f"{len(stamp)} {crc32(stamp):08x} {blocks_sum:08x} {meta_sum:08x}"


def _target(descriptor: int, head: Head, text: str) -> tuple[Fields, Fields | None, Fields] | None:
    if text.startswith("arn:"):
        pieces = text.split(":", 5)
        account, role = (pieces[4], text.rpartition("/")[2]) if len(pieces) == 6 else ("", "")
        arn = text
    else:
        account, _, role = text.rpartition("/")
        arn = ""
    for block in blocks_of(descriptor, head, account):
        parts = block.split(PART)
        owner = account_fields(parts[0])
        if account not in (owner[0], owner[1]):
            continue
        at = _role_at(parts, owner, role, arn)
        if at is not None:
            roles = parts[2].split(FIELD)
            settings, identity = settings_fields(parts[3 + int(roles[at + 1])])
            own = roles[at + 2].decode() or f"arn:{settings[-1]}:iam::{owner[0]}:role/{role}"
            target = (owner, roles[at].decode(), own, *settings[:-1])
            return target, environment_fields(parts[1]), identity
    return None


def _role_at(parts: list[bytes], owner: Fields, role: str, arn: str) -> int | None:
    """Return where the fields of a role begin. Of several that have the ARN, the one of the ARN's own name is meant."""
    roles = parts[2].split(FIELD)
    names = roles[::3]
    wanted = role.encode("utf-8", "replace")
    if not arn:
        return 3 * names.index(wanted) if wanted in names else None
    best: int | None = None
    for number, name in enumerate(names):
        own = roles[3 * number + 2]
        if own:
            same = own == arn.encode("utf-8", "replace")
        else:
            settings, _ = settings_fields(parts[3 + int(roles[3 * number + 1])])
            same = arn == f"arn:{settings[-1]}:iam::{owner[0]}:role/{name.decode()}"
        if same and name == wanted:
            return 3 * number
        if same and best is None:
            best = 3 * number
    return best


def blocks_of(descriptor: int, head: Head, key: str) -> list[bytes]:
    """Return the sound blocks under a key; others may share its checksum, so names have to be compared."""
    checksum = crc32(key.encode("utf-8", "surrogatepass"))
    wanted = checksum.to_bytes(4, byteorder)
    mask = head.slots - 1
    place = checksum & mask
    found: list[bytes] = []
    for _ in range(head.slots // 4 + 1):
        run = os.pread(descriptor, SLOT * min(4, head.slots - place), head.end + SLOT * place)
        if not run or len(run) % SLOT:  # the file was cut short
            return found
        for at in range(0, len(run), SLOT):
            slot = run[at : at + SLOT]
            if slot == EMPTY:
                return found
            if slot[:4] == wanted:
                block_sum, offset, size = numbers(slot, 4, 3)
                block = os.pread(descriptor, size, head.blocks_at + offset) if offset + size <= head.blocks else b""
                if block and crc32(block) == block_sum:
                    found.append(block)
        place = (place + len(run) // SLOT) & mask
    return found


def texts(part: bytes, apart: bytes = FIELD) -> list[str]:
    """Return the fields of a part. Only names of files that are not UTF-8 need the slower way."""
    try:
        return [piece.decode() for piece in part.split(apart)]
    except UnicodeDecodeError:
        return [piece.decode("utf-8", "surrogatepass") for piece in part.split(apart)]


def _items(part: bytes) -> tuple[str, ...]:
    return tuple(texts(part, ITEM)[1:]) if part else ()


def _pairs(flat: list[str] | tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def account_fields(part: bytes) -> Fields:
    """Return the fields of an account."""
    account_id, name, ou, environment, *flat = texts(part)
    return account_id, name, ou, environment, _pairs(flat)


def environment_fields(part: bytes) -> Fields | None:
    """Return the fields of an environment, or None for none."""
    if not part:
        return None
    name, colour, confirm, reason, longest = texts(part)
    return name, colour, confirm, reason == "1", int(longest) if longest else None


def settings_fields(part: bytes) -> tuple[Fields, Fields]:
    """Return settings (what a target has after its ARN, then its partition for a plain ARN), and their identity."""
    fields = part.split(FIELD)
    tags, transitive, arns = _items(fields[9]), _items(fields[10]), _items(fields[12])
    fields[9] = fields[10] = fields[12] = b""
    text = texts(FIELD.join(fields)) if tags or transitive or arns else texts(part)
    kind, value, source = text[5:8]
    external: object = (value, source) if kind == "v" else value if kind == "p" else None
    settings = (
        text[15],
        text[0],
        text[1] == "1",
        text[2],
        int(text[3]) if text[3] else None,
        text[4],
        external,
        text[8],
        _pairs(tags),
        transitive,
        text[11],
        arns,
        text[13],
        text[14],
    )
    return settings, tuple(text[15:])
