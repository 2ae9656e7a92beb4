"""The condition operators: how one value of the request is compared with one value of a policy.

The source of each rule is the IAM User Guide, "IAM JSON policy elements: Condition operators". A comparison answers
None where the policy's own value can't be read, which a saved document never holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

from xswitch.policy.variables import literal
from xswitch.policy.wildcard import Pattern, Wild, matches

Compare: TypeAlias = Callable[[str, Pattern], bool | None]

_SECONDS_A_DAY: Final = 86400
_NUMBER: Final = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,4})?", re.ASCII)
_DATE: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII
)
_ARN_PARTS: Final = 6


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator without its prefix and suffix.

    :ivar negated: true where no value matches ("NOR").
    :ivar variables: a policy variable may stand in its values.
    :ivar readable: tells whether a policy's value is of the operator's type.
    """

    name: str
    compare: Compare
    negated: bool = False
    variables: bool = False
    readable: Callable[[str], bool] = lambda _: True


def _string_equals(value: str, pattern: Pattern) -> bool:
    return value == literal(pattern)


def _string_equals_ignoring_case(value: str, pattern: Pattern) -> bool:
    return value.lower() == literal(pattern).lower()


def _string_like(value: str, pattern: Pattern) -> bool:
    return matches(pattern, value)


def _arn_like(value: str, pattern: Pattern) -> bool:
    """Compare part by part, so that a wildcard never runs across a colon of the first five."""
    parts = value.split(":", _ARN_PARTS - 1)
    if len(parts) != _ARN_PARTS or parts[0] != "arn":
        return False
    if pattern == (Wild.ANY,):
        return True
    wanted = _arn_parts(pattern)
    return len(wanted) == _ARN_PARTS and all(map(matches, wanted, parts))


def _arn_parts(pattern: Pattern) -> list[Pattern]:
    parts: list[list[str | Wild]] = [[]]
    for piece in pattern:
        if isinstance(piece, Wild):
            parts[-1].append(piece)
            continue
        head, *rest = piece.split(":", _ARN_PARTS - len(parts))
        parts[-1].append(head)
        parts.extend([text] for text in rest)
    return [tuple(piece for piece in part if piece != "") for part in parts]


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.strip().lower())


def _bool_equals(value: str, pattern: Pattern) -> bool | None:
    wanted = _boolean(literal(pattern))
    return None if wanted is None else _boolean(value) is wanted


def _binary(text: str) -> bytes | None:
    import base64
    import binascii

    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None


def _binary_equals(value: str, pattern: Pattern) -> bool | None:
    wanted = _binary(literal(pattern))
    return None if wanted is None else _binary(value) == wanted


def _number(text: str) -> Decimal | None:
    if not _NUMBER.fullmatch(text.strip()):
        return None
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        return None


def _moment(text: str) -> Decimal | None:
    """Return seconds since 1970 of a W3C date (UTC where it names no zone) or of epoch seconds."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return _number(text)
    from datetime import UTC, datetime

    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
    except ValueError:
        return None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return Decimal(since.days * _SECONDS_A_DAY + since.seconds) + Decimal(fraction or 0) - _offset(zone)


def _offset(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    sign = -1 if zone[0] == "-" else 1
    return sign * (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60)


def _network(text: str) -> object:
    import ipaddress

    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def _in_network(value: str, pattern: Pattern) -> bool | None:
    import ipaddress

    network = _network(literal(pattern))
    if not isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network):
        return None
    try:
        return ipaddress.ip_address(value) in network
    except ValueError:
        return False


def _ordered(read: Callable[[str], Decimal | None], holds: Callable[[Decimal, Decimal], bool]) -> Compare:
    def compare(value: str, pattern: Pattern) -> bool | None:
        wanted = read(literal(pattern))
        if wanted is None:
            return None
        actual = read(value)
        return actual is not None and holds(actual, wanted)

    return compare


_ORDERS: Final[dict[str, Callable[[Decimal, Decimal], bool]]] = {
    "Equals": lambda a, b: a == b,
    "LessThan": lambda a, b: a < b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanEquals": lambda a, b: a >= b,
}


def _ordered_family(name: str, read: Callable[[str], Decimal | None]) -> list[Operator]:
    def readable(text: str) -> bool:
        return read(text) is not None

    found = [Operator(name + order, _ordered(read, holds), readable=readable) for order, holds in _ORDERS.items()]
    found.append(Operator(f"{name}NotEquals", _ordered(read, _ORDERS["Equals"]), negated=True, readable=readable))
    return found


_ALL: Final = [
    Operator("StringEquals", _string_equals, variables=True),
    Operator("StringNotEquals", _string_equals, negated=True, variables=True),
    Operator("StringEqualsIgnoreCase", _string_equals_ignoring_case, variables=True),
    Operator("StringNotEqualsIgnoreCase", _string_equals_ignoring_case, negated=True, variables=True),
    Operator("StringLike", _string_like, variables=True),
    Operator("StringNotLike", _string_like, negated=True, variables=True),
    *_ordered_family("Numeric", _number),
    *_ordered_family("Date", _moment),
    Operator("Bool", _bool_equals, variables=True, readable=lambda text: "${" in text or _boolean(text) is not None),
    Operator("BinaryEquals", _binary_equals, readable=lambda text: _binary(text) is not None),
    Operator("IpAddress", _in_network, readable=lambda text: _network(text) is not None),
    Operator("NotIpAddress", _in_network, negated=True, readable=lambda text: _network(text) is not None),
    Operator("ArnEquals", _arn_like, variables=True),
    Operator("ArnLike", _arn_like, variables=True),
    Operator("ArnNotEquals", _arn_like, negated=True, variables=True),
    Operator("ArnNotLike", _arn_like, negated=True, variables=True),
    Operator("Null", _bool_equals, readable=lambda text: _boolean(text) is not None),
]

OPERATORS: Final = {operator.name.lower(): operator for operator in _ALL}
"""Every operator by its name in lower case; ``Null`` compares whether the key is missing."""


@dataclass(frozen=True, slots=True)
class Applied:
    """An operator as a document writes it: ``ForAnyValue:StringLikeIfExists``."""

    operator: Operator
    for_all: bool = False
    for_any: bool = False
    if_exists: bool = False


def applied(name: str) -> Applied | None:
    """Return what an operator's name means, None where there is no such operator (``NullIfExists`` is none)."""
    base = name.lower()
    quantifier, colon, rest = base.partition(":")
    if colon:
        if quantifier not in ("forallvalues", "foranyvalue"):
            return None
        base = rest
    if_exists = base.endswith("ifexists")
    operator = OPERATORS.get(base.removesuffix("ifexists"))
    if operator is None or (if_exists and operator.name == "Null"):
        return None
    return Applied(operator, quantifier == "forallvalues" and bool(colon), quantifier == "foranyvalue", if_exists)
