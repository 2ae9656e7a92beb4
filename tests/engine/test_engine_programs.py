"""Identities of kind process in a switch: consent, one run for two questions, renewal without a person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from company_engine import ACCOUNT, Office

from xswitch.cli.person import Nobody
from xswitch.errors import PersonNeeded
from xswitch.identity.consent import Consents


def hire(office: Office, folder: Path) -> Path:
    """Let a program give the person's own key; return the file that has a letter for each of its runs."""
    key, secret = office.practice.user_access_key
    document = {"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret}
    runs, tool = folder / "runs", folder / "tool"
    runs.touch()
    tool.write_text(f"#!/bin/sh\nprintf r >>{runs}\ncat <<'.'\n{json.dumps(document)}\n.\n")
    tool.chmod(0o755)
    office.roles("", f'process = "{tool}"')
    catalog = office.paths.catalog_file
    catalog.write_text(catalog.read_text().replace('kind = "keys"', 'kind = "process"'))
    return runs


def test_whose_keys_they_are_and_the_session_cost_one_run(office: Office, tmp_path: Path) -> None:
    runs = hire(office, tmp_path)
    opened = office.open()
    assert office.calls() == ["GetCallerIdentity ok", "AssumeRole ok"]
    assert opened.arn.endswith("assumed-role/PowerUser/ada")
    assert runs.read_text() == "r"
    assert office.serve().credentials == opened.credentials
    assert runs.read_text() == "r", "a session in the vault needs no program"
    office.serve("ReadOnly")
    assert runs.read_text() == "rr"
    assert office.calls() == ["AssumeRole ok"], "whose keys they are is known by now"


def test_it_is_renewed_without_a_person(office: Office, tmp_path: Path) -> None:
    runs = hire(office, tmp_path)
    engine = office.engine()
    kept = engine.keep(engine.plan(engine.resolve(f"{ACCOUNT}/PowerUser")), Nobody(), Nobody())
    assert (kept.until, kept.what) == (None, "")
    assert runs.read_text() == "r"


def test_what_can_t_be_renewed_is_refused_at_the_start(office: Office, tmp_path: Path) -> None:
    hire(office, tmp_path)
    office.open()
    (tmp_path / "tool").write_text("#!/bin/sh\necho sign in first >&2\nexit 1\n")
    engine = office.engine()
    with pytest.raises(PersonNeeded, match="the program of central failed") as caught:
        engine.keep(engine.plan(engine.resolve(f"{ACCOUNT}/PowerUser")), Nobody(), Nobody())
    assert caught.value.hint == "sign in first"


def test_a_shared_catalog_s_program_does_not_run_before_the_person_consented(office: Office, tmp_path: Path) -> None:
    runs = hire(office, tmp_path)
    share = office.paths.state / "shared" / "team" / "current"
    share.mkdir(parents=True)
    office.paths.catalog_file.rename(share / "catalog.toml")
    with pytest.raises(PersonNeeded, match=r"team wants to use process .*tool") as caught:
        office.open()
    assert "catalog sync team" in caught.value.hint
    engine = office.engine()
    with pytest.raises(PersonNeeded, match="team wants to use process"):
        engine.keep(engine.plan(engine.resolve(f"{ACCOUNT}/PowerUser")), Nobody(), Nobody())
    assert runs.read_text() == ""
    identity = office.engine().catalog.identities["central"]
    Consents(office.paths.state).give(identity, "process", identity.process)
    office.open()
    assert runs.read_text() == "r"
