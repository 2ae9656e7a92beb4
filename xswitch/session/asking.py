"""Asking for an MFA code, and sending it once: wrong ones are asked for again, spent ones waited out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from xswitch.errors import CodeReused, PersonNeeded, WrongCode
from xswitch.secret import Secret
from xswitch.session.codes import CodeGiver, SpentCodes
from xswitch.session.duration import HOUR, SHARED
from xswitch.session.model import CodeAsk, Hop, Person, Plan
from xswitch.text import clean, say_duration, time_of_day

TRIES: Final = 3
"""Wrong codes that are sent at most; AWS locks no user for them, but three are no slip any more."""
_ASKS: Final = 10
_CODE: Final = re.compile(r"\d{6}", re.ASCII)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CodePrompt:
    """What one code is asked for. ``certain`` tells that AWS won't refuse the duration and cost a second code."""

    plan: Plan
    hop: Hop
    certain: bool
    code_of: CodeGiver
    spent: SpentCodes
    sleep: Callable[[float], None]
    now: Callable[[], float]


def call_with_code(prompt: CodePrompt, person: Person, call: Callable[[Secret], T]) -> T:
    """Return what ``call`` returns for a code that AWS takes.

    A wrong code from the environment or the person is asked for again, three times at most; one from a helper program
    is not, since it would come again. A code that was sent already is waited out where a program gives it. Raises
    WrongCode, CodeReused, PersonNeeded, Cancelled, VaultUnavailable, and whatever ``call`` raises.
    """
    wrong: WrongCode | None = None
    problem = ""
    tries = 0
    mistyped = False
    for _ in range(_ASKS):
        try:
            code, source = prompt.code_of(prompt.plan.identity, _ask(prompt, problem, mistyped=mistyped), person)
        except PersonNeeded:
            if wrong is not None:
                raise wrong from None
            raise
        if _CODE.fullmatch(code.reveal()) is None:
            problem = "a code has six digits"
            continue
        mistyped = False
        wait = prompt.spent.spend(prompt.hop.mfa_serial, code)
        if wait:
            problem = f"that code was already used, the next comes in {wait}s"
            if source == "environment":
                raise _reused(prompt, wait)
            if source == "process":
                person.note(f"waiting {wait}s for the next code")
                prompt.sleep(wait + 1.0)
            continue
        try:
            return call(code)
        except WrongCode as error:
            wrong, problem = error, "AWS did not accept that code"
            tries += 1
            mistyped = True
            if tries == TRIES or source == "process":
                raise
    raise wrong or _reused(prompt, prompt.spent.wait(prompt.hop.mfa_serial) or 1)


def _ask(prompt: CodePrompt, problem: str, *, mistyped: bool) -> CodeAsk:
    """Return the question. After a code that AWS did not take, what the device shows now is as good as before."""
    plan = prompt.plan
    return CodeAsk(
        serial=prompt.hop.mfa_serial,
        identity=plan.identity.name,
        user=plan.caller.user,
        target=plan.target.name,
        environment=plan.guard,
        problem=problem,
        wait=0 if mistyped else prompt.spent.wait(prompt.hop.mfa_serial),
        covers=covers(plan, prompt.hop, prompt.now(), certain=prompt.certain),
    )


def covers(plan: Plan, hop: Hop, now: float, *, certain: bool) -> str:
    """Say what one code opens and until when, in this machine's time zone. ``now`` is in epoch seconds."""
    who = clean(plan.caller.user or plan.identity.name)
    if hop.kind == "session-token":
        said = f"No role of {who} asks again until {time_of_day(now + hop.duration, now)}."
        if plan.why != SHARED or not plan.asked:
            return said
        return f"{said} This one lasts {say_duration(plan.duration)}, not {say_duration(plan.asked)}: {plan.why}."
    lasts = say_duration(hop.duration)
    if hop is plan.hops[-1]:
        said = f"It opens this role alone, for {lasts}."
    else:
        said = f"It opens {clean(hop.target)} for {lasts}, and what goes via it."
    if certain or hop.duration <= HOUR:
        return said
    return f"{said} If the role allows less, a second code is asked for, and that one is good for an hour."


def _reused(prompt: CodePrompt, wait: int) -> CodeReused:
    return CodeReused(
        "that MFA code was already used",
        f"the device shows the next one in {wait}s",
        wait=wait,
        target=prompt.plan.target.name,
    )
