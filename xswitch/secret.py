"""A value that never prints, logs, compares slowly or pickles itself; and what no program that we start may inherit."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final, NoReturn

HIDDEN: Final = "[hidden]"
HANDED_ONCE: Final = ("XSWITCH_MFA_CODE", "XSWITCH_PASSPHRASE")
"""Secrets that a person may hand to xswitch itself: no child ever inherits them."""


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` without what a person handed to xswitch alone: what any child at all may inherit."""
    return {name: value for name, value in environ.items() if name not in HANDED_ONCE}


class Secret:
    """A secret string. Only :meth:`reveal` gives it back; every other way out says ``[hidden]``."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the secret itself: call this at the last moment, where it is used."""
        return self.__value

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac

        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")

    def __rich_repr__(self) -> object:
        yield HIDDEN
