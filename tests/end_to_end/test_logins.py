"""Permission sets by the installed program: a real AWS client with them, chains, countdowns, and the portal as a source.

The login itself is in the file that the AWS CLI shares, as a login there leaves it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from company import BIN
from terminal import Terminal

sys.path.insert(0, str(Path(__file__).parents[1] / "sandbox"))
from portal_house import ACCOUNTS, CATALOG, DEVELOPER, GUARDED, HUB, VIA, VIEW, PortalHouse
from signed_in import START_URL
from small_aws import Pace


class Home(PortalHouse):
    """The person, with the installed program."""

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(BIN / "xswitch"), *arguments],
            env=self.environ | {"PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin"} | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            start_new_session=True,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def works(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, status: int, message: str, *arguments: str) -> str:
        """Return the hint."""
        done = self.run(*arguments)
        assert done.returncode == status, done
        first, _, rest = done.stderr.partition("\n")
        assert first.startswith("xswitch: "), done.stderr
        assert message in first, done.stderr
        return rest


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.close()


def test_an_aws_client_works_with_it_and_with_a_role_behind_it(home: Home) -> None:
    token = home.sign_in()
    whoami = ("--", "aws", "sts", "get-caller-identity", "--output", "json")
    arn = json.loads(home.works("exec", VIEW, *whoami))["Arn"]
    assert arn.startswith("arn:aws:sts::555566667777:assumed-role/AWSReservedSSO_ViewOnly_")
    assert arn.endswith("/ada")
    assert json.loads(home.works("exec", VIA, *whoami))["Arn"] == "arn:aws:sts::111122223333:assumed-role/Via/ada"
    given = json.loads(home.works("credential-process", VIEW))
    assert (given["Version"], given["AccessKeyId"][:4]) == (1, "ASIA")
    live = {one["target"]: one for one in json.loads(home.works("sessions", "--json"))}
    assert set(live) == {VIEW, VIA, "identity-hub/ViewOnly"}
    assert (live[VIEW]["arn"], live[VIEW]["duration"], live[VIEW]["renewable"]) == (arn, 28800, True)
    assert 28700 < live[VIEW]["remaining"] <= 28800
    assert 3500 < live[VIA]["remaining"] <= 3600
    made = [call for call in home.calls() if not call.startswith("GetCaller")]
    assert made == ["GetRoleCredentials ok", "GetRoleCredentials ok", "AssumeRole ok"]
    home.sign_out()
    assert json.loads(home.works("credential-process", VIEW)) == given, "a live session outlives its login"
    assert not any(json.loads(home.works("sessions", "--json"))[one]["renewable"] for one in (1, 2))
    for file in home.paths.state.rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes(), file


def log_in(home: Home, user: str) -> None:
    """Sign ``user`` in by the program itself: by a code, as where there is no browser."""
    home.organization.directory.user = user
    command = [str(BIN / "xswitch"), "identity", "login", "corp", "--device"]
    with Terminal(command, home.environ | {"XSWITCH_NO_INPUT": "", "TERM": "xterm"}, columns=160) as screen:
        code = screen.wait(r"shows this code: +(\w{4}-\w{4})")[1]
        assert home.organization.directory.decide(code, allow=True)
        assert screen.end() == 0, screen.text()


def test_who_signs_in_next_is_served_nothing_of_who_did_before(home: Home) -> None:
    directory = home.organization.directory
    directory.poll_seconds = 1
    for target in (VIEW, HUB):
        account, _, role = target.partition("/")
        directory.assign(home.organization, "bo", ACCOUNTS[account], role)

    def users() -> set[str]:
        whoami = ("--", "aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
        return {home.works("exec", target, *whoami).strip().rpartition("/")[2] for target in (VIEW, VIA)}

    log_in(home, "ada")
    assert users() == {"ada"}
    assert users() == {"ada"}
    assert home.calls().count("GetRoleCredentials ok") == 2, "one login: what it opened serves again"
    home.works("identity", "logout", "corp")
    assert users() == {"ada"}, "a live session outlives its login"
    log_in(home, "bo")
    assert users() == {"bo"}
    log_in(home, "ada")
    assert users() == {"ada"}


def test_six_programs_at_once_ask_the_portal_once(home: Home) -> None:
    home.sign_in()
    argv = [str(BIN / "xswitch"), "credential-process", VIEW]
    crowd = [subprocess.Popen(argv, env=home.environ, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    keys = {json.loads(one.communicate(timeout=120)[0])["AccessKeyId"] for one in crowd}
    assert len(keys) == 1
    assert home.calls().count("GetRoleCredentials ok") == 1


def test_what_can_t_be_had_is_said_with_the_contract_s_status(home: Home) -> None:
    for command in (("credential-process", VIEW), ("exec", VIA, "--", "true")):
        assert "xswitch identity login corp" in home.fails(5, "nobody is signed in to corp", *command)
    assert home.run("env", VIEW).stdout == "false\n"
    shown = home.works("catalog", "show", VIEW)
    assert re.search(r"^permission set +ViewOnly$", shown, re.MULTILINE), shown
    assert re.search(r"^login +nobody is signed in$", shown, re.MULTILINE), shown
    assert "arn:" not in shown
    assert "MFA" not in shown
    home.sign_in()
    assert "administers" in home.fails(2, "permission set", "exec", VIEW, "--duration", "2h", "--", "true")
    home.fails(2, "permission set", "exec", VIEW, "--session-name", "me", "--", "true")
    home.fails(4, "Unassigned is not assigned to you", "exec", "payments-staging/Unassigned", "--", "true")
    home.fails(5, "", "exec", GUARDED, "--", "true")
    assert re.search(r"^guard +asks for ", home.works("catalog", "show", GUARDED), re.MULTILINE)
    home.works("exec", GUARDED, "--confirm", "payments-prod", "--", "true")
    assert re.search(r"^guard +confirmed for another (1h|5\dm)$", home.works("catalog", "show", GUARDED), re.MULTILINE)
    assert 3500 < json.loads(home.works("sessions", "--json"))[0]["remaining"] <= 3600
    home.paths.catalog_file.write_text(CATALOG.replace('{ name = "Dev', '{ duration = "2h", name = "Dev'))
    home.fails(3, "duration can't be given", "exec", DEVELOPER, "--", "true")


def changes(said: str) -> dict[str, Any]:
    return dict(json.loads(said)["changes"])


def test_the_portal_fills_the_catalog_through_429s_and_fails_without_losing_anything(home: Home) -> None:
    sync = ("catalog", "sync", "identity-center")
    own = CATALOG.partition("[environments")[0]
    home.paths.catalog_file.write_text(own)
    home.fails(5, "nobody is signed in to corp", *sync)
    home.sign_in()
    directory = home.organization.directory
    for number in range(50):
        account = home.organization.add_account(f"{700000000000 + number}", f"account-{number}")
        account.name = "twin" if number < 2 else f'hostile "{number}"\n\u202ename'
        directory.assign(home.organization, "ada", account.id, "Developer")
    home.sandbox.limits.beat = Pace(250)
    home.sandbox.limits.limit("sso", rate=200, burst=10)
    dry = home.works(*sync, "--dry-run")
    accounts = len(directory.accounts_of("ada"))
    assert dry.startswith(f"{accounts} accounts with "), dry
    assert dry.count("+ account ") == accounts
    assert "\u202e" not in dry
    assert not home.paths.catalog_folder.exists()
    said = json.loads(home.works(*sync, "--json"))
    assert (said["source"], said["accounts"], said["written"], len(said["changes"]["new"])) == (
        "identity-center", accounts, True, accounts,
    )  # fmt: skip
    assert home.sandbox.limits.refused > 0
    targets = {one["target"]: one for one in json.loads(home.works("catalog", "list", "--json"))}
    assert {"twin-0000/Developer", "twin-0001/Developer", VIEW, DEVELOPER} <= targets.keys()
    assert targets[VIEW]["identity"] == "corp"
    assert "nothing changes" in home.works(*sync, "--identity", "corp")
    assert home.works("exec", "twin-0001/Developer", "--", "printenv", "AWS_ACCOUNT_ID") == "700000000001\n"

    file = home.paths.catalog_folder / "identity-center-corp.toml"
    before = file.read_bytes()
    for arguments in (("--via", VIEW), ("--roles",)):
        home.fails(2, "goes with organizations", *sync, *arguments)
    home.fails(1, "no identity is called nobody", *sync, "--identity", "nobody")
    directory.assigned.clear()
    home.fails(1, "no permission set", *sync)
    home.sign_out()
    home.fails(5, "nobody is signed in", *sync)
    assert file.read_bytes() == before
    assert START_URL not in file.read_text(), "the login is the person's own"
