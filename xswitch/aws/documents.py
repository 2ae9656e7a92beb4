"""The answers of AWS's REST protocol with JSON: a document's texts by their paths, or a refusal.

What answers need not be AWS: nothing but an object of JSON is read, and an error without one is a refusal without a
code, as a balancer before AWS gives it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from xswitch.aws.http import Response, Trouble
from xswitch.aws.query import Answer, Refusal

_DEEPEST: Final = 8


def read(response: Response, skew: float | None) -> Answer | Refusal:
    """Read an answer; ``skew`` is how many seconds the server's clock is ahead. Raises Trouble where it is not AWS's.

    An error's name is in the header ``x-amzn-errortype`` or in the document, a namespace before ``#`` and an address
    behind ``:`` left out, as botocore's parser of rest-json has it.
    """
    status, headers = response.status, response.headers
    request_id = headers.get("x-amzn-requestid", "")
    document = _object(response.body)
    if status >= 400:
        found = document or {}
        code = headers.get("x-amzn-errortype") or found.get("__type") or found.get("code") or ""
        message = found.get("message") or found.get("Message") or ""
        name = str(code).partition(":")[0].rpartition("#")[2]
        return Refusal(name, str(message), status, request_id, skew, headers.get("x-amz-retry-after", ""))
    if status >= 300 or document is None:
        raise Trouble("not-aws")
    return Answer(dict(_texts(document, "", 0)), request_id)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _texts(document: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Give the text of each member by its path, such as ``roleCredentials.accessKeyId``; lists are passed over."""
    for name, value in document.items():
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _texts(value, f"{path}{name}.", depth + 1)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield f"{path}{name}", str(value)
