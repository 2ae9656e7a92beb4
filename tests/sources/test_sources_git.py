"""What is an address of a repository, and what is a name of a branch: https and ssh, never a local command."""

from __future__ import annotations

import pytest

from xswitch.errors import Usage
from xswitch.sources.git import address, reference
from xswitch.sources.shared import name_of


@pytest.mark.parametrize(
    ("url", "becomes"),
    [
        ("https://github.com/acme/catalog.git", None),
        ("https://git.acme.example:8443/team/catalog", None),
        ("https://ada@git.acme.example/team/catalog", None),
        ("ssh://git@github.com/acme/catalog.git", None),
        ("ssh://git@[::1]:2222/acme/catalog.git", None),
        ("git@github.com:acme/catalog.git", "ssh://git@github.com/acme/catalog.git"),
        ("github.com:acme/catalog", "ssh://github.com/acme/catalog"),
    ],
)
def test_addresses(url: str, becomes: str | None) -> None:
    assert address(url) == (becomes or url)


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch pwned",
        "-oProxyCommand=touch pwned",
        "ssh://-oProxyCommand=touch/x",
        "ssh://git@-oProxyCommand=x/y",
        "git@-oProxyCommand=x:y",
        "ext::sh -c 'touch pwned'",
        "file:///etc",
        "/etc",
        "./catalog",
        "../catalog",
        "http://github.com/acme/catalog",
        "git://github.com/acme/catalog",
        "fd::17",
        "https://ada:password@github.com/acme/catalog",
        "https://github.com/a b",
        "https://github.com/acme\n",
        "https:///acme",
        "https://github.com/../../x",
        "git@github.com:-x",
        "git@github.com:/etc",
        "C:\\catalog",
        "",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(Usage, match="not the address of a repository"):
        address(url)


def test_references() -> None:
    assert [reference(one) for one in ("main", "v2.0", "release/2026-11", "0a1b2c3d")]
    for bad in ("-main", "--upload-pack=x", "a..b", "main.lock", "a b", "main:other", "+main", "", "a\n"):
        with pytest.raises(Usage):
            reference(bad)


def test_names() -> None:
    assert [name_of(one) for one in ("https://h/team/aws-catalog.git", "git@h:x", "ssh://h/a/b/")] == [
        "aws-catalog",
        "x",
        "b",
    ]
    with pytest.raises(Usage):
        name_of("https://h/%2e%2e")
