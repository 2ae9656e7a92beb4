"""What a plan begins with where a person is signed in to IAM Identity Center: the call for a permission set.

Nothing but account and permission set is the person's to choose: how long the session lasts and what it is called is
told by whoever administers Identity Center.
"""

from __future__ import annotations

from collections.abc import Mapping

from xswitch.catalog.model import Environment, Target
from xswitch.catalog.pasted import permission_set
from xswitch.errors import Usage
from xswitch.session.duration import of_permission_set
from xswitch.session.model import Hop, Options
from xswitch.session.permission_sets import learnt_as
from xswitch.text import clean


def hop(target: Target, environment: Environment | None, learnt: Mapping[str, int]) -> Hop:
    """Return the call that gives a session of ``target``, a permission set, to whoever is signed in."""
    return Hop(
        kind="portal",
        duration=lasts(target, environment, learnt)[0],
        target=target.name,
        account_id=target.account.id,
        environment=target.account.environment,
        permission_set=_name(target),
        most=(environment.max_duration if environment is not None else None) or 0,
    )


def lasts(target: Target, environment: Environment | None, learnt: Mapping[str, int]) -> tuple[int, str, int | None]:
    """Return for how many seconds its sessions are used, what decides that, and how long they would be, if longer."""
    return of_permission_set(learnt.get(learnt_as(target.account.id, _name(target))), environment)


def check(target: Target, options: Options) -> None:
    """Raise Usage where something is asked of a permission set that is not the person's to choose."""
    if options.duration is not None:
        raise Usage(
            f"{clean(target.name)} is a permission set, which lasts as long as its own session duration says",
            "leave out --duration; whoever administers IAM Identity Center can change it",
        )
    if options.session_name:
        raise Usage(
            f"{clean(target.name)} is a permission set, whose sessions are named after the Identity Center user",
            "leave out --session-name",
        )


def _name(target: Target) -> str:
    """Return the name of a target's permission set, also where it is called as the role that AWS made of it."""
    return permission_set(target.role) or target.role
