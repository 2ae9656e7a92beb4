"""The keys: every action with its keys, what the footer and the help say of it, and a person's own choice of keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from textual.binding import Binding, BindingType

from xswitch.text import clean


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a key does. ``keys`` are separated by commas, the first is shown; ``help`` is one line."""

    id: str
    keys: str
    label: str
    help: str
    short: str = ""
    where: str = "everywhere"


ACTIONS: Final[tuple[Action, ...]] = (
    Action("shell", "enter", "shell", "opens a shell with the session", where="picker, sessions"),
    Action("console", "ctrl+o", "console", "opens the AWS console in a browser", where="picker, sessions"),
    Action("copy", "ctrl+y", "copy env", "copies the session's variables, for your shell", "copy", "picker, sessions"),
    Action("explain", "ctrl+e", "explain", "says why the last try was denied", where="picker"),
    Action("sessions", "ctrl+s", "sessions", "shows what is live, soonest to end first", where="picker"),
    Action("pin", "ctrl+f", "pin", "pins the target to the top, or unpins it", where="picker"),
    Action("renew", "ctrl+r", "renew", "renews a session, or brings back one you ended", where="sessions"),
    Action("end", "ctrl+x", "end", "forgets a session here; half a minute to undo", where="sessions"),
    Action("accept", "enter", "accept", "gives the answer", where="questions"),
    Action("take", "ctrl+t", "take it", "takes what is offered: a nearest name, a live role, a code"),
    Action("up", "up,ctrl+k", "up", "moves up"),
    Action("down", "down,ctrl+j", "down", "moves down"),
    Action("page_up", "pageup", "page up", "moves up by a page"),
    Action("page_down", "pagedown", "page down", "moves down by a page"),
    Action("fold", "left", "fold", "folds the group, on an empty search", where="picker"),
    Action("unfold", "right", "open", "opens a folded group, on an empty search", where="picker"),
    Action("next", "tab", "next field", "goes to the next field", where="questions"),
    Action("commands", "ctrl+p", "commands", "lists every command; so does : on an empty search", "more"),
    Action("help", "f1", "help", "shows every key; so does ? on an empty search"),
    Action("back", "escape", "back", "clears the search, then goes back, then leaves"),
    Action("quit", "ctrl+c,ctrl+q", "leave", "leaves at once"),
)
BY_ID: Final[Mapping[str, Action]] = {action.id: action for action in ACTIONS}

LATER: Final[Mapping[str, str]] = {"console": "the console comes with a later version"}
"""Actions whose key is kept for them, with the reason that a person is told."""

_SHOWN: Final[Mapping[str, str]] = {
    "escape": "esc", "pageup": "page up", "pagedown": "page down", "question_mark": "?", "colon": ":", "minus": "-",
}  # fmt: skip


def bindings(*ids: str) -> list[BindingType]:
    """Return Textual bindings for actions; a keymap of their ids rebinds them."""
    return [Binding(BY_ID[name].keys, name, BY_ID[name].label, show=False, id=name) for name in ids]


def shown(key: str, *, brief: bool = False) -> str:
    """Return a key as the footer shows it: ``ctrl+o``, or ``^o`` where there is little room."""
    name = _SHOWN.get(key, key)
    return f"^{name[5:]}" if brief and name.startswith("ctrl+") else name


class Keys:
    """The keys in force: the table above, with a person's own in place of some. ``problems`` says what was refused."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        self.keymap: dict[str, str] = {}
        self.problems: list[str] = []
        for name, keys in (own or {}).items():
            self._take(name, keys.replace(" ", ""))
        self._refuse_clashes()

    def _take(self, name: str, keys: str) -> None:
        if name not in BY_ID:
            self.problems.append(f"keys.{name}: no such action")
            return
        for key in keys.split(","):
            if len(key) <= 1:
                self.problems.append(f"keys.{name}: {key or 'an empty key'} can't be bound, it belongs to the search")
                return
            if key != clean(key):
                self.problems.append(f"keys.{name}: {clean(key)} is no key")
                return
        self.keymap[name] = keys

    def _refuse_clashes(self) -> None:
        owners: dict[str, list[str]] = {}
        for action in ACTIONS:
            for key in self.all_of(action.id):
                for other in owners.get(key, ()):
                    if _meet(action, BY_ID[other]) and (action.id in self.keymap or other in self.keymap):
                        loser, winner = (action.id, other) if action.id in self.keymap else (other, action.id)
                        self.problems.append(f"keys.{loser}: {key} is taken by {winner}")
                        del self.keymap[loser]
                        self._refuse_clashes()
                        return
                owners.setdefault(key, []).append(action.id)

    def all_of(self, name: str) -> list[str]:
        """Return the keys of an action, the shown one first."""
        return self.keymap.get(name, BY_ID[name].keys).split(",")

    def of(self, name: str, *, brief: bool = False) -> str:
        """Return the key of an action as it is shown."""
        return shown(self.all_of(name)[0], brief=brief)


def _meet(one: Action, other: Action) -> bool:
    """Tell whether two actions can be had on one screen, where a key can't mean both."""
    if "everywhere" in (one.where, other.where):
        return True
    return bool(set(one.where.split(", ")) & set(other.where.split(", ")))


@dataclass(frozen=True, slots=True)
class Hint:
    """A key in the footer.

    ``refused`` is the reason why it can't work now, "" where it can; ``key`` stands for the action's first key where
    another is nearer at hand.
    """

    action: str
    label: str = ""
    refused: str = ""
    key: str = ""

    @property
    def long(self) -> str:
        """The label in full."""
        return self.label or BY_ID[self.action].label

    @property
    def brief(self) -> str:
        """The label where there is little room."""
        return self.label or BY_ID[self.action].short or BY_ID[self.action].label


def refusals(hints: Iterable[Hint]) -> dict[str, str]:
    """Return the reasons of the keys that can't work now, by action."""
    return {hint.action: hint.refused for hint in hints if hint.refused}
