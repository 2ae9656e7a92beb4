"""What a plan means, in the words and on the wire of the screens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xswitch.catalog.model import VaultRef
from xswitch.engine.views import KINDS
from xswitch.govern.guard import guard_wants
from xswitch.text import clean, say_duration
from xswitch.tui.desk import Desk, EnvView, Row
from xswitch.tui.draw import Line, Span, fit, pad, wrap
from xswitch.tui.words import last_used_fully

if TYPE_CHECKING:
    from xswitch.engine import Live, Outlook, Renewal
    from xswitch.session.model import Hop, Plan

_RENEWS: Final[dict[Renewal, str]] = {
    "by itself": "by itself", "no code": "without a code", "a code": "asks for a code", "a login": "asks for a login",
    "confirmation": "asks to confirm again",
}  # fmt: skip


def guard_words(desk: Desk, env: EnvView, outlook: Outlook) -> tuple[str, str]:
    """Say what an environment's guard asks for, and in which ink."""
    guard = outlook.plan.guard
    if guard is None:
        return "opens without asking to confirm", "muted"
    if not outlook.confirm:
        if outlook.granted_until is not None:
            return f"confirmed until {desk.time_of(outlook.granted_until)}", "muted"
        return "confirmed already", "muted"
    return f"asks for {guard_wants(guard)}", env.hue


def enter_words(outlook: Outlook) -> tuple[str, str]:
    """Say what Enter does: one line, and a second where there is more to say."""
    if outlook.live is not None:
        return "opens a shell, session is live", "no call to AWS, no code"
    if outlook.login:
        return "needs a login first", f"xswitch identity login {clean(outlook.plan.identity.name)}"
    if outlook.code:
        return "asks for a code, opens a shell", ""
    calls = len(outlook.plan.hops)
    return "asks AWS, opens a shell", "no code wanted" if calls < 2 else f"{calls} calls, no code wanted"


def asks_for(outlook: Outlook) -> str:
    """Say in a few words all that Enter asks for: ``asks for name, reason, code``, or ""."""
    wants: list[str] = []
    guard = outlook.plan.guard
    if outlook.confirm and guard is not None:
        wants.append("name" if guard.confirm == "type" else "a yes")
        if guard.reason:
            wants.append("reason")
    if outlook.code and outlook.live is None:
        wants.append("code")
    return f"asks for {', '.join(wants)}" if wants else ""


def person_of(plan: Plan) -> str:
    """Return who the plan begins with."""
    return clean(plan.caller.user or plan.identity.name)


def roles_on(plan: Plan) -> tuple[Hop, ...]:
    """Return the hops that open a role, in order."""
    return tuple(hop for hop in plan.hops if hop.opens_role)


def external_id_words(hop: Hop) -> str:
    """Say whether a hop sends an external id and where it is from, never what it is."""
    if hop.external_id is None:
        return "none"
    return "from the vault" if isinstance(hop.external_id, VaultRef) else "set in the catalog"


def shorter_words(live: Live) -> tuple[str, ...]:
    """Say why a session is shorter than was asked for, in full and ever more briefly; nothing where it is not."""
    if live.asked is None or live.asked <= live.duration:
        return ()
    got, asked, why = say_duration(live.duration), say_duration(live.asked), clean(live.why)
    brief = f"{asked} was asked for"
    return (f"{got}, {why}; {brief}", f"not {asked}: {why}", brief) if why else (brief,)


def wire(desk: Desk, outlook: Outlook, row: Row, width: int) -> list[Line]:
    """Draw the way from the person to the target, hop by hop."""
    plan, glyphs = outlook.plan, desk.glyphs
    hops = roles_on(plan)
    kind = KINDS[plan.identity.kind]
    about = (
        f"{kind} in {clean(plan.identity.name)}"
        if plan.identity.kind == "keys"
        else f"{kind}, {clean(plan.identity.name)}"
    )
    stops: list[tuple[str, list[Span]]] = [(person_of(plan), [Span(about, "muted"), _code_words(outlook)])]
    stops += [(clean(hop.target), [Span("assumed first", "muted")]) for hop in hops[:-1]]
    if len(hops) > 1:
        for (_, notes), hop in zip(stops, hops, strict=True):
            if hop.external_id is not None:
                notes.append(Span(f"external id {external_id_words(hop)}", "muted"))
    lines: list[Line] = []
    for name, notes in stops:
        lines.append([Span(glyphs.hop, "muted", bold=True), Span("  "), Span(fit(name, width - 3, glyphs.cut))])
        for note in notes:
            text = note._replace(text=fit(note.text, width - 3, glyphs.cut))
            lines.append([Span(glyphs.down, "faint"), Span("  "), text])
    end = Span(glyphs.end, row.env.hue if row.env.word else "muted", bold=True)
    return [*lines, [end, Span("  "), Span(fit(row.name, width - 3, glyphs.cut), "strong", bold=True)]]


def _code_words(outlook: Outlook) -> Span:
    if outlook.plan.by_login:
        return Span("nobody is signed in", "warn") if outlook.login else Span("no login wanted", "muted")
    if outlook.live is not None or not outlook.code:
        return Span("no code wanted", "muted")
    return Span("code asked, once for both steps" if len(outlook.plan.hops) > 1 else "code asked", "warn")


def facts(desk: Desk, outlook: Outlook, width: int) -> list[Line]:
    """List what a session of the plan is, a label and a value a line."""
    plan, target = outlook.plan, outlook.plan.target
    lasts = say_duration(plan.duration)
    found: list[tuple[str, str, str]] = [("lasts", f"{lasts}, {plan.why}" if plan.why else lasts, "text")]
    if plan.asked is not None:
        who = "permission set" if plan.hops[-1].kind == "portal" else "catalog"
        found.append(("", f"the {who} says {say_duration(plan.asked)}", "muted"))
    hops = roles_on(plan)
    if hops and hops[-1].kind != "portal" and (len(hops) == 1 or all(hop.external_id is None for hop in hops)):
        found.append(("external id", external_id_words(hops[-1]), "text"))
    if hops and hops[-1].source_identity:
        found.append(("source id", hops[-1].source_identity, "text"))
    if hops and hops[-1].tags:
        words = " ".join(f"{key}={value}" for key, value in hops[-1].tags)
        found.append(("tags", words + (", carried on" if hops[-1].transitive_tags else ""), "text"))
    if target.policy or target.policy_arns:
        found.append(("policy", "narrowed by a session policy", "text"))
    found.append(("renews", _renews(desk, outlook, outlook.live), "text"))
    visit = desk.visits.get(target.name)
    if visit is not None:
        found.append(("last used", last_used_fully(visit[2], visit[1], desk.here, desk.zone), "text"))
    lines: list[Line] = []
    for label, value, ink in found:
        for number, text in enumerate(wrap(clean(value), width) or [""]):
            lines.append([Span(pad(label if not number else "", 12), "faint"), Span(text, ink)])
    return lines


def _renews(desk: Desk, outlook: Outlook, live: Live | None) -> str:
    if live is not None:
        return _RENEWS[live.renewal]
    first = outlook.plan.hops[0] if outlook.plan.hops else None
    if first is not None and first.kind == "session-token":
        until = f" until {desk.time_of(desk.now + first.duration)}" if outlook.code else ""
        return f"without a code{until}"
    if outlook.plan.mfa_serial:
        return "asks for a code"
    return "asks for a login" if outlook.login else "without a code"
