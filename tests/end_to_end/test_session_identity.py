"""A session is its whole request: an edited catalog never serves the one of before, and nothing takes a good one away."""

from __future__ import annotations

import re
import subprocess

import pytest
from company import Company

from xswitch.secret import Secret

DEPLOY = "payments-staging/Deploy"
READER = "payments-staging/ReadOnly"
HUB = "identity-hub/Hub"
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
EDITS = {
    "external_id": 'external_id = "agreed-upon"',
    "another external_id": 'external_id = "agreed-anew"',
    "vault's external_id": 'external_id = { vault = "partner" }',
    "session_tags": 'session_tags = { team = "payments" }',
    "transitive_tags": 'session_tags = { team = "payments" }\ntransitive_tags = ["team"]',
    "source_identity": 'source_identity = "{user}"',
    "policy": f"policy = '{POLICY}'",
    "policy_arns": 'policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]',
    "duration": 'duration = "2h"',
    "session_name": 'session_name = "{user}-x"',
    "mfa": "mfa = true",
}


def test_each_edit_of_the_catalog_opens_a_session_of_its_own_and_going_back_serves_the_old_one(
    company: Company,
) -> None:
    company.engine.store_secret("partner", Secret("agreed-with-the-partner"))
    company.roles({DEPLOY: ""})
    first = company.keys(DEPLOY)
    seen = {first}
    assert company.calls() == ["AssumeRole ok"]
    for what, line in EDITS.items():
        company.roles({DEPLOY: line})
        key = company.keys(DEPLOY, XSWITCH_MFA_CODE=company.practice.code() if what == "mfa" else "")
        assert key not in seen, what
        assert [call for call in company.calls() if call.startswith("AssumeRole")] == ["AssumeRole ok"], what
        seen.add(key)
    company.roles({DEPLOY: ""})
    assert company.keys(DEPLOY) == first
    assert company.calls() == []


def test_what_is_renewed_is_the_session_that_is_listed(company: Company) -> None:
    company.roles({DEPLOY: "", READER: ""})
    options = ("--duration", "2h", "--session-name", "on-call")
    for target in (DEPLOY, READER):
        before = company.run("exec", target, *options, "--", "printenv", "AWS_ACCESS_KEY_ID").stdout
        company.run("exec", target, "--", "true")
        company.calls()
        renewed = company.run("sessions", "renew", *([target] if target == DEPLOY else ["--all"]))
        assert f"{target} for 2h" in renewed.stdout or f"{target} for 1h 59m" in renewed.stdout, renewed
        after = company.run("exec", target, *options, "--", "printenv", "AWS_ACCESS_KEY_ID").stdout
        assert after != before
        assert {call for call in company.calls() if call.startswith("AssumeRole")} == {"AssumeRole ok"}
    again = company.run("sessions", "renew", DEPLOY, "--duration", "1h")
    assert re.search(rf"{DEPLOY} for (1h|59m)$", again.stdout.strip()), "what is said now counts"


def test_a_way_via_another_role_and_another_value_in_the_vault_are_other_requests(company: Company) -> None:
    audit, direct = {"payments-staging/Audit": f'via = "{HUB}"', HUB: ""}, {"payments-staging/Audit": ""}
    company.roles(audit)
    chained = company.keys("payments-staging/Audit")
    company.roles(direct)
    assert company.run("credential-process", "payments-staging/Audit").returncode == 4, "it trusts the hub alone"
    company.roles({"partner-metrics/Ingest": 'external_id = { vault = "partner-metrics" }'})
    company.keys("partner-metrics/Ingest")
    company.engine.store_secret("partner-metrics", Secret("another-value"))
    assert company.run("credential-process", "partner-metrics/Ingest").returncode == 4, "not the old session"
    company.roles(audit)
    company.calls()
    assert company.keys("payments-staging/Audit") == chained
    assert company.calls() == []


def _denied(company: Company) -> None:
    key = company.practice.user_access_key[0]
    root = company.practice.organization.root("111122223333")
    root.iam("UpdateAccessKey", UserName="ada", AccessKeyId=key, Status="Inactive")


def _throttled(company: Company) -> None:
    company.faults.throttle(None)


def _offline(company: Company) -> None:
    company.faults.reset(None)


@pytest.mark.parametrize(("fault", "status"), [(_denied, 4), (_throttled, 7), (_offline, 7)])
def test_a_renewal_that_aws_refuses_leaves_the_good_session(company: Company, fault, status: int) -> None:  # type: ignore[no-untyped-def]
    key = company.keys(READER)
    fault(company)
    failed = company.run("sessions", "renew", READER)
    assert failed.returncode == status, failed.stderr
    assert company.keys(READER) == key


def test_a_full_disk_gives_the_new_session_once_and_leaves_the_good_one(company: Company) -> None:
    company.faults.shorten(1800, 1, "AssumeRole")
    key = company.keys(READER)
    # A limit of no bytes to a file is a disk on which nothing can be written.
    script = 'ulimit -f 0; exec "$0" "$@"'
    for command, status in ((["sessions", "renew", READER], 6), (["exec", READER, "--min-ttl", "1h", "--", "true"], 0)):
        argv = ["bash", "-c", script, company.program, *command]
        done = subprocess.run(argv, env=company.environ, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == status, done.stderr
        assert done.stdout == ""
    assert company.calls() == ["AssumeRole ok"] * 3
    assert company.keys(READER) == key
    assert not list((company.paths.state / "vault").glob("*.tmp"))


def test_a_vault_without_its_key_is_an_error_and_its_sessions_are_there_again_with_the_key(company: Company) -> None:
    key = company.keys(READER)
    held = company.paths.state / "vault" / "key"
    content = held.read_bytes()
    held.write_bytes(re.sub(rb"[0-9a-f]", b"0", content))
    done = company.run("sessions", "renew", READER)
    assert done.returncode == 6, done.stderr
    held.write_bytes(content)
    assert company.keys(READER) == key


def test_a_damaged_record_is_opened_anew_and_its_neighbours_are_as_they_were(company: Company) -> None:
    key, other = company.keys(READER), company.keys("billing-staging/ReadOnly")
    record = next(
        path for path in (company.paths.state / "vault").glob("session-*") if b"payments-staging" in path.read_bytes()
    )
    record.write_bytes(record.read_bytes()[:-1] + b"\0")
    assert company.keys(READER) != key
    assert company.keys("billing-staging/ReadOnly") == other
