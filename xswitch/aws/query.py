"""AWS's query protocol: a call as a form, and its answer or refusal out of XML.

XML comes from the network, and what answers need not be AWS: a document type, which entities need and sign-in pages
have, ends the reading, and so do depth, long names, many elements and anything that is not well formed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlencode

from xswitch.aws.http import Response, Trouble

Value = str | int | Sequence["Value"] | Mapping[str, "Value"]
"""What a parameter can be; a list becomes ``Name.member.1``, a mapping ``Name.Key``."""
BUSY: Final = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "SlowDown",
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
    }
)
"""The codes by which AWS asks for patience."""
_PASSING: Final = frozenset({"RequestTimeout", "RequestTimeoutException"})
_DEEPEST: Final = 32
_LONGEST_NAME: Final = 128
"""Characters of an element's name, with its prefix."""
_LONGEST_PATH: Final = 512
_MOST: Final = 4096
"""Elements of a document: each is kept by its whole path, so that they are what a document costs."""


class Answer(NamedTuple):
    """A call that worked: the text of each element of its result by its path, such as ``Credentials.AccessKeyId``."""

    fields: Mapping[str, str]
    request_id: str


class Refusal(NamedTuple):
    """An error answer of AWS. ``skew`` is how many seconds the server's clock is ahead of ours, None if unknown.

    ``wish`` is its x-amz-retry-after header: the milliseconds after which it wants to be asked again, "" for none.
    """

    code: str
    message: str
    status: int
    request_id: str = ""
    skew: float | None = None
    wish: str = ""

    @property
    def throttled(self) -> bool:
        """Tell whether AWS asks for patience."""
        return self.code in BUSY or self.status == 429

    @property
    def passing(self) -> bool:
        """Tell whether the same call may well work in a moment."""
        return self.throttled or self.status in (500, 502, 503, 504) or self.code in _PASSING


def form(action: str, version: str, parameters: Mapping[str, Value]) -> bytes:
    """Return the body of a call. Raises ValueError for text that is not Unicode."""
    pairs = [("Action", action), ("Version", version)]
    for name, value in parameters.items():
        pairs.extend(_flat(name, value))
    return urlencode(pairs).encode("ascii")


def _flat(name: str, value: Value) -> Iterator[tuple[str, str]]:
    if isinstance(value, str | int):
        yield name, str(value)
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _flat(f"{name}.{key}", below)
    else:
        for number, below in enumerate(value, 1):
            yield from _flat(f"{name}.member.{number}", below)


def read(action: str, response: Response, skew: float | None) -> Answer | Refusal:
    """Read the answer to ``action``. Raises Trouble where it is not AWS's.

    An error without a document of AWS's is a refusal all the same, without a code: a balancer before AWS answers so.
    """
    status, wish = response.status, response.headers.get("x-amz-retry-after", "")
    try:
        fields = texts(response.body)
    except Trouble:
        if status < 400:
            raise
        return Refusal("", "", status, skew=skew, wish=wish)
    if status >= 400:
        code, message = (fields.get(f"ErrorResponse.Error.{name}", "") for name in ("Code", "Message"))
        return Refusal(code, message, status, fields.get("ErrorResponse.RequestId", ""), skew, wish)
    prefix = f"{action}Response."
    result = f"{prefix}{action}Result."
    found = {path.removeprefix(result): text for path, text in fields.items() if path.startswith(result)}
    if status >= 300 or not found:
        raise Trouble("not-aws")
    return Answer(found, fields.get(f"{prefix}ResponseMetadata.RequestId", ""))


def texts(document: bytes) -> dict[str, str]:
    """Return the text of each element of an XML document by its path; the first of a name counts. Raises Trouble."""
    from xml.parsers import expat

    path: list[str] = []
    found: dict[str, list[str]] = {}
    here: list[list[str]] = []
    elements = 0

    def start(name: str, _: Mapping[str, str]) -> None:
        nonlocal elements
        elements += 1
        if len(name) > _LONGEST_NAME or len(path) == _DEEPEST or elements > _MOST:
            raise Trouble("not-aws")
        path.append(name.rpartition(":")[2])
        whole = ".".join(path)
        if len(whole) > _LONGEST_PATH:
            raise Trouble("not-aws")
        here.append([])
        found.setdefault(whole, here[-1])

    def end(_: str) -> None:
        path.pop()
        here.pop()

    def text(data: str) -> None:
        here[-1].append(data)

    def refuse(*_: object) -> None:
        raise Trouble("not-aws")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError, LookupError):  # the last two for encodings that it does not know
        raise Trouble("not-aws") from None
    return {name: "".join(parts) for name, parts in found.items()}
