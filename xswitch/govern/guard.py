"""What a guard asks for, and judging the answer: the account's name, a reason where the environment wants one."""

from __future__ import annotations

from xswitch.catalog.model import Environment
from xswitch.errors import PersonNeeded
from xswitch.session.limits import GRANT
from xswitch.session.model import GuardAnswer, GuardAsk
from xswitch.text import clean


def grant_duration(environment: Environment) -> int:
    """Return for how many seconds a passed guard is not asked again."""
    return environment.max_duration or GRANT


def guard_wants(environment: Environment) -> str:
    """Say what its guard asks for: ``the name and a reason``."""
    what = "the name" if environment.confirm == "type" else "a yes"
    return f"{what} and a reason" if environment.reason else what


def judge(ask: GuardAsk, answer: GuardAnswer) -> str:
    """Return the reason of a right answer, "" where none is wanted. Raises PersonNeeded for a wrong one."""
    account = ask.target.account.name
    if answer.typed != account:
        raise PersonNeeded(
            f"{clean(answer.typed) or 'nothing'} does not confirm {clean(ask.target.name)}",
            f"the account's name is {clean(account)}",
        )
    reason = answer.reason.strip()
    if ask.environment.reason and not reason:
        raise PersonNeeded(f"{ask.environment.name} wants a reason for {clean(ask.target.name)}", 'add --reason "why"')
    return reason
