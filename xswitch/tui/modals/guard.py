"""The guard of an environment: the account's name typed, a reason given, or one key; a live role is offered instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from textual import events

from xswitch.session.model import GuardAnswer
from xswitch.text import clean, plural, say_duration
from xswitch.tui.desk import Desk, env_view
from xswitch.tui.draw import Line, Span, fit, pad, spread, width_of, wrap
from xswitch.tui.field import Field
from xswitch.tui.flow import Instead
from xswitch.tui.keys import bindings
from xswitch.tui.modals.card import Question, key_line
from xswitch.tui.widgets.listing import caret

if TYPE_CHECKING:
    from xswitch.engine import Live
    from xswitch.session.model import GuardAsk, Plan

Part = Literal["name", "reason"]


class GuardModal(Question["GuardAnswer | Instead"]):
    """Returns the answer, the live role taken instead, or None where the person goes back."""

    BINDINGS = bindings("back", "accept", "next", "take", "quit")
    title_words = "confirm"
    wide = 68

    def __init__(self, desk: Desk, ask: GuardAsk, plan: Plan) -> None:
        super().__init__(desk, env_view(ask.environment))
        self.ask = ask
        self.plan = plan
        self.account = clean(ask.target.account.name)
        self.fields: dict[Part, Field] = {}
        if ask.environment.confirm == "type":
            self.fields["name"] = Field()
        if ask.environment.reason:
            self.fields["reason"] = Field()
        self.part: Part | None = next(iter(self.fields), None)
        self.pressed = False
        """Enter was pressed before all was there: what is missing is said loudly, until the next key."""

    @property
    def offer(self) -> Live | None:
        """The session of another role of the account that is live, and is offered instead."""
        target, now = self.ask.target, self.desk.now
        found = [one for one in self.desk.live if one.account_id == target.account.id and one.target != target.name]
        return max((one for one in found if one.expires > now), key=lambda one: one.expires, default=None)

    # What is missing.

    def missing_name(self) -> str:
        """Say what is missing from the typed name, "" where it is right."""
        typed = self.fields["name"].text if "name" in self.fields else self.account
        if typed == self.account:
            return ""
        for place, (one, other) in enumerate(zip(typed, self.account, strict=False)):
            if one != other:
                return f"differs at letter {place + 1}"
        togo = len(self.account) - len(typed)
        if togo < 0:
            return f"{-togo} too many"
        return f"{plural(togo, 'letter')} to go"

    def missing_reason(self) -> str:
        """Say that the reason is missing, "" where there is one."""
        return "is missing" if "reason" in self.fields and not self.fields["reason"].text.strip() else ""

    @property
    def missing(self) -> str:
        """Say what is missing still, "" where Enter opens the shell."""
        name = self.missing_name()
        if name:
            return f"the name: {name}"
        return "the reason is missing" if self.missing_reason() else ""

    # How it looks.

    def content(self, width: int) -> list[Line | None]:
        """Return the target, the fields, what is offered, the keys."""
        target, cut = self.ask.target, self.desk.glyphs.cut
        lasts = Span(f"a shell for {say_duration(self.plan.duration)}")
        name = Span(fit(clean(target.name), width - len(lasts.text) - 2, cut), "strong", bold=True)
        region = self.plan.region or target.region
        where = "  ".join(clean(part) for part in (target.account.id, target.account.ou, region) if part)
        lines: list[Line | None] = [None, spread([name], [lasts], width), [Span(fit(where, width, cut), "muted")], None]
        if "name" in self.fields:
            gone = self.missing_name()
            words = f"{self.desk.glyphs.soon} {gone}" if gone and self.pressed else gone or "right"
            right = Span(words, "warn" if gone else "live", bold=bool(gone) and self.pressed)
            lines += [None, spread([Span("Type the account's name")], [right], width), self._field("name", width)]
        if "reason" in self.fields:
            lines += [None, spread([Span("Reason")], [self._of_reason()], width)]
            lines.append(self._field("reason", width))
        if not self.fields:
            lines += [None, [Span("Open it?", "strong", bold=True)]]
        for_how_long = say_duration(self.ask.duration)
        lines.append(None)
        offer = self.offer
        if offer is not None:
            below = self._offer(offer, width)
        else:
            below = [[Span(text, "muted")] for text in wrap(f"It is not asked again for {for_how_long}.", width)]
        lines += [None, *below]
        return [*lines, None, key_line(self._keys(), width), None]

    def _of_reason(self) -> Span:
        """Say what the reason is for, or, where Enter was pressed for want of nothing else, that one is wanted."""
        if self.pressed and not self.missing_name() and self.missing_reason():
            return Span(f"{self.desk.glyphs.soon} a reason is wanted", "warn", bold=True)
        return Span("goes into the audit log", "muted")

    def _offer(self, offer: Live, width: int) -> list[Line]:
        """Return what is said of a live role of the same account; two lines where one is too narrow."""
        left = self.desk.time_left(offer, calm="muted", after=" left")
        role = fit(clean(offer.role), min(20, width), self.desk.glyphs.cut)
        name = Span(role, "text", bold=True)
        what: list[Span] = [name, Span(" of this account is live, ", "muted"), left, Span(". ", "muted")]
        short = [name, Span(" is live, ", "muted"), left, Span(".", "muted")]
        key = [Span(self.host.keys.of("take"), "accent", bold=True), Span(" take it", "muted")]
        return [[*what, *key]] if width_of([*what, *key]) <= width else [short, key]

    def _keys(self) -> list[tuple[str, str, str]]:
        if not self.fields:
            return [("y", "open the shell", ""), ("n", "back", "")]
        keys = [("enter", "open the shell", self.missing)]
        if len(self.fields) > 1:
            keys.append(("tab", "next field", ""))
        return [*keys, ("esc", "back", "")]

    def _field(self, part: Part, width: int) -> Line:
        field = self.fields[part]
        if part == self.part:
            spans = [Span(" ", bg="field"), *(span._replace(bg=span.bg or "field") for span in caret(field, width - 3))]
        else:
            text = fit(field.text, width - 2, self.desk.glyphs.cut)
            spans = [Span(f" {text}", "text", bg="field")]
        used = sum(len(pad(span.text, 0)) for span in spans)
        if self.desk.palette.fills:
            return [*spans, Span(" " * max(0, width - used), bg="field")]
        return [*spans, Span("_" * max(0, width - used), "line")]

    # What is typed.

    def on_key(self, event: events.Key) -> None:
        """Type into the field; without a field, y opens and n goes back.

        What moves between the fields is taken here, in the order typed: a binding would come after keys typed ahead.
        """
        self.pressed = False
        for name, action in (("next", self.action_next), ("accept", self.action_accept)):
            if self.fields and event.key in self.host.keys.all_of(name):
                event.stop()
                action()
                return
        if self.part is None:
            if event.character in ("y", "Y"):
                event.stop()
                self.dismiss(GuardAnswer(self.ask.target.account.name))
            elif event.character in ("n", "N"):
                event.stop()
                self.dismiss(None)
            return
        if event.key in ("up", "down"):
            event.stop()
            self.action_next()
        elif self.fields[self.part].press(event.key, event.character) is not None:
            event.stop()
            self.card.show()

    def on_paste(self, event: events.Paste) -> None:
        """Paste into the reason; the account's name is typed, since that is what it is asked for."""
        event.stop()
        if self.part == "reason":
            self.fields["reason"].insert(event.text.strip())
            self.card.show()

    def action_next(self) -> None:
        """Go to the other field."""
        parts = list(self.fields)
        if self.part is not None:
            self.part = parts[(parts.index(self.part) + 1) % len(parts)]
            self.card.show()

    def action_accept(self) -> None:
        """Give the answer if nothing is missing, else go to what is."""
        if not self.fields:
            return
        if self.missing:
            self.part = "name" if self.missing_name() else "reason"
            self.pressed = True
            self.card.show()
            return
        reason = self.fields.get("reason")
        self.dismiss(GuardAnswer(self.ask.target.account.name, reason.text.strip() if reason is not None else ""))

    def action_take(self) -> None:
        """Take the live role instead."""
        offer = self.offer
        if offer is not None:
            self.dismiss(Instead(offer.target))
