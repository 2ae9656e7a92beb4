r"""The picker's query language: fzf's words and operators, and fields.

=================  ====================================================================================
``word``           fuzzy, in the account's name, id, OU path, environment and tags, and in the role's name
``'word``          the letters side by side; ``'word'`` also as a whole word
``^word``          begins so; ``word$`` ends so; ``^word$`` is so
``!word``          does not hold the letters side by side; ``!^word``, ``!word$`` likewise, ``!'word`` is fuzzy
``account/role``   the one before the slash in the account, the other in the role
``account:``       a word for the account's name alone; ``role:`` for the role's
``env:``           the environment begins so: the selector's whole value, its end left open while one types
``ou:``            the path has these segments, the last one's end left open
``id:``            the account's id holds these digits, dashes or not
``tag:key=value``  the tag's key is so and its value begins so; ``tag:key`` has a tag whose key begins so
``live:yes``       has a live session; ``live:no`` has none
=================  ====================================================================================

Fields take the operators too (``role:^Read``, ``!env:prod``), ``*`` for any letters, and double quotes or
``\`` before a blank. A role ARN or a web address of AWS stands for the target it names. Words are ANDed.
Case and accents never count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from xswitch.catalog.folding import fold

Field = Literal["", "account", "role", "ou", "env", "id", "tag", "live", "place"]
Mode = Literal["fuzzy", "substring", "boundary", "prefix", "suffix", "whole", "open"]

FIELDS: Final = ("account", "role", "ou", "env", "id", "tag", "live")
_FIELD: Final = re.compile(r"(!?)([A-Za-z]{1,12}):(.*)", re.DOTALL)
_QUOTABLE: Final = re.compile(r"!?(?:account|role|ou|env|id|tag):(?:[^\s\"=]*=)?", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"https?:|arn:|[\w.-]+\.(?:amazonaws|amazon|awsapps)[\w.-]*/", re.IGNORECASE)
_WRAPPING: Final = "\"'`<>()[]{},;"  # what stands around a text that was copied from JSON, a log or a mail
_YES: Final = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}
_LONGEST: Final = 512  # letters of a word; frizbee's scores stay far below their 16 bits


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a row must match, or must not. ``text`` is folded; ``raw`` is as typed."""

    text: str
    field: Field = ""
    mode: Mode = "fuzzy"
    negated: bool = False
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. ``problem`` says what is wrong with a field that is half-typed or unknown, or is ""."""

    terms: tuple[Term, ...] = ()
    problem: str = ""


def parse(text: str) -> Query:
    """Return the terms of ``text``. Never raises: what can't be used yet is left out and named in ``problem``."""
    terms: list[Term] = []
    problem = ""
    for word in _words(text):
        term, trouble = _term(word)
        problem = problem or trouble
        if term is not None and term not in terms:
            terms.append(term)
    return Query(tuple(terms), problem)


def _words(text: str) -> list[str]:
    """Split at blanks, but not at one after a backslash nor inside the double quotes of a field's value."""
    words: list[str] = []
    word = ""
    quoted = escaped = False
    for character in text:
        if escaped:
            word += character if character.isspace() else "\\" + character
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"' and (quoted or _QUOTABLE.fullmatch(word)):
            quoted = not quoted
        elif character.isspace() and not quoted:
            if word:
                words.append(word)
            word = ""
        else:
            word += character
    word += "\\" if escaped else ""
    return [*words, word] if word else words


def _term(word: str) -> tuple[Term | None, str]:
    """Return the term of a word, None where it has none yet, and what is wrong with it."""
    negated = word.startswith("!")
    address = word[int(negated) :].strip(_WRAPPING)
    if _ADDRESS.match(address):
        return Term(address, "place", "whole", negated, word), ""
    found = _FIELD.fullmatch(word)
    if found is None:
        return _plain(word, word, "", negated=False), ""
    name = found[2].lower()
    if name not in FIELDS:
        return _plain(word, word, "", negated=False), f"no field {name}: here, but {', '.join(f'{f}:' for f in FIELDS)}"
    if name == "live":
        return _live(word, found[3], negated)
    field = next(known for known in get_args(Field) if known == name)
    term = _plain(word, found[3], field, negated=negated)
    if term is None:
        return None, f"{name}: needs a value"
    return term, ""


def _live(word: str, value: str, negated: bool) -> tuple[Term | None, str]:
    wanted = _YES.get(value.strip().lower())
    if wanted is None:
        return None, "live: takes yes or no"
    return Term("yes" if wanted is not negated else "no", "live", "whole", negated=False, raw=word), ""


def _plain(raw: str, text: str, field: Field, *, negated: bool) -> Term | None:
    """Read fzf's operators, in fzf's order; None where no letter is left."""
    mode: Mode = "fuzzy" if field in ("", "account", "role") else "open"
    if text.startswith("!"):
        negated, text = not negated, text[1:]
    if negated and mode == "fuzzy":
        mode = "substring"
    ends = text.endswith("$") and text != "$"
    if ends:
        mode, text = "suffix", text[:-1]
    if len(text) > 2 and text.startswith("'") and text.endswith("'"):
        mode, text = "boundary", text[1:-1]
    elif text.startswith("'"):
        mode, text = ("fuzzy" if negated else "substring"), text[1:]
    elif text.startswith("^"):
        mode, text = ("whole" if ends else "prefix"), text[1:]
    if field in ("account", "role") and "*" in text and mode in ("fuzzy", "substring"):
        mode = "open"
    folded = fold(text).text[:_LONGEST]
    return Term(folded, field, mode, negated, raw) if folded.strip() else None
