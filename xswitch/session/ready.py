"""What was worked out for a request, noted for the fast commands, which have no time to work it out again.

A session's record is named after its whole request. To find that name takes the catalog, the preferences, what AWS
taught and who calls; so whoever found it notes it, with everything that it was found from. It holds as long as all of
that is as it was: the request, xswitch's own version, folders, user and host, variables of the environment, files to
the last bit, the catalog, and the time, since some of what AWS taught is believed for so long only.

A note is a cache, without a secret, 0600 in a private folder, one small file a request, data alone. Nobody relies on it
for more than a name: the record proves itself when it is opened, and so does the grant of a guard. Only os and binascii
are imported here.
"""

from __future__ import annotations

import os
from binascii import crc32
from os.path import lexists

from xswitch import bootclock
from xswitch.catalog.fast import FIELD, PART, open_own, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

MAGIC: Final = b"xswready 1\n"
FOLDER: Final = "ready"
_LARGEST: Final = 1 << 20
_LARGEST_FILE: Final = 64 << 20


class Request:
    """What was asked for: the target by its full name, and the options (``duration`` in seconds, 0 for none given)."""

    __slots__ = ("duration", "region", "session_name", "target")

    def __init__(self, target: str, duration: int = 0, region: str = "", session_name: str = "") -> None:
        self.target = target
        self.duration = duration
        self.region = region
        self.session_name = session_name

    @property
    def fields(self) -> tuple[str, ...]:
        """The request as texts."""
        return self.target, str(self.duration), self.region, self.session_name

    @property
    def file(self) -> str:
        """The name of its note. Two requests may share it; then the note is of the latter."""
        return f"{crc32(FIELD.join(map(_bytes, self.fields))):08x}"


class Basis:
    """What a note was worked out from. Paths and values are as they were then.

    ``place``: the version of xswitch, folders and catalog file, the user's name and the host's; ``variables`` of the
    environment, "" for one that is not set; ``files`` with the stamp of each; ``catalog``: the mark of the compiled
    catalog; ``since`` and ``until``: the time for which it holds, by this machine's clock, in epoch seconds. ``clock``:
    where that clock counts as off, the boot and by how many seconds it is ahead of the steady one, until it is set; ""
    and 0 where it is right.
    """

    __slots__ = ("catalog", "clock", "files", "place", "since", "until", "variables")

    def __init__(
        self,
        place: Sequence[str],
        variables: Mapping[str, str],
        files: Mapping[str, str],
        catalog: str,
        since: float,
        until: float,
        clock: tuple[str, float] = ("", 0.0),
    ) -> None:
        self.place = tuple(place)
        self.variables = variables
        self.files = files
        self.catalog = catalog
        self.since = since
        self.until = until
        self.clock = clock

    def holds(self, place: Sequence[str], environ: Mapping[str, str], catalog: str, now: float) -> bool:
        """Tell whether all is as it was. ``now`` is in epoch seconds. Raises OSError."""
        return (
            self.place == tuple(place)
            and self.catalog == catalog
            and self.since <= now < self.until
            and (not self.clock[0] or bootclock.kept(*self.clock, now))
            and all(environ.get(name, "") == value for name, value in self.variables.items())
            and all(stamp_of(path) == stamp for path, stamp in self.files.items())
        )


class Ready:
    """What was worked out.

    ``record`` names the session's record, ``grant`` that of the guard's grant ("" where there is no guard). ``skew`` is
    by how many seconds AWS's clock is ahead, ``duration`` how many the session lasts in all, ``region`` what it gets.
    ``user``, ``session_name``, ``mfa`` and ``chain`` are for the audit log, the preferences for vault and prompt.
    """

    __slots__ = (
        "chain", "duration", "grant", "kernel_keyring", "mfa", "plaintext_key", "record", "region", "session_name",
        "skew", "theme", "user",
    )  # fmt: skip

    def __init__(
        self,
        record: str,
        grant: str,
        skew: float,
        duration: int,
        region: str,
        user: str,
        session_name: str,
        mfa: bool,
        chain: Sequence[str],
        theme: str,
        kernel_keyring: bool,
        plaintext_key: bool,
    ) -> None:
        self.record = record
        self.grant = grant
        self.skew = skew
        self.duration = duration
        self.region = region
        self.user = user
        self.session_name = session_name
        self.mfa = mfa
        self.chain = tuple(chain)
        self.theme = theme
        self.kernel_keyring = kernel_keyring
        self.plaintext_key = plaintext_key


def encode(request: Request, basis: Basis, ready: Ready) -> bytes:
    """Return a note as bytes."""
    files = [word for pair in basis.files.items() for word in pair]
    variables = [word for pair in basis.variables.items() for word in pair]
    found = (
        ready.record, ready.grant, repr(ready.skew), str(ready.duration), ready.region, ready.user, ready.session_name,
        "1" if ready.mfa else "", ready.theme, "1" if ready.kernel_keyring else "", "1" if ready.plaintext_key else "",
    )  # fmt: skip
    holds = (basis.catalog, repr(basis.since), repr(basis.until), basis.clock[0], repr(basis.clock[1]))
    parts = (
        request.fields, basis.place, variables, files, holds, found, ready.chain,
    )  # fmt: skip
    body = PART.join([FIELD.join(map(_bytes, part)) for part in parts])
    return MAGIC + b"%08x\n" % crc32(body) + body


def decode(data: bytes, request: Request) -> tuple[Basis, Ready] | None:
    """Return the note of ``request``; None or ValueError where it is another's, or damaged."""
    start = len(MAGIC) + 9
    body = data[start:]
    if data[:start] != MAGIC + b"%08x\n" % crc32(body):
        return None
    fields, place, variables, files, holds, found, chain = [texts(part) if part else [] for part in body.split(PART)]
    if tuple(fields) != request.fields:
        return None
    catalog, since, until, boot, ahead = holds
    clock = boot, float(ahead)
    basis = Basis(place, _pairs(variables), _pairs(files), catalog, float(since), float(until), clock)
    record, grant, skew, duration, region, user, session_name, mfa, theme, kernel, plain = found
    return basis, Ready(
        record, grant, float(skew), int(duration), region, user, session_name, bool(mfa), chain, theme, bool(kernel),
        bool(plain),
    )  # fmt: skip


def read(cache: str, request: Request) -> tuple[Basis, Ready] | None:
    """Return the note of ``request`` in the cache folder; None where there is none that can be read. Raises OSError."""
    descriptor = open_own(f"{cache}/{FOLDER}/{request.file}")
    if descriptor is None:
        return None
    try:
        return decode(os.read(descriptor, _LARGEST), request)
    except ValueError:
        return None
    finally:
        os.close(descriptor)


def stamp_of(path: str) -> str:
    """Return what a file looks like: its node, size, times and a checksum of its content.

    Another owner or mode shows in the time of its last change, and a change too quick for the times in the checksum.
    A file that is not there has a stamp too. Raises OSError for a link that leads nowhere, and for what can't be read
    or is no file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        if lexists(path):
            raise
        return "none"
    try:
        found = os.fstat(descriptor)
        if found.st_mode & 0o170000 != 0o100000 or found.st_size > _LARGEST_FILE:
            raise OSError("not a file that can be looked through")
        content = os.read(descriptor, found.st_size + 1)
    finally:
        os.close(descriptor)
    numbers = (
        found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, len(content), crc32(content),
    )  # fmt: skip
    return " ".join(map(str, numbers))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _pairs(flat: Sequence[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))
