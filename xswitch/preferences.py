"""The person's preferences, from ``config.toml``. A missing file means the defaults; a wrong one is an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from xswitch.paths import Paths
from xswitch.tomlfile import Check, Fault, Report, check_table, known_hint, nearest, quoted, read_document, said

Theme = Literal["dark", "light", "contrast", "terminal"]
MfaSession = Literal["auto", "always", "never"]

THEMES: Final[tuple[Theme, ...]] = ("dark", "light", "contrast", "terminal")
KEY_ACTIONS: Final = (
    "shell", "console", "copy", "explain", "sessions", "pin", "renew", "end", "accept", "take", "up", "down", "page_up",
    "page_down", "fold", "unfold", "next", "commands", "help", "back", "quit",
)  # fmt: skip
"""What a key of the TUI may do: the names that ``[keys]`` knows. What each does is told in :mod:`xswitch.tui.keys`."""
MFA_SESSIONS: Final[tuple[MfaSession, ...]] = ("auto", "always", "never")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person may choose.

    ``kernel_keyring``: the vault's key may stay in the kernel's keyring for up to an hour. ``plaintext_key``: where no
    keyring serves, the key may lie in a file that is not encrypted. ``ascii``: no glyph beyond ASCII.
    ``organization``: the name that the header shows. ``notify``, ``bell``: tell when a session is about to end.
    ``keys``: actions of the TUI by name, each with its keys, separated by commas. ``mfa_session``: whether one MFA code
    opens every role for an hour each (``always``), goes with each role's own call, for as long as that role lasts
    (``never``), or whatever serves the duration that is asked for (``auto``).
    """

    kernel_keyring: bool = True
    plaintext_key: bool = False
    theme: Theme = "dark"
    ascii: bool = False
    organization: str = ""
    notify: bool = False
    bell: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    mfa_session: MfaSession = "auto"


def _switch(value: object) -> tuple[Fault, ...]:
    if isinstance(value, bool):
        return ()
    return (((), f"has to be true or false, and is {said(value)}", "write it without quotes"),)


def _text(value: object) -> tuple[Fault, ...]:
    return () if isinstance(value, str) else (((), f"has to be a string, and is {said(value)}", ""),)


def _one_of(allowed: tuple[str, ...]) -> Check:
    def check(value: object) -> tuple[Fault, ...]:
        if not isinstance(value, str) or value in allowed:
            return _text(value)
        near = nearest(value, allowed)
        hint = f"did you mean {quoted(near)}?" if near else ""
        return (((), f"{quoted(value)} is not one of {', '.join(allowed)}", hint),)

    return check


def _table(value: object) -> tuple[Fault, ...]:
    """Take a table; its rules are those of who reads it (:mod:`xswitch.sources.rules`)."""
    return () if isinstance(value, dict) else (((), f"has to be a table, and is {said(value)}", "such as [sync]"),)


def _keys(value: object) -> tuple[Fault, ...]:
    if not isinstance(value, dict):
        return (((), f"has to be a table, and is {said(value)}", 'such as [keys] and renew = "ctrl+r"'),)
    faults: list[Fault] = []
    for name, one in value.items():
        if name not in KEY_ACTIONS:
            faults.append(((name,), f"unknown key {quoted(name)}", known_hint(name, KEY_ACTIONS)))
        elif not isinstance(one, str):
            faults.append(((name,), f"has to be a string, and is {said(one)}", 'such as "ctrl+r"'))
        elif not one.strip():
            faults.append(((name,), "is empty", "leave the line out to keep the key that it has"))
    return tuple(faults)


_RULES: Final[Mapping[str, Check]] = {
    "kernel_keyring": _switch,
    "plaintext_key": _switch,
    "theme": _one_of(THEMES),
    "ascii": _switch,
    "organization": _text,
    "notify": _switch,
    "bell": _switch,
    "keys": _keys,
    "sync": _table,
    "mfa_session": _one_of(MFA_SESSIONS),
}


def load(paths: Paths) -> Preferences:
    """Return the person's preferences. Raises InvalidConfig with every problem."""
    file = paths.preferences_file
    if not (file.exists() or file.is_symlink()):
        return Preferences()
    document = read_document(file)
    report = Report()
    good = check_table(report, document, (), document.data, _RULES)
    report.raise_any()
    good.pop("sync", None)
    return Preferences(**cast("dict[str, Any]", good))
