"""The person's preferences: ``config/config.toml``. A missing file means the defaults; a wrong one is an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from xswitch.paths import Paths
from xswitch.tomlfile import Check, Fault, Report, check_table, read_document, said

Theme = Literal["dark", "light", "contrast", "terminal"]
THEMES: Final = ("dark", "light", "contrast", "terminal")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person may set. ``keys`` maps an action of the TUI to its key."""

    organization: str = ""
    theme: Theme = "dark"
    ascii: bool = False
    kernel_keyring: bool = True
    plaintext_key: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)


def load(paths: Paths) -> Preferences:
    """Read the preferences. Raises InvalidConfig with every problem, each with its line."""
    if not paths.preferences_file.exists():
        return Preferences()
    document = read_document(paths.preferences_file)
    report = Report()
    good = check_table(report, document, (), document.data, _RULES)
    report.raise_any()
    return Preferences(**cast("dict[str, Any]", good))


def _flag(value: object) -> Iterable[Fault]:
    if not isinstance(value, bool):
        yield (), f"wants true or false, not {said(value)}", ""


def _text(value: object) -> Iterable[Fault]:
    if not isinstance(value, str):
        yield (), f"wants a string, not {said(value)}", ""


def _theme(value: object) -> Iterable[Fault]:
    if value not in THEMES:
        yield (), f"wants one of {', '.join(THEMES)}", ""


def _keys(value: object) -> Iterable[Fault]:
    if not isinstance(value, dict):
        yield (), f"wants a table of actions and keys, not {said(value)}", ""
        return
    for action, key in value.items():
        if not isinstance(key, str):
            yield (action,), f"wants a key such as \"ctrl+o\", not {said(key)}", ""


_RULES: Final[Mapping[str, Check]] = {
    "organization": _text,
    "theme": _theme,
    "ascii": _flag,
    "kernel_keyring": _flag,
    "plaintext_key": _flag,
    "keys": _keys,
}
