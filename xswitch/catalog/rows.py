"""The targets of a catalog as compact rows, which become :class:`Target` objects where they are looked at.

Ten thousand targets differ in little but account and role: a row names the two, and shares one :data:`Settings` with
all the rows that have the same. So a catalog is ready before any object of it is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, overload

from xswitch.catalog.model import Account, Target, VaultRef

Settings = tuple[
    str,  # identity
    str,  # via
    bool,  # mfa
    str,  # region
    int | None,  # duration, seconds
    str,  # session_name
    str | VaultRef | None,  # external_id
    str,  # source_identity
    tuple[tuple[str, str], ...],  # session_tags
    tuple[str, ...],  # transitive_tags
    str,  # policy
    tuple[str, ...],  # policy_arns
    str,  # origin
]
"""What a target has besides account, role and ARN, in the order of the fields of :class:`Target`."""

IDENTITY: Final = 0
VIA: Final = 1
REGION: Final = 3

Row = tuple[Account, str, str, Settings]
"""Account, role name, ARN ("" for the plain one) and settings."""

Span = tuple[int, int, tuple[int, ...] | None]
"""Where the rows of an account begin and end, and a mark: accounts of one mark have the same roles and settings."""

_PARTITIONS: Final = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
)


def partition_of(region: str) -> str:
    """Return the partition of a region, ``aws`` for none; only roles without an ``arn`` of their own need it."""
    for start, partition in _PARTITIONS:
        if region.startswith(start):
            return partition
    return "aws"


def plain_arn(region: str, account_id: str, role: str) -> str:
    """Return the ARN of a role that has no path, in the partition of its region."""
    return f"arn:{partition_of(region)}:iam::{account_id}:role/{role}"


class Targets(Sequence[Target]):
    """A read-only sequence of targets. It equals any sequence that has the same ones in the same order.

    ``spans`` has a span for each account of the catalog, in order; only what was read from files has them.
    """

    __slots__ = ("_made", "_rows", "spans")

    def __init__(self, rows: Sequence[Row], spans: Sequence[Span] = ()) -> None:
        self._rows = rows
        self.spans = spans
        self._made: list[Target | None] = [None] * len(rows)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Target: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Target, ...]: ...
    def __getitem__(self, place: int | slice) -> Target | tuple[Target, ...]:
        if isinstance(place, slice):
            return tuple(map(self.__getitem__, range(len(self._rows))[place]))
        made = self._made[place]
        if made is None:
            account, role, arn, settings = self._rows[place]
            made = Target(account, role, arn or plain_arn(settings[REGION], account.id, role), *settings)
            self._made[place] = made
        return made

    def __iter__(self) -> Iterator[Target]:
        return map(self.__getitem__, range(len(self._rows)))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Targets) and self._rows == other._rows:
            return True
        if isinstance(other, Sequence) and not isinstance(other, str | bytes):
            return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} targets>"

    @property
    def rows(self) -> Sequence[Row]:
        """The rows themselves, for those that need no objects."""
        return self._rows
