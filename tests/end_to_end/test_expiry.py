"""Time left, as the installed program keeps it: commands that want time, SDKs near the end, and why it is shorter."""

from __future__ import annotations

import json
import re
from pathlib import Path

from company import TARGET, Company
from terminal import Terminal

LONG = "payments-staging/Admin"


def test_a_command_that_wants_time_gets_it_or_never_starts(company: Company, tmp_path: Path) -> None:
    company.roles({TARGET: "", LONG: "mfa = true"})
    started = tmp_path / "started"
    company.faults.shorten(1800, 1)
    first = company.keys()
    argv = ["exec", TARGET, "--min-ttl", "45m", "--", "sh", "-c", f'echo "$AWS_ACCESS_KEY_ID" >>{started}']
    assert company.run(*argv).returncode == 0
    assert started.read_text().strip() != first, "renewed first"
    started.unlink()
    company.faults.shorten(1800)
    company.run("sessions", "end", TARGET)
    refused = {
        "AWS gives less": (argv, "AWS gave web-dev/PowerUser 29m: 45m can't be had"),
        "a person is needed": (["exec", LONG, *argv[2:]], "needs an MFA code, and nobody can be asked"),
        "no session lasts so long": (["exec", TARGET, "--min-ttl", "2h", *argv[4:]], "2h can't be had"),
    }
    for why, (command, words) in refused.items():
        done = company.run(*command)
        assert done.returncode == 5, why
        assert words in done.stderr
        assert done.stderr.count("\n") == 2
        assert done.stdout == ""
    assert not started.exists()


def test_an_sdk_gets_what_is_left_and_nobody_is_asked_on_a_terminal_either(company: Company, xswitch: str) -> None:
    company.roles({LONG: 'mfa = true\nduration = "2h"'})
    company.faults.shorten(540, 1)
    key = company.keys(LONG, XSWITCH_MFA_CODE=company.practice.code())
    company.calls()
    environ = company.environ | {"XSWITCH_NO_INPUT": "", "TERM": "xterm"}
    with Terminal([xswitch, "credential-process", LONG], environ, columns=4000, rows=4) as screen:
        assert screen.end() == 0
        assert json.loads(screen.text())["AccessKeyId"] == key
    company.run("sessions", "end", LONG)
    with Terminal([xswitch, "credential-process", LONG], environ) as screen:
        assert screen.end() == 5
        assert "MFA code for" not in screen.text()
    assert company.calls() == []


def test_why_a_session_is_shorter_is_said_where_it_is_listed(company: Company) -> None:
    company.roles({LONG: 'duration = "4h"\nvia = "identity-hub/Hub"', "identity-hub/Hub": ""})
    root = company.practice.organization.root("555566667777")
    hub = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
    root.iam("UpdateAssumeRolePolicy", RoleName="Admin", PolicyDocument=hub)
    company.practice.organization.root("111122223333").iam(
        "PutRolePolicy",
        RoleName="Hub",
        PolicyName="more",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    )
    company.keys(LONG)
    listed = company.run("sessions")
    assert "not 4h: as every chain does" in listed.stdout
    (row,) = [one for one in json.loads(company.run("sessions", "--json").stdout) if one["target"] == LONG]
    assert row["duration"] == 3600
    assert set(row) == {
        "target", "account_id", "role", "environment", "arn", "identity", "expires", "remaining", "duration",
        "renewable", "in_use_by",
    }  # fmt: skip


def test_time_left_is_by_the_clock_of_aws(tmp_path: Path) -> None:
    company = Company(tmp_path, ahead=600)
    try:
        company.roles({TARGET: ""})
        company.keys()
        (row,) = json.loads(company.run("sessions", "--json").stdout)
        assert 3000 < row["remaining"] <= 3600
        assert re.search(r"PowerUser +(59m|1h) ", company.run("sessions").stdout)
        assert re.search(r" (59m|1h)$", company.run("catalog", "list").stdout.strip())
        assert re.search(r" for (59m|1h)$", company.run("sessions", "renew", TARGET).stdout.strip())
        said = company.run("shell", TARGET, "--shell", "/bin/true").stderr
        assert re.search(r"^web-dev/PowerUser for (59m|1h), until", said), said
        company.calls()
        assert company.run("exec", TARGET, "--min-ttl", "50m", "--", "true").returncode == 0
        assert company.calls() == []
    finally:
        company.close()


def test_where_the_code_goes_is_the_person_s_setting(company: Company) -> None:
    company.roles({LONG: 'mfa = true\nduration = "2h"'})
    ways = {
        "auto": "code asked, with the call for payments-staging/Admin\n",
        "always": "code asked, for an MFA session (mfa_session is always)\n",
        "never": "code asked, with the call for payments-staging/Admin (mfa_session is never)\n",
    }
    for setting, way in ways.items():
        company.prefer(f'mfa_session = "{setting}"\n')
        assert way in company.run("catalog", "show", LONG).stdout
    company.prefer('mfa_session = "sometimes"\n')
    done = company.run("catalog", "show", LONG)
    assert done.returncode == 3
    assert 'config.toml:3: mfa_session: "sometimes" is not one of auto, always, never' in done.stderr


def test_the_person_is_told_what_a_code_is_for_before_it_is_asked(company: Company, xswitch: str) -> None:
    company.roles({LONG: 'mfa = true\nduration = "2h"'})
    environ = company.environ | {"XSWITCH_NO_INPUT": "", "TERM": "xterm"}
    said = {
        "auto": r"It opens this role alone, for 2h\. If the role allows less, a second code is asked for",
        "always": r"No role of ada asks again until \d\d:\d\d( tomorrow)?\. This one lasts 1h, not 2h: mfa_session is always\.",
    }
    for setting, words in said.items():
        company.prefer(f'mfa_session = "{setting}"\n')
        with Terminal([xswitch, "exec", LONG, "--", "true"], environ, columns=160) as screen:
            screen.wait(words + r"[\s\S]*MFA code for ada")
            screen.send("\x03")
            assert screen.end() == 130
