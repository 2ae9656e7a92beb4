"""The headless core: two doors, the command line and the TUI, lead to this one engine."""

from __future__ import annotations

from xswitch.engine.core import Engine
from xswitch.engine.views import Ended, IdentityView, Live, Outlook, Practice, Renewal

__all__ = ["Ended", "Engine", "IdentityView", "Live", "Outlook", "Practice", "Renewal"]
