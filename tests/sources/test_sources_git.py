"""What is an address of a repository, and what is a name of a branch: https and ssh, never a local command."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from xswitch.errors import Usage
from xswitch.sources.git import address, fetch, reference
from xswitch.sources.shared import check_name, name_of


@pytest.mark.parametrize(
    ("url", "becomes"),
    [
        ("https://github.com/acme/catalog.git", None),
        ("https://git.acme.example:8443/team/catalog", None),
        ("https://git.acme.example/team/catalog@2", None),
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


@pytest.mark.parametrize(
    "url",
    [
        "https://s3ntinel@github.com/acme/catalog",
        "https://ada:s3ntinel@github.com/acme/catalog",
        "https://s3ntinel:@github.com/acme/catalog",
        "https://s3ntinel@github.com",
        "HTTPS://s3ntinel@github.com/acme/catalog",
        "https:/s3ntinel@github.com/acme/catalog",
        "https://s3n@tinel@github.com/acme/catalog",
        "https://s3ntinel%40@github.com/acme/catalog",
        "http://s3ntinel@github.com/acme/catalog",
        "ssh://git:s3ntinel@github.com/acme/catalog",
    ],
)
def test_an_address_holds_no_token(url: str, tmp_path: Path) -> None:
    with pytest.raises(Usage, match="holds a name, password or token") as caught:
        address(url)
    assert "credential helper" in caught.value.hint
    assert not re.search("s3n|tinel|github", caught.value.message + caught.value.hint)
    with pytest.raises(Usage, match="holds a name"):  # as one that is noted already may
        fetch(url, "", tmp_path / "store", {"PATH": os.environ["PATH"]}, ask=False)
    assert not (tmp_path / "store").exists()


def test_what_may_be_a_token_is_not_shown() -> None:
    for url in ("git://s3ntinel@github.com/acme", " https://s3ntinel@github.com/acme", "//s3ntinel@github.com/acme"):
        with pytest.raises(Usage, match=r"'…@github\.com/acme' is not the address"):
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


@pytest.mark.parametrize(
    "name", ["organizations", "identity-center", "identity-center-corp", "aws-config", "AWS-Config"]
)
def test_a_shared_catalog_is_not_called_like_a_built_in_source(name: str) -> None:
    with pytest.raises(Usage, match=f"^{name} is a source of xswitch's own$") as caught:
        check_name(name)
    assert caught.value.hint == "give another: --name team"


def test_names_of_shared_catalogs() -> None:
    for good in ("organizations-acme", "aws-config2", "identity-centers", "a", "Team_1.x"):
        check_name(good)
    for bad in ("", ".a", "a/b", "a\x1b[31m", "-a", "a" * 65):
        with pytest.raises(Usage, match="can't be the name of a shared catalog") as caught:
            check_name(bad)
        assert "\x1b" not in caught.value.message
