"""Reading what AWS lists in pages, many lists at once: what was read survives an interruption in a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from xswitch.aws.patience import Failed, Patience, Workers
from xswitch.errors import Unreachable
from xswitch.sources.checkpoint import Checkpoint

Progress = Callable[[str, int, int], None]
"""Is told what is read, how much of it is done, and how much there is in all (0: not known yet)."""


class Api(Protocol):
    """The calls of one service. Raises Throttled, Failed, and Denied."""

    def __call__(self, action: str, **params: Any) -> Mapping[str, Any]:
        """Make one call; ``action`` is its name, such as ``ListAccounts``."""


@dataclass(slots=True)
class Reading:
    """One reading of a source, and how it is made."""

    api: Api
    patience: Patience
    workers: Workers
    checkpoint: Checkpoint
    progress: Progress

    def call(self, action: str, element: str, what: str, **params: Any) -> Mapping[str, Any]:
        """Make a call until its answer has ``element``: what is no answer of AWS reads as one without anything."""

        def work() -> Mapping[str, Any]:
            answer = self.api(action, **params)
            if element not in answer:
                raise Failed("what answered is not AWS")
            return answer

        return self.patience.call(what, work)

    def pages(
        self, action: str, element: str, what: str, *, next_page: str = "NextToken", counted: str = "", **params: Any
    ) -> list[Any]:
        """Return what all pages have of ``element``; ``next_page`` is what leads from one to the next.

        ``counted`` is the word under which progress is told, "" for none. Raises Denied, Unreachable; also for a page
        that leads to itself.
        """
        found: list[Any] = []
        while True:
            page = self.call(action, element, what, **params)
            found += page[element]
            after = page.get(next_page)
            if not after:
                return found
            if after == params.get(next_page):
                raise Unreachable(
                    f"what answered the request for {what} is not AWS: its pages have no end", "try again"
                )
            params[next_page] = after
            if counted:
                self.progress(counted, len(found), 0)

    def each(self, kind: str, items: list[str], work: Callable[[str], Any]) -> dict[str, Any]:
        """Return what ``work`` gives for each item, by what the checkpoint has already and calls for the rest.

        None, for an item that could not be had, is not kept for the next reading.
        """
        known = {item: self.checkpoint.get(kind, item) for item in items}
        found = {item: value for item, value in known.items() if value is not None}
        self.progress(kind, len(found), len(items))
        for item, value in self.workers.each([item for item in items if item not in found], work):
            found[item] = value
            if value is not None:
                self.checkpoint.put(kind, item, value)
            self.progress(kind, len(found), len(items))
        return found
