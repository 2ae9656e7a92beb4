"""The targets of a catalog, kept as lists of roles that become :class:`Target` objects where they are looked at.

Ten thousand targets differ in little but account and role: a role shares its :data:`Settings` with all that have the
same, and accounts that are alike share their roles. So a catalog is ready before any object of it is made.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
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

Role = tuple[str, str, Settings]
"""A role of an account: its name, its ARN ("" for the plain one) and its settings."""

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

    ``roles`` has the roles of each account, in order; accounts whose roles are all the same may share one list.
    """

    __slots__ = ("_made", "_starts", "accounts", "roles")

    def __init__(self, accounts: Sequence[Account], roles: Sequence[Sequence[Role]]) -> None:
        self.accounts = accounts
        self.roles = roles
        self._starts = list(accumulate(map(len, roles), initial=0))
        self._made: list[Target | None] = [None] * self._starts.pop()

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, place: int) -> Target: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Target, ...]: ...
    def __getitem__(self, place: int | slice) -> Target | tuple[Target, ...]:
        if isinstance(place, slice):
            return tuple(map(self.__getitem__, range(len(self._made))[place]))
        made = self._made[place]
        if made is None:
            place = place if place >= 0 else len(self._made) + place
            number = bisect_right(self._starts, place) - 1
            account = self.accounts[number]
            role, arn, settings = self.roles[number][place - self._starts[number]]
            made = Target(account, role, arn or plain_arn(settings[REGION], account.id, role), *settings)
            self._made[place] = made
        return made

    def __iter__(self) -> Iterator[Target]:
        return map(self.__getitem__, range(len(self._made)))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Targets) and self.accounts == other.accounts and self.roles == other.roles:
            return True
        if isinstance(other, Sequence) and not isinstance(other, str | bytes):
            return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} targets>"
