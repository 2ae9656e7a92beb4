"""A person's own keys and external ids, by the installed program: added, aged, rotated, taken out of other files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from company import TARGET, Company
from terminal import Terminal

from xswitch.sandbox.practice_accounts import IDENTITY_ID, PLACES
from xswitch.sandbox.state import AccessKey

INGEST = "partner-metrics/Ingest"
OTHERS = "# mine\n[other]\nregion = eu-west-1\n"


def given(company: Company, text: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the installed program with something on stdin."""
    return subprocess.run(
        company.argv(*arguments), env=company.environ | environ, input=text, capture_output=True, text=True, timeout=120,
        start_new_session=True,
    )  # fmt: skip


def in_file(company: Company) -> Path:
    """Put ada's key into the AWS CLI's file as well."""
    key, secret = company.practice.user_access_key
    file = company.home / ".aws" / "credentials"
    file.parent.mkdir()
    file.write_text(f"{OTHERS}[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    file.chmod(0o600)
    return file


def keys(company: Company) -> dict[str, AccessKey]:
    return company.practice.organization.account(IDENTITY_ID).users["ada"].keys


def listed(company: Company) -> tuple[dict[str, object], str]:
    """Return what `identity list` knows of central, and what it warns of."""
    done = company.run("identity", "list", "--json")
    return next(one for one in json.loads(done.stdout) if one["name"] == "central"), done.stderr


def test_a_key_that_works_is_taken_out_of_the_file_when_the_person_says_so(company: Company) -> None:
    file = in_file(company)
    key, secret = company.practice.user_access_key
    environ = {name: value for name, value in company.environ.items() if name != "XSWITCH_NO_INPUT"}
    for answer, text in (("n", file.read_text()), ("y", f"{OTHERS}[default]\n")):
        with Terminal(company.argv("identity", "add", "central"), environ | {"TERM": "xterm"}) as screen:
            screen.wait("Access key id")
            screen.send(f"{key}\r")
            screen.wait("Secret access key")
            screen.send(f"{secret}\r")
            screen.wait(r"Remove these lines from the file \[y/N\]")
            assert f"also stands in the section [default] in {file}, lines 5 and 6" in screen.text().replace("\n", "")
            screen.send(f"{answer}\r")
            assert screen.end() == 0, screen.text()
            assert secret.encode() not in screen.raw
        assert file.read_text() == text
    assert company.keys()


def test_a_key_comes_from_a_profile_and_leaves_it(company: Company) -> None:
    file = in_file(company)
    kept = company.run("identity", "add", "central", "--from-profile", "default")
    assert kept.returncode == 0, kept
    assert "--remove-from-file takes it out there" in kept.stderr, "nobody is there to be asked"
    assert "aws_access_key_id" in file.read_text()
    done = company.run("identity", "add", "central", "--from-profile", "default", "--remove-from-file", "--json")
    assert json.loads(done.stdout)["removed_from"] == [f"[default] in {file}, lines 5 and 6"]
    assert file.read_text() == f"{OTHERS}[default]\n"
    again = company.run("identity", "add", "central", "--from-profile", "default")
    assert again.returncode == 2 and "holds no access key" in again.stderr
    assert company.keys()


def test_a_key_that_aws_does_not_know_changes_nothing(company: Company) -> None:
    file = in_file(company)
    before = file.read_text()
    keys(company)[company.practice.user_access_key[0]].active = False
    done = company.run("identity", "add", "central", "--from-profile", "default", "--remove-from-file")
    assert done.returncode == 4, done
    assert file.read_text() == before


def test_an_old_key_is_warned_of_and_rotated(company: Company) -> None:
    key, secret = company.practice.user_access_key
    age, warned = listed(company)
    assert (age["key_age_days"], age["key_age_known"], warned) == (0, False, "")
    for days, words in ((90, ""), (91, "the key of central is 91 days old: xswitch identity rotate central\n")):
        keys(company)[key].created = company.practice.organization.clock() - days * 86400 - 60
        assert given(company, f"{key}\n{secret}\n", "identity", "add", "central").returncode == 0
        age, warned = listed(company)
        assert (age["key_age_days"], age["key_age_known"], warned) == (days, True, words)
    checked = company.run("doctor", "--json")
    assert {"check": "identities", "level": "warn", "message": "central: its key was made 91 days ago",
            "hint": "xswitch identity rotate central"} in json.loads(checked.stdout)  # fmt: skip
    file = in_file(company)
    done = company.run("identity", "rotate", "central")
    assert done.returncode == 0, done
    assert f"the old one, {key}, is deactivated" in done.stdout
    assert f"aws iam delete-access-key --user-name ada --access-key-id {key}" in done.stdout
    assert f"[default] in {file}, lines 5 and 6; it does not work any more there" in done.stderr
    age, warned = listed(company)
    assert (age["key_age_days"], warned) == (0, "")
    assert company.keys(), "switches go on with the new key"
    second = next(one for one in keys(company) if one != key)
    refused = company.run("identity", "rotate", "central", "--json")
    assert refused.returncode == 2
    assert key in json.loads(refused.stdout)["error"]["message"]
    third = json.loads(company.run("identity", "rotate", "central", "--delete-inactive", "--json").stdout)
    assert third["deleted_access_key_id"] == key and third["old_access_key_id"] == second
    assert {one.id: one.active for one in keys(company).values()} == {second: False, third["access_key_id"]: True}


def test_a_key_whose_age_iam_does_not_tell_counts_from_when_it_came(company: Company) -> None:
    key, secret = company.practice.user_access_key
    keys(company)[key].created -= 1000 * 86400
    company.faults.deny(action="ListAccessKeys")
    assert given(company, f"{key}\n{secret}\n", "identity", "add", "central").returncode == 0
    age, warned = listed(company)
    assert (age["key_age_days"], age["key_age_known"], warned) == (0, False, "")
    assert "here for 0 days" in company.run("identity", "list").stdout


def test_an_external_id_is_put_where_the_catalog_looks_for_it(company: Company) -> None:
    value = company.practice.vault_secrets["partner-metrics"]
    assert company.run("identity", "external-id", "partner-metrics", "--remove").returncode == 0
    missing = company.run("credential-process", INGEST)
    assert missing.returncode == 3
    assert "hint: " in missing.stderr and "xswitch identity external-id partner-metrics\n" in missing.stderr
    assert company.run("identity", "external-id", "partner-metrics", "--remove").returncode == 1
    odd = given(company, "not allowed", "identity", "external-id", "partner-metrics")
    assert odd.returncode == 2 and "not allowed" not in odd.stderr
    done = given(company, f"{value}\n", "identity", "external-id", "partner-metrics", "--json")
    assert json.loads(done.stdout) == {"name": "partner-metrics", "source": None, "targets": [INGEST]}
    assert value not in done.stdout + done.stderr
    assert company.keys(INGEST)
    unused = given(company, value, "identity", "external-id", "nobody-s")
    assert "no target of the catalog refers to it" in unused.stderr


def test_an_external_id_of_a_shared_catalog_is_apart_from_the_person_s(company: Company) -> None:
    value = company.practice.vault_secrets["partner-metrics"]
    account = next(one.account for one in company.engine.catalog.targets if one.name == INGEST)
    company.roles({TARGET: ""})
    share = company.paths.state / "shared" / "team" / "current"
    share.mkdir(parents=True)
    (share / "catalog.toml").write_text(
        f'version = 1\n[[accounts]]\nid = "{account.id}"\nname = "{account.name}"\nidentity = "central"\n'
        'roles = [{ name = "Ingest", external_id = { vault = "partner-metrics" } }]\n'
    )
    missing = company.run("credential-process", INGEST)
    assert missing.returncode == 3, missing
    assert "xswitch identity external-id partner-metrics --source team\n" in missing.stderr
    assert given(company, value, "identity", "external-id", "partner-metrics", "--source", "team").returncode == 0
    assert company.keys(INGEST)


def test_a_person_without_a_catalog_begins_with_a_key(company: Company) -> None:
    company.paths.catalog_file.unlink()
    key, secret = company.practice.user_access_key
    serial = company.practice.mfa_serial
    wrong = given(company, f"{key}\n{'x' * 40}\n", "identity", "add", "ada")
    assert wrong.returncode == 4
    assert not company.paths.catalog_file.exists()
    done = given(company, f"{key}\n{secret}\n", "identity", "add", "ada", "--mfa-serial", serial)
    assert done.returncode == 0, done
    assert company.paths.catalog_file.read_text() == (
        f'version = 1\n\n[defaults]\nidentity = "ada"\n\n[identities.ada]\nkind = "keys"\n'
        f'account_id = "111122223333"\nmfa_serial = "{serial}"\n'
    )
    (one,) = json.loads(company.run("identity", "list", "--json").stdout)
    assert (one["name"], one["arn"], one["key_age_days"]) == ("ada", company.practice.caller_arn, 0)
    name, role = TARGET.split("/")
    account_id = next(place.id for place in PLACES if place.name == name)
    with company.paths.catalog_file.open("a") as file:
        file.write(f'[[accounts]]\nid = "{account_id}"\nname = "{name}"\nroles = [{{ name = "{role}" }}]\n')
    assert company.keys()
    again = given(company, f"{key}\n{secret}\n", "identity", "add", "ada", "--mfa-serial", serial)
    assert again.returncode == 2 and "edit its settings there" in again.stderr


def test_identities_of_other_kinds_are_tried_and_then_written(company: Company, tmp_path: Path) -> None:
    key, secret = company.practice.user_access_key
    tool = tmp_path / "tool"
    tool.write_text(f'#!/bin/sh\necho \'{{"Version": 1, "AccessKeyId": "{key}", "SecretAccessKey": "{secret}"}}\'\n')
    tool.chmod(0o755)
    in_file(company)
    before = company.paths.catalog_file.read_text()
    for option in (("--process", "/bin/false"), ("--profile", "nobody-s"), ("--environment",)):
        done = company.run("identity", "add", "other", *option)
        assert done.returncode in (2, 5), done
        assert company.paths.catalog_file.read_text() == before
    outside = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    for name, option, environ in (
        ("tool", ("--process", str(tool)), {}),
        ("aws", ("--profile", "default"), {}),
        ("outside", ("--environment",), outside),
    ):
        made = json.loads(company.run("identity", "add", name, *option, "--json", **environ).stdout)
        assert (made["name"], made["arn"]) == (name, company.practice.caller_arn)
    login = ("--start-url", "https://acme.awsapps.com/start", "--sso-region", "eu-west-1")
    assert "xswitch identity login corp" in company.run("identity", "add", "corp", *login).stdout
    found = json.loads(company.run("identity", "list", "--json").stdout)
    kinds = {one["name"]: (one["kind"], one["arn"]) for one in found}
    assert {name: kind for name, (kind, _) in kinds.items()} | {"central": "keys"} == {
        "central": "keys", "tool": "process", "aws": "profile", "outside": "environment", "corp": "sso",
    }  # fmt: skip
    assert kinds["tool"][1] == kinds["aws"][1] == company.practice.caller_arn
    twice = company.run("identity", "add", "corp", *login)
    assert twice.returncode == 2 and "already" in twice.stderr


@pytest.mark.parametrize("arguments", [("rotate", "nobody"), ("rotate",), ("external-id",), ("add", "central")])
def test_wrong_usage_is_the_contract_s_error(company: Company, arguments: tuple[str, ...]) -> None:
    done = given(company, "", "identity", *arguments)
    assert done.returncode in (1, 2) and done.stderr.startswith("xswitch: ") and "Traceback" not in done.stderr
