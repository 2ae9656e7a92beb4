"""Where things stand on a screen of a given size. Columns and rows are 0-based."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grid:
    """How a screen is divided.

    ``side`` is the width of the detail pane with its divider, ``strip`` the number of lines that stand in for it where
    there is no room, ``query`` and ``body`` are the rows of the list's own area.
    """

    width: int
    height: int
    side: int
    strip: int
    query: int
    body: int
    labels: bool
    airy: bool
    status: bool

    @classmethod
    def of(cls, width: int, height: int) -> Grid:
        """Return the grid for a terminal of this size."""
        side = max(46, min(60, round(width * 0.3))) if width >= 112 and height >= 16 else 0
        tiny, compact = height < 16, height < 30
        strip = 0 if side or height < 6 else 1 if tiny else 3
        labels = not compact and width - side >= 92 and bool(side)
        return cls(
            width, height, side, strip,
            query=0 if compact else 1,
            body=1 if tiny else 2 if compact else 5 if labels else 3,
            labels=labels, airy=not compact, status=not tiny,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a row's parts start and how wide they are; a start of 0 means that the part is not shown.

    ``time`` is where the time ends (exclusive). ``joined`` says that account and role are one word.
    """

    width: int
    account: int
    account_width: int
    role: int
    role_width: int
    env: int
    env_width: int
    ou: int
    ou_width: int
    id: int
    tags: int
    tags_width: int
    last: int
    fuse: int
    fuse_width: int
    time: int
    joined: bool = False


def columns(width: int, *, side: bool) -> Columns:
    """Return the columns of a list ``width`` cells wide. Tags yield first, then last used, id, OU, the fuse."""
    ou = ident = tags = last = 0
    fuse, fuse_width, env_width = width - 18, 8, 8
    if side and width >= 92:
        fuse, fuse_width, env_width = width - 24, 14, 10
        at = fuse
        if width >= 110:
            last = at = at - 15
        if width >= 128:
            tags = at = at - 19
        ident = at - 15
        env = ident - 12
    elif side:
        env = width - 27
    elif width >= 96:
        fuse, fuse_width, env_width, ou = width - 21, 11, 9, width - 42
        env = ou - 10
    elif width >= 72:
        env, env_width = width - 30, 10
    elif width >= 48:
        fuse, env = 0, width - 18
    else:
        return _joined(width)
    room = env - 7
    share = 0.366 if side else 0.36 if ou else 0.385
    role_width = min(32, max(8, round(room * share)))
    account_width = min(48, room - role_width)
    return Columns(
        width, 4, account_width, 5 + account_width, role_width, env, env_width,
        ou, 20, ident, tags, 17, last, fuse, fuse_width if fuse else 0, width - 2,
    )  # fmt: skip


def _joined(width: int) -> Columns:
    time, start = width - 1, 4 if width >= 30 else 2
    env = max(start + 1, time - 9)
    return Columns(width, start, max(1, env - start - 1), 0, 0, env, 1, 0, 0, 0, 0, 0, 0, 0, 0, time, joined=True)
