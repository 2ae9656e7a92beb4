"""What IAM's actions share: its errors, its names and paths, its pages."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from xswitch.sandbox import rules
from xswitch.sandbox.refusal import Refusal
from xswitch.sandbox.rules import Checker, Number, Text

PAGE: Final = 100
MOST_PAGE: Final = 1000


def missing(message: str) -> Refusal:
    """Return NoSuchEntity."""
    return Refusal("NoSuchEntity", message, 404)


def already(message: str) -> Refusal:
    """Return EntityAlreadyExists."""
    return Refusal("EntityAlreadyExists", message, 409)


def name_of(check: Checker, parameter: str, most: int) -> str:
    """Return the required name of a thing to be made."""
    return check.text(Text(parameter, 1, most, rules.IAM_NAME, required=True)) or ""


def path_of(check: Checker) -> str:
    """Return the path of a thing to be made, ``/`` where none was sent."""
    return check.text(Text("Path", 1, 512, rules.IAM_PATH)) or "/"


def encoded(document: str) -> str:
    """Return a policy document as IAM answers with it: percent-encoded (RFC 3986)."""
    return quote(document, safe="")


def written(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as AWS lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def page(check: Checker, element: str, everything: Sequence[Any]) -> dict[str, Any]:
    """Return one page: MaxItems (1 to 1,000, 100 if not said) from Marker on."""
    size = check.number(Number("MaxItems", 1, MOST_PAGE)) or PAGE
    marker = check.text(Text("Marker", 1, 320))
    check.done()
    start = 0
    if marker is not None:
        try:
            start = int(base64.b64decode(marker, validate=True).removeprefix(b"marker:"))
        except ValueError:
            raise Refusal("ValidationError", "Invalid Marker") from None
    rest = everything[start + size :]
    found: dict[str, Any] = {element: list(everything[start : start + size]), "IsTruncated": bool(rest)}
    if rest:
        found["Marker"] = base64.b64encode(b"marker:%d" % (start + size)).decode()
    return found
