"""Real AWS clients under `exec --renew`: past the end of their sessions, and never by the default profile."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from kept_house import CLIENTS, ROLE, House

NOBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def house(xswitch: str, newcomer: dict[str, str], tmp_path: Path) -> Iterator[House]:
    made = House(xswitch, newcomer, tmp_path / "xswitch")
    yield made
    made.close()


@pytest.mark.parametrize("client", ["aws-cli", "boto3", "javascript", "terraform"])
@pytest.mark.parametrize("minutes", [14, 9, 4])
def test_a_session_with_little_left_is_renewed_once(house: House, client: str, minutes: int) -> None:
    """14, 9 and 4 minutes: less than botocore likes, than it takes, and than the SDKs for JavaScript and Go take."""
    house.faults.shorten(minutes * 60, times=1, action="AssumeRole")
    talk = house.talk(client)
    for _ in range(2):
        assert talk.ask().startswith(ROLE)
    assert house.calls() == 2, "the first session and the one that took its place"
    house.clock.shift = minutes * 60 + 1  # the first one has ended
    assert talk.ask().startswith(ROLE)
    assert house.calls() == 2
    assert talk.close() == 0
    assert talk.stderr == ""


@pytest.mark.parametrize("client", ["boto3", "javascript", "terraform"])
@pytest.mark.parametrize("minutes", [14, 9, 4])
def test_where_aws_gives_short_sessions_alone_it_is_not_asked_at_every_call(
    house: House, client: str, minutes: int
) -> None:
    house.faults.shorten(minutes * 60, action="AssumeRole")
    talk = house.talk(client)
    for _ in range(6):
        assert talk.ask().startswith(ROLE)
    assert house.calls() == 2


def test_clients_outlive_the_sessions_that_they_hold(house: House) -> None:
    """For real: what each client holds ends under it, AWS refuses it from then on, and the client goes on."""
    house.faults.shorten(6, action="AssumeRole")
    talks = {client: house.talk(client) for client in CLIENTS}
    first = {client: talk.ask() for client, talk in talks.items()}
    assert all(said.startswith(ROLE) for said in first.values()), first
    time.sleep(7)
    house.faults.clear()
    second = {client: talk.ask() for client, talk in talks.items()}
    assert all(said.startswith(ROLE) for said in second.values()), second
    for client in ("boto3", "javascript", "javascript-container", "terraform"):
        assert second[client] != first[client], f"{client} has other keys now"


HOSTILE = {
    "credentials": ("credentials", "[default]\n{}"),
    "config": ("config", "[default]\nregion = us-east-1\n{}"),
    "profile default": ("config", "[profile default]\n{}"),
    "process": ("config", "[default]\ncredential_process = {process}\n"),
    "source profile": ("config", "[profile mallory]\n{}[default]\nrole_arn = {role}\nsource_profile = mallory\n"),
    "odd": ("config", "\ufeff[profile x]\r\nregion = a\r\n  [ default ]\r\n{}"),
}


@pytest.mark.parametrize(
    ("client", "ways"),
    [
        ("aws-cli", ["credentials", "process"]),
        ("boto3", ["profile default", "source profile"]),
        ("javascript", [*HOSTILE]),
        ("terraform", [*HOSTILE]),
    ],
)
def test_a_hostile_default_profile_never_wins(house: House, client: str, ways: list[str]) -> None:
    process = house.home.parent / "print-keys"
    lines = dict(line.split(" = ") for line in house.hostile.splitlines())
    process.write_text(
        '#!/bin/sh\nprintf \'{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "%s"}\' '
        f"'{lines['aws_access_key_id']}' '{lines['aws_secret_access_key']}'\n"
    )
    process.chmod(0o700)
    role = "arn:aws:iam::555566667777:role/Admin"
    for name, text in (HOSTILE[way] for way in ways):
        house.aws_file("config", "")
        house.aws_file("credentials", "")
        filled = text.replace("{}", house.hostile).replace("{process}", str(process)).replace("{role}", role)
        house.aws_file(name, filled)
        talk = house.talk(client)
        assert talk.ask().startswith(ROLE), filled
        assert talk.close() == 0
        assert talk.stderr.count("xswitch: the default profile gives credentials") == 1


def test_without_the_copies_it_would_win(house: House) -> None:
    """So the test above can fail: the clients do prefer that profile."""
    house.aws_file("credentials", f"[default]\n{house.hostile}")
    script = "unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE; aws sts get-caller-identity --query Arn --output text"
    done = house.run("exec", "payments-staging/ReadOnly", "--renew", "--", "sh", "-c", script)
    assert done.stdout.endswith("user/mallory\n"), done


def test_the_aws_cli_says_why_there_is_no_session(house: House) -> None:
    """And goes on once what was wrong is mended."""
    house.faults.shorten(3, times=1, action="AssumeRole")
    talk = house.talk("aws-cli")
    account = house.practice.organization.root("555566667777")
    name = {"RoleName": "ReadOnly"}
    trust = account.iam("GetRole", **name)["Role"]["AssumeRolePolicyDocument"]
    account.iam("UpdateAssumeRolePolicy", **name, PolicyDocument=json.dumps(NOBODY))
    said = talk.ask()
    assert said.startswith("error: ")
    assert re.search(r'403 .*"code": "denied", "message": "AWS denied payments-staging/ReadOnly;', said), said
    account.iam("UpdateAssumeRolePolicy", **name, PolicyDocument=unquote(trust))
    time.sleep(6)
    assert talk.ask().startswith(ROLE)
