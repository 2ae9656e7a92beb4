"""Selectors choose targets for scripts, so nothing in them is fuzzy.

::

    selector := term (blank term)*          every term has to match
    term     := ["!"] (field ":" value | word)
    field    := env | id | role | account | tag | ou | live | arn
    value, word: up to the next blank; in double quotes, blanks and colons are taken as they are

* A word is a literal substring of the target's name, of ``id/role``, of the OU path, of the environment or of a tag
  (``key=value``). No character in it is special, but a colon and an exclamation mark at its front stand in quotes.
* ``env:``, ``id:``, ``role:``, ``account:`` and ``arn:`` match the whole value; ``*`` stands for anything.
  ``tag:key=value`` does for both halves, ``tag:key`` for having the tag at all.
* ``ou:A/B`` matches an OU path that has the segments ``A`` and ``B``, whole, one after the other, at any depth.
* ``live:yes`` and ``live:no`` ask for a live session.

Upper and lower case are the same, as they are for AWS's own uniqueness of role names; so ``!env:Prod`` can't let
``prod`` through. A field that does not exist is an error, never a word: ``!envv:prod`` would match everything.
A selector of no terms matches every target.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from xswitch.catalog.model import Account, Target
from xswitch.errors import Usage
from xswitch.text import clean

Field = Literal["word", "env", "id", "role", "account", "tag", "ou", "live", "arn"]

_Row = tuple[Account, str, str, bool]  # account, role, ARN, and whether a session is live

FIELDS: Final[tuple[Field, ...]] = ("env", "id", "role", "account", "tag", "ou", "live", "arn")
_BEYOND_ACCOUNTS: Final = ("role", "live", "arn")

_TERM: Final = re.compile(r'(!?)(?:([^\s":!]*)(:))?((?:[^\s"]|"[^"]*")*)')
_QUOTED: Final = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. ``text`` is its value, case folded, quotes taken off; ``given`` is how it was written."""

    field: Field
    text: str
    negated: bool
    given: str


@dataclass(frozen=True, slots=True)
class Selector:
    """A parsed selector."""

    terms: tuple[Term, ...]
    _tests: tuple[Callable[[_Row], bool], ...]

    @classmethod
    def parse(cls, text: str) -> Selector:
        """Parse a selector. Raises Usage, with the place, for an open quote, an unknown field or a bad value."""
        terms: list[Term] = []
        at = 0
        while True:
            while at < len(text) and text[at].isspace():
                at += 1
            if at == len(text):
                break
            found = _TERM.match(text, at)
            if found is None or (found.end() < len(text) and not text[found.end()].isspace()):
                raise _refused(text, at, "a quote is not closed", 'values with blanks stand as account:"Team A"')
            terms.append(_term(text, at, found))
            at = found.end()
        return cls(tuple(terms), tuple(_test(term) for term in terms))

    def matches(self, target: Target, live: bool = False) -> bool:
        """Tell whether every term matches; ``live`` tells whether the target has a live session."""
        row = (target.account, target.role, target.arn, live)
        return all(test(row) for test in self._tests)

    def matches_account(self, account: Account) -> bool:
        """Tell whether every term matches an account by itself, as in a role set."""
        row = (account, "", "", False)
        return all(test(row) for test in self._tests)

    @property
    def alike(self) -> bool:
        """Tell whether accounts of the same OU, environment and tags are the same to it."""
        return all(term.field in ("ou", "env", "tag") for term in self.terms)

    @property
    def beyond_accounts(self) -> str:
        """The first term that asks for more than an account has, as it was written, or ""."""
        return next((clean(term.given) for term in self.terms if term.field in _BEYOND_ACCOUNTS), "")


def _refused(text: str, at: int, message: str, hint: str) -> Usage:
    return Usage(f"selector, character {at + 1}: {message}: {clean(text[at : at + 60])}", hint)


def _term(text: str, at: int, found: re.Match[str]) -> Term:
    negated, name, colon, rest = found[1] == "!", (found[2] or "").casefold(), found[3], found[4]
    value = rest.replace('"', "").casefold()
    if not colon:
        if not value:
            raise _refused(text, at, "nothing to look for", "leave the term out")
        if rest.startswith("!") or ":" in _QUOTED.sub("", rest):
            # As a word it would be found nowhere, so that its negation would match everything.
            raise _refused(
                text, at, "neither a word nor a field", 'an exclamation mark or colon stands in quotes: "!a:b"'
            )
        return Term("word", value, negated, found[0])
    if name not in FIELDS:
        from xswitch.tomlfile import nearest

        near = nearest(name, FIELDS)
        hint = f"did you mean {near}:?" if near else f"fields: {', '.join(f'{field}:' for field in FIELDS)}"
        raise _refused(text, at, f"unknown field {clean(name)}:", hint + '; a colon in a word stands in quotes: "a:b"')
    if not rest:
        raise _refused(text, at, f"{name}: has no value", f'{name}:"" is for those without one')
    if name == "arn":
        value = f"arn:{value}"
    elif name == "live":
        if value not in ("yes", "no"):
            raise _refused(text, at, "live: is yes or no", "live:yes is for targets with a live session")
    elif name == "ou":
        value = "/".join(filter(None, value.split("/")))
    elif name == "tag" and not value.partition("=")[0]:
        raise _refused(text, at, "tag: has no key", "write it as tag:team=payments")
    return Term(next(field for field in FIELDS if field == name), value, negated, found[0])


def _whole(pattern: str) -> Callable[[str], bool]:
    """Return the test for a whole value, case folded already, where ``*`` stands for anything."""
    if "*" not in pattern:
        return pattern.__eq__
    first, *middle, last = pattern.split("*")

    def test(value: str) -> bool:
        if len(value) < len(first) + len(last) or not value.startswith(first) or not value.endswith(last):
            return False
        at, end = len(first), len(value) - len(last)
        for part in middle:
            at = value.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return test


def _segments(text: str) -> Callable[[str], bool]:
    """Return the test for an OU path, case folded already: these segments, whole and in a row."""
    wanted = [_whole(segment) for segment in text.split("/")]
    if not text:
        return lambda path: not path.strip("/")

    def test(path: str) -> bool:
        have = [segment for segment in path.split("/") if segment]
        return any(
            all(one(have[start + place]) for place, one in enumerate(wanted))
            for start in range(len(have) - len(wanted) + 1)
        )

    return test


def _tagged(text: str) -> Callable[[Account], bool]:
    key, equals, value = text.partition("=")
    is_key, is_value = _whole(key), _whole(value if equals else "*")
    return lambda account: any(is_key(name.casefold()) and is_value(has.casefold()) for name, has in account.tags)


def _holds(word: str, account: Account, role: str) -> bool:
    return (
        word in f"{account.name}/{role}".casefold()
        or word in f"{account.id}/{role}".casefold()
        or word in account.ou.casefold()
        or word in account.environment.casefold()
        or any(word in f"{key}={value}".casefold() for key, value in account.tags)
    )


def _positive(term: Term) -> Callable[[_Row], bool]:
    text = term.text
    if term.field == "word":
        return lambda row: _holds(text, row[0], row[1])
    if term.field == "live":
        return lambda row: row[3] is (text == "yes")
    if term.field == "tag":
        tagged = _tagged(text)
        return lambda row: tagged(row[0])
    if term.field == "ou":
        inside = _segments(text)
        return lambda row: inside(row[0].ou.casefold())
    whole = _whole(text)
    if term.field == "env":
        return lambda row: whole(row[0].environment.casefold())
    if term.field == "id":
        return lambda row: whole(row[0].id)
    if term.field == "account":
        return lambda row: whole(row[0].name.casefold())
    if term.field == "role":
        return lambda row: whole(row[1].casefold())
    return lambda row: whole(row[2].casefold())


def _test(term: Term) -> Callable[[_Row], bool]:
    positive = _positive(term)
    if not term.negated:
        return positive
    return lambda row: not positive(row)
