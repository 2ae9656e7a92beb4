"""The headless core: two doors, the command line and the TUI, lead to this one engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xswitch.engine.core import Engine

if TYPE_CHECKING:
    from xswitch.engine.views import Ended, IdentityView, Live, Outlook, Practice, Renewal

__all__ = ["Ended", "Engine", "IdentityView", "Live", "Outlook", "Practice", "Renewal"]


def __getattr__(name: str) -> object:
    """Load the views where one is asked for: a switch needs none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from xswitch.engine import views

    return getattr(views, name)
