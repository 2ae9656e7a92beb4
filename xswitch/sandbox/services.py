"""Which actions there are, by service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xswitch.sandbox import iam, organizations, sts
from xswitch.sandbox.organization import Action

ACTIONS: Final[Mapping[str, Mapping[str, Action]]] = {
    "sts": sts.ACTIONS,
    "iam": iam.ACTIONS,
    "organizations": organizations.ACTIONS,
}
