"""Selectors: a table by hand, and any selector against a plain reading of the rules."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.catalog import Account, Selector, Target
from xswitch.errors import Usage


def target(
    name: str = "payments-prod", role: str = "ReadOnly", env: str = "prod", ou: str = "Workloads/Prod", **tags: str
) -> Target:
    account = Account("444455556666", name, ou, env, tuple(tags.items()))
    return Target(account, role, f"arn:aws:iam::444455556666:role/{role}")


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("", True),
        ("  ", True),
        ("payments", True),
        ("prod/Read", True),
        ("payments-prod/ReadOnly", True),
        ("444455556666/ReadOnly", True),
        ("paymnts", False),
        ("pay*", False),
        ("^payments", False),
        ("Workloads/Pr", True),
        ("team=pay", True),
        ("payments readonly", True),
        ("payments admin", False),
        ("!sandbox", True),
        ("!payments", False),
        ("env:prod", True),
        ("env:PROD", True),
        ("!env:Prod", False),
        ("env:pro", False),
        ("env:rod", False),
        ("env:p*d", True),
        ("env:*", True),
        ('env:""', False),
        ("id:444455556666", True),
        ("id:4444", False),
        ("id:4444*", True),
        ("role:ReadOnly", True),
        ("role:Read", False),
        ("role:*Only", True),
        ("role:ReadOnly*ReadOnly", False),
        ("account:payments-*", True),
        ("account:payments", False),
        ("tag:team=payments", True),
        ("tag:team=pay", False),
        ("tag:team=pay*", True),
        ("tag:team", True),
        ("tag:tea", False),
        ("tag:*=payments", True),
        ("tag:owner", False),
        ("ou:Workloads", True),
        ("ou:Prod", True),
        ("ou:Workloads/Prod", True),
        ("ou:/Workloads/", True),
        ("ou:Work", False),
        ("ou:Work*", True),
        ("ou:Prod/Workloads", False),
        ('ou:""', False),
        ("arn:aws:iam::444455556666:role/ReadOnly", True),
        ("arn:aws:iam::*:role/Read*", True),
        ("live:no", True),
        ("live:yes", False),
        ("!live:yes", True),
        ('"payments-prod"', True),
        ('"pay ments"', False),
    ],
)
def test_what_a_selector_matches(selector: str, matches: bool) -> None:
    assert Selector.parse(selector).matches(target(team="payments")) is matches


def test_prod_is_never_nonprod() -> None:
    assert not Selector.parse("env:prod").matches(target(env="nonprod"))
    assert not Selector.parse("ou:Prod").matches(target(ou="Workloads/NonProd"))


def test_quotes_hold_blanks_and_colons() -> None:
    team = target(name="Team A: pay")
    assert Selector.parse('account:"Team A: pay"').matches(team)
    assert Selector.parse('"A: p"').matches(team)
    assert not Selector.parse("account:Team pay").matches(team)


def test_none_is_those_without_a_value() -> None:
    assert Selector.parse('env:""').matches(target(env=""))
    assert Selector.parse('ou:""').matches(target(ou=""))


def test_live_is_asked_for() -> None:
    assert Selector.parse("live:yes").matches(target(), live=True)
    assert not Selector.parse("live:no").matches(target(), live=True)


@pytest.mark.parametrize(
    ("selector", "place", "words", "hint"),
    [
        ("a envv:prod", 3, "unknown field envv:", "env:"),
        ("!acount:x", 1, "unknown field acount:", "account:"),
        ("zzzz:x", 1, "unknown field zzzz:", "fields: env:"),
        ("env:", 1, "has no value", 'env:""'),
        ("live:maybe", 1, "yes or no", "live:yes"),
        ("tag:=x", 1, "has no key", "tag:team"),
        ('a "b c', 3, "not closed", "account:"),
        ("! a", 1, "nothing to look for", ""),
        (":x", 1, "unknown field", "fields"),
        ("!!env:prod", 1, "neither a word nor a field", "in quotes"),
        ("!!prod", 1, "neither a word nor a field", "in quotes"),
        ("x !a!env:prod", 3, "neither a word nor a field", "in quotes"),
        ('!"a"b:c', 1, "neither a word nor a field", "in quotes"),
    ],
)
def test_what_is_not_a_selector(selector: str, place: int, words: str, hint: str) -> None:
    with pytest.raises(Usage) as raised:
        Selector.parse(selector)
    assert f"character {place}:" in raised.value.message
    assert words in raised.value.message
    assert hint in raised.value.hint


WORDS = st.sampled_from(["prod", "nonprod", "Prod", "a", "Workloads", "Team A", "", "x:y", "44", "é", "p*d"])
FIELDS = st.sampled_from(["word", "env", "id", "role", "account", "tag", "ou", "live"])


def as_text(field: str, value: str, negated: bool) -> str:
    """Write a term with quotes around all of its value."""
    mark = "!" if negated else ""
    return f'{mark}"{value}"' if field == "word" else f'{mark}{field}:"{value}"'


def naive(field: str, value: str, subject: Target, live: bool) -> bool:
    """Read the rules one by one, by regular expressions."""
    account = subject.account
    if field == "word":
        texts = [subject.name, f"{account.id}/{subject.role}", account.ou, account.environment]
        return any(value.lower() in text.lower() for text in [*texts, *(f"{k}={v}" for k, v in account.tags)])

    def whole(pattern: str, text: str) -> bool:
        return re.fullmatch(".*".join(map(re.escape, pattern.lower().split("*"))), text.lower(), re.DOTALL) is not None

    if field == "ou":
        wanted = [part for part in value.split("/") if part]
        have = [part for part in account.ou.split("/") if part]
        if not wanted:
            return not have
        runs = [have[at : at + len(wanted)] for at in range(len(have)) if at + len(wanted) <= len(have)]
        return any(all(whole(w, h) for w, h in zip(wanted, run, strict=True)) for run in runs)
    if field == "tag":
        key, equals, rest = value.partition("=")
        return any(whole(key, k) and (not equals or whole(rest, v)) for k, v in account.tags)
    if field == "live":
        return live is (value == "yes")
    own = {"env": account.environment, "id": account.id, "role": subject.role, "account": account.name}
    return whole(value, own[field])


@examples(200)
@given(
    terms=st.lists(st.tuples(FIELDS, WORDS, st.booleans()), max_size=4),
    name=WORDS, role=WORDS, env=WORDS, segments=st.lists(WORDS, max_size=3), tag=WORDS, live=st.booleans(),
)  # fmt: skip
def test_any_selector_means_what_its_rules_say(
    terms: list[tuple[str, str, bool]], name: str, role: str, env: str, segments: list[str], tag: str, live: bool
) -> None:
    usable = []
    for field, value, negated in terms:
        if field == "live":
            value = "yes" if value else "no"
        if (field == "word" and not value) or (field == "tag" and not value.partition("=")[0]):
            continue
        usable.append((field, value, negated))
    subject = target(name, role, env, "/".join(segments), team=tag)
    selector = Selector.parse(" ".join(as_text(*term) for term in usable))
    expected = all(naive(field, value, subject, live) is not negated for field, value, negated in usable)
    assert selector.matches(subject, live=live) is expected


@examples(200)
@given(st.text(max_size=40))
def test_any_text_is_a_selector_or_is_refused(text: str) -> None:
    try:
        selector = Selector.parse(text)
    except Usage as error:
        assert error.message.startswith("selector, character ")
        return
    assert isinstance(selector.matches(target()), bool)
