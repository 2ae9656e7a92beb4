"""Session names: filled in, and made into what STS accepts."""

from __future__ import annotations

import pytest

from xswitch.errors import Usage
from xswitch.session.names import filled, sanitised, uses_user, valid


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("ada", "ada"),
        ("José García", "Jose-Garcia"),
        ("ada\n", "ada-"),
        ("a/b:c", "a-b-c"),
        ("x", "x-xswitch"),
        ("", "xswitch"),
        ("日本", "xswitch"),
        ("日a", "-a"),
        ("ada@example.com", "ada@example.com"),
        ("y" * 80, "y" * 64),
        ("$(touch pwned)", "-touch-pwned-"),
    ],
)
def test_sanitised(given, sent):
    assert sanitised(given) == sent
    assert valid(sent)


def test_holes_are_filled_once_and_only_by_known_words():
    assert filled("{user}-{host}", {"user": "{host}", "host": "tower"}) == "-host--tower"
    with pytest.raises(Usage, match=r"\{usr\}") as caught:
        filled("{usr}", {"user": "ada"})
    assert "{user}" in caught.value.hint


def test_uses_user():
    assert uses_user("x-{user}")
    assert not uses_user("{os_user}")
