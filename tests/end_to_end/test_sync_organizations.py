"""`catalog sync organizations` by the installed program, against the practice organization."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from practice_home import PracticeHome
from terminal import Terminal

OWN = """\
version = 1
[identities.central]
kind = "keys"
account_id = "111122223333"
[environments.prod]
confirm = "type"
[environments.staging]
"""
RULES = """
[[sync.environments]]
environment = "prod"
accounts = "ou:Workloads/Prod"
[[sync.environments]]
environment = "staging"
accounts = "tag:environment=staging"
[[sync.roles]]
name = "ReadOnly"
accounts = "ou:Workloads"
"""
SYNC = ("xswitch", "catalog", "sync", "organizations")


@pytest.fixture
def home(xswitch: str, newcomer: dict[str, str], tmp_path: Path) -> Iterator[PracticeHome]:
    made = PracticeHome(newcomer, tmp_path / "practice")
    made.paths.catalog_file.write_text(OWN)
    preferences = made.paths.preferences_file
    preferences.write_text(preferences.read_text() + RULES)
    yield made
    made.close()


def targets(home: PracticeHome) -> dict[str, dict[str, object]]:
    return {one["target"]: one for one in json.loads(home.works("xswitch", "catalog", "list", "--json"))}


def test_a_thousand_entries_that_nobody_writes_and_a_role_that_opens(home: PracticeHome) -> None:
    dry = home.works(*SYNC, "--dry-run")
    assert "+ account dns-shared (533557765163)" in dry
    assert "nothing was written" in dry
    assert not home.paths.catalog_folder.exists()
    said = json.loads(home.works(*SYNC, "--json"))
    assert said["accounts"] == len(home.practice.organization.accounts) - said["states"].get("OUTSIDE", 0)
    assert said["written"]
    found = targets(home)
    prod, staging = found["payments-prod/ReadOnly"], found["payments-staging/ReadOnly"]
    assert (prod["environment"], prod["guarded"], prod["ou"]) == ("prod", True, "Workloads/Prod")
    assert (staging["environment"], staging["tags"]) == ("staging", {"team": "payments", "environment": "staging"})
    assert not any(name.startswith("dns-shared/") for name in found)
    who = home.works("xswitch", "exec", "payments-staging/ReadOnly", "--", "printenv", "AWS_ACCOUNT_ID")
    assert who.strip() == "555566667777"
    assert "nothing changes" in home.works(*SYNC)


def test_a_dry_run_shows_all_and_what_other_files_hold_already(home: PracticeHome) -> None:
    number = len(json.loads(home.works(*SYNC, "--dry-run", "--json"))["changes"]["new"])
    assert number > 20
    assert home.works(*SYNC, "--dry-run").count("\n+ account ") == number
    whole = (
        '[[accounts]]\nid = "444455556666"\nname = "pay"\nou = "Mine"\nenvironment = "prod"\n'
        'tags = { team = "mine" }\nroles = [{ name = "ReadOnly" }]\n'
    )
    some = '[[accounts]]\nid = "555566667777"\nname = "mine"\n'
    home.paths.catalog_file.write_text(OWN + whole + some)
    said = json.loads(home.works(*SYNC, "--dry-run", "--json"))
    assert (len(said["changes"]["new"]), said["held"]) == (number, 1), "the other one gets an OU and a role"
    assert "1 of the new accounts are in other files already" in home.works(*SYNC, "--dry-run")
    assert "… and " in home.works(*SYNC)
    assert "in other files already" not in home.works(*SYNC, "--dry-run")


def test_what_changed_is_told_and_closed_accounts_get_no_roles(home: PracticeHome) -> None:
    home.works(*SYNC)
    organization = home.practice.organization
    units = {unit.name: unit.id for unit in organization.units.values()}
    organization.account("555566667777").name = 'renamed "staging"\u0020'
    organization.account("841175284682").parent = units["Staging"]
    organization.account("466375763959").state = "SUSPENDED"
    organization.add_account("123456789012", "payments-prod", parent=units["Prod"])
    said = json.loads(home.works(*SYNC, "--json"))["changes"]
    assert said["new"] == ["payments-prod (123456789012)"]
    assert said["renamed"] == ['payments-staging -> renamed "staging" ']
    assert said["moved"] == ["checkout-prod: Workloads/Prod -> Workloads/Staging"]
    found = targets(home)
    assert {"payments-prod-9012/ReadOnly", "payments-prod-6666/ReadOnly", 'renamed "staging" /ReadOnly'} <= found.keys()
    assert "search-prod/ReadOnly" not in found
    organization.account("123456789012").parent = ""
    assert json.loads(home.works(*SYNC, "--json"))["changes"]["gone"] == ["payments-prod (123456789012)"]
    assert "payments-prod/ReadOnly" in targets(home)


def test_what_a_dry_run_has_read_is_not_what_the_next_sync_writes(home: PracticeHome) -> None:
    home.works(*SYNC, "--dry-run")
    assert not list((home.paths.state / "sync").glob("*"))
    account = home.practice.organization.account("555566667777")
    account.name, account.tags = "\u200b ", {"environment": "none"}
    home.works(*SYNC)
    found = targets(home)
    assert not found["555566667777/ReadOnly"]["environment"], "and a name of nothing that can be seen is no name"


def test_a_failure_keeps_the_last_good_catalog_and_says_what_is_missing(home: PracticeHome) -> None:
    home.works(*SYNC)
    file = home.paths.catalog_folder / "organizations.toml"
    before = file.read_bytes()
    home.practice.organization.account("555566667777").name = "renamed"
    home.faults.deny(1, "ListTagsForResource", {"ResourceId": "555566667777"})
    home.fails(4, "the tags of 1 account are missing, renamed (555566667777): AWS denied ListTagsForResource", *SYNC)
    assert file.read_bytes() == before
    calls = len(home.sandbox.calls)
    home.works(*SYNC)
    again = [call for call in home.sandbox.calls[calls:] if call.action == "ListTagsForResource"]
    assert len(again) < 40
    assert b"renamed" in file.read_bytes()
    home.paths.catalog_file.write_text(OWN.replace("[environments.staging]", ""))
    home.practice.organization.account("555566667777").name = "again"
    home.fails(3, "staging", *SYNC)
    assert b"renamed" in file.read_bytes()


def test_roles_are_listed_through_a_reader_role_and_the_persons_files_win(home: PracticeHome) -> None:
    preferences = home.paths.preferences_file
    preferences.write_text(
        preferences.read_text().replace("\n[[sync.env", '\n[sync]\nreader_role = "Lister"\n[[sync.env', 1)
    )
    organization = home.practice.organization
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}],
        }
    )
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}]}
    for account in organization.accounts.keys() - {"111122223333"}:
        root = organization.root(account)
        root.iam("CreateRole", RoleName="Lister", AssumeRolePolicyDocument=trust)
        root.iam("PutRolePolicy", RoleName="Lister", PolicyName="List", PolicyDocument=json.dumps(allow))
    home.practice.organization.root("111122223333").iam(
        "PutUserPolicy",
        UserName="ada",
        PolicyName="Lister",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/Lister"}
                ],
            }
        ),
    )
    own = organization.root("111122223333")
    deny = json.dumps(allow).replace('"Allow"', '"Deny"')
    own.iam("PutUserPolicy", UserName="ada", PolicyName="List", PolicyDocument=deny)
    home.fails(4, "the roles of 1 account are missing, identity-hub (111122223333): ", *SYNC, "--roles")
    own.iam("PutUserPolicy", UserName="ada", PolicyName="List", PolicyDocument=json.dumps(allow))
    home.paths.catalog_file.write_text(
        OWN + '[[accounts]]\nid = "555566667777"\nname = "mine"\nroles = [{ name = "Admin", region = "eu-west-3" }]\n'
    )
    home.works(*SYNC, "--roles", "--identity", "central")
    found = targets(home)
    assert {"payments-prod/Deploy", "payments-prod/ReadOnly", "mine/Admin", "mine/ReadOnly"} <= found.keys()
    assert not any("AWSReservedSSO" in name for name in found)
    shown = home.works("xswitch", "catalog", "show", "mine/Admin")
    assert "eu-west-3" in shown
    assert home.paths.catalog_file.read_text().count("[[accounts]]") == 1


def test_it_shows_how_far_it_is_and_can_be_cancelled(home: PracticeHome) -> None:
    home.faults.slow(0.5, None, "ListTagsForResource")
    with Terminal(["xswitch", *SYNC[1:]], home.environ) as screen:
        screen.wait(r"reading tags\s+[━╌]+\s+\d+ of \d+, \d+ left")
        screen.send("\x03")
        assert screen.end() == 130
    assert not home.paths.catalog_folder.exists()
    assert (home.paths.state / "sync" / "organizations.json").exists()


@pytest.mark.parametrize("how", [(), ("--dry-run",)])
def test_a_rule_for_an_environment_that_is_not_defined(home: PracticeHome, how: tuple[str, ...]) -> None:
    preferences = home.paths.preferences_file
    text = preferences.read_text().replace('"staging"', '"stagign"')
    preferences.write_text(text)
    line = text[: text.index("stagign")].count("\n") + 1
    where = f'{preferences}:{line}: sync.environments[1].environment: the environment "stagign" is not defined\n'
    home.fails(3, f'{where}  hint: did you mean "staging"?', *SYNC, *how)
    assert home.sandbox.calls == []


def test_a_dry_run_fails_where_the_sync_would(home: PracticeHome) -> None:
    with home.paths.preferences_file.open("a") as file:
        file.write('via = "nowhere/Hub"\n')
    for how in ((), ("--dry-run",)):
        home.fails(3, f"what is to be written to {home.paths.catalog_folder / 'organizations.toml'}: ", *SYNC, *how)


def test_what_is_wrong_is_said(home: PracticeHome) -> None:
    home.fails(1, "no identity is called nobody", *SYNC, "--identity", "nobody")
    home.fails(2, "--roles needs a role", *SYNC, "--roles")
    home.fails(3, "there is no account", *SYNC, "--via", "nowhere/Admin")
    preferences = home.paths.preferences_file
    good = preferences.read_text()
    preferences.write_text(good.replace("ou:Workloads/Prod", "account:payments-prod"))
    home.fails(3, "can't choose an environment", *SYNC)
    preferences.write_text(good.replace("[[sync.environments]]", "[[sync.environment]]"))
    home.fails(3, "did you mean", *SYNC)
    preferences.write_text(good)
    home.paths.catalog_folder.mkdir()
    (home.paths.catalog_folder / "organizations.toml").write_text("# mine\n")
    home.fails(3, "a file of your own", *SYNC)
    home.fails(7, "can't be reached", *SYNC, AWS_ENDPOINT_URL="http://127.0.0.1:9")
