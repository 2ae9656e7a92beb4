"""TARGET to target: exactly, or not at all."""

from __future__ import annotations

import pytest
from catalog_home import HEAD, Home

from xswitch.catalog import UNLISTED, resolve, resolve_guarded
from xswitch.errors import NoSuchTarget

CATALOG = (
    HEAD.replace('"central"\n', '"central"\nregion = "eu-west-1"\nduration = "2h"\n', 1)
    + """
[identities.corp]
kind = "sso"
start_url = "https://a.example/start"
sso_region = "eu-west-1"
[[accounts]]
id = "444455556666"
name = "payments-prod"
environment = "prod"
roles = [{ name = "ReadOnly" }, { name = "Careful", arn = "arn:aws:iam::444455556666:role/ci/Deploy" },
         { name = "Deploy", arn = "arn:aws:iam::444455556666:role/ci/Deploy" }]
[[accounts]]
id = "555566667777"
name = "Team A / Play"
identity = "corp"
roles = [{ name = "Admin" }]
"""
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("payments-prod/ReadOnly", "payments-prod/ReadOnly"),
        ("444455556666/ReadOnly", "payments-prod/ReadOnly"),
        ("arn:aws:iam::444455556666:role/ReadOnly", "payments-prod/ReadOnly"),
        ("arn:aws:iam::444455556666:role/ci/Deploy", "payments-prod/Deploy"),
        ("Team A / Play/Admin", "Team A / Play/Admin"),
        (
            "arn:aws:iam::555566667777:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef",
            "Team A / Play/Admin",
        ),
    ],
)
def test_what_names_a_target(home: Home, text: str, name: str) -> None:
    home.write(CATALOG)
    assert resolve(home.load(), text).name == name


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("payment-prod/readonly", '"payments-prod/ReadOnly"'),
        ("payments-prod/Readonly", '"payments-prod/ReadOnly"'),
        ("payments-prod", "has ReadOnly, Careful, Deploy"),
        ("44445555666/Deploy", '"payments-prod/Deploy"'),
        ("payments-prod/zzz", "has ReadOnly"),
        ("zzz", "catalog list"),
        ("", "catalog list"),
        ("/", "catalog list"),
        ("arn:aws:iam::444455556666:user/ada", "catalog list"),
        (" payments-prod/ReadOnly", '"payments-prod/ReadOnly"'),
    ],
)
def test_anything_else_names_none_and_the_nearest_is_told(home: Home, text: str, hint: str) -> None:
    home.write(CATALOG)
    with pytest.raises(NoSuchTarget) as raised:
        resolve(home.load(), text)
    assert hint in raised.value.hint


def test_an_arn_that_is_not_listed_has_the_guard_of_its_account(home: Home) -> None:
    home.write(CATALOG)
    catalog = home.load()
    target, environment = resolve_guarded(catalog, "arn:aws:iam::444455556666:role/team/Other")
    assert (target.name, target.identity, target.region, target.duration) == (
        "payments-prod/Other", "central", "eu-west-1", 7200,
    )  # fmt: skip
    assert environment is catalog.environments["prod"]
    assert resolve_guarded(catalog, "arn:aws:iam::555566667777:role/Other")[1] is None


def test_an_arn_of_an_account_that_nobody_knows_asks(home: Home) -> None:
    home.write(CATALOG)
    catalog = home.load()
    target, environment = resolve_guarded(catalog, "arn:aws-cn:iam::999988887777:role/Other")
    assert (target.name, target.partition) == ("999988887777/Other", "aws-cn")
    assert environment == UNLISTED
    assert environment is not None
    assert environment.confirm == "ask"
    assert catalog.environment_of(target) == UNLISTED


def test_an_arn_that_is_not_listed_needs_a_default_identity(home: Home) -> None:
    home.write(CATALOG.replace('[defaults]\nidentity = "central"\n', "[defaults]\n").replace(
        'environment = "prod"\nroles', 'environment = "prod"\nidentity = "central"\nroles'))  # fmt: skip
    with pytest.raises(NoSuchTarget, match="no default identity"):
        resolve(home.load(), "arn:aws:iam::999988887777:role/Other")
