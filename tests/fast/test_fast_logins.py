"""The fast commands and sessions of permission sets: served to the letter, left alone after any change."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from fast_house import PROGRAM

sys.path.insert(0, str(Path(__file__).parents[1] / "sandbox"))
from portal_house import GUARDED, VIA, VIEW, PortalHouse

from xswitch import cli
from xswitch.catalog import load
from xswitch.fast.answer import answer
from xswitch.fast.serving import Row


@pytest.fixture
def house(tmp_path: Path) -> Iterator[PortalHouse]:
    made = PortalHouse(tmp_path)
    made.sign_in()
    load(made.paths, clock=lambda: time.time_ns() + 10**10)  # its files are no longer young, however slow the machine
    yield made
    made.close()


def slow(house: PortalHouse, *arguments: str, **environ: str) -> str:
    out = io.StringIO()
    with patch.dict(os.environ, house.environ | environ, clear=True), contextlib.redirect_stdout(out):
        assert cli.run(list(arguments), os.environ) == 0
    return out.getvalue()


def fast(house: PortalHouse, *arguments: str, **environ: str) -> str | None:
    with patch.dict(os.environ, house.environ | environ, clear=True):
        return answer(arguments, os.environ, terminal=False)


@pytest.mark.parametrize("target", [VIEW, VIA, GUARDED])
@pytest.mark.parametrize("command", ["credential-process", "env"])
def test_a_live_session_is_served_without_the_whole_program(house: PortalHouse, command: str, target: str) -> None:
    slow(house, "env", target, "--confirm", "payments-prod")
    house.sign_out()
    house.calls()
    assert fast(house, command, target) == slow(house, command, target)
    assert house.calls() == []


def test_the_log_line_is_that_of_the_whole_program(house: PortalHouse) -> None:
    slow(house, "env", VIEW)
    assert fast(house, "env", VIEW) is not None
    slow(house, "env", VIEW)
    _, quick, whole = map(json.loads, house.paths.audit_log.read_text().splitlines())
    varying = {"time", "pid"}
    assert {k: v for k, v in quick.items() if k not in varying} == {k: v for k, v in whole.items() if k not in varying}
    assert (quick["user"], quick["session_name"]) == ("ada", "ada")


CHANGES = {
    "another start URL": ("https://acme.awsapps.com/start", "https://other.awsapps.com/start"),
    "another name of the login": ('sso_session = "acme"', 'sso_session = "beta"'),
    "another region of the portal": ('sso_region = "eu-west-1"', 'sso_region = "eu-central-1"'),
    "another account": ('id = "555566667777"', 'id = "555566667778"'),
    "a guard": ('name = "payments-staging"', 'name = "payments-staging"\nenvironment = "prod"'),
    "a chain in its place": ('{ name = "ViewOnly" }, { name = "Dev', '{ name = "ViewOnly", via = "identity-hub/ViewOnly" }, { name = "Dev'),
    "another kind of identity": ('identity = "corp"', 'identity = "keys"\n[identities.keys]\nkind = "keys"'),
    "a renamed set": ('{ name = "ViewOnly" }, { name = "Dev', '{ name = "ViewAll" }, { name = "Dev'),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_catalog_is_noticed(house: PortalHouse, change: tuple[str, str]) -> None:
    slow(house, "env", VIEW)
    assert fast(house, "credential-process", VIEW) is not None
    text = house.paths.catalog_file.read_text()
    assert text.count(change[0]) >= 1
    house.paths.catalog_file.write_text(text.replace(change[0], change[1], 1))
    assert fast(house, "credential-process", VIEW) is None


def test_a_record_of_another_permission_set_or_account_is_not_this_row_s() -> None:
    row = Row.__new__(Row)
    row.arn, row.role, row.by_login = "arn:aws:iam::555566667777:role/ViewOnly", "ViewOnly", True
    right = "arn:aws:sts::555566667777:assumed-role/AWSReservedSSO_ViewOnly_0123456789abcdef/ada"
    assert row.is_of(right)
    assert not row.is_of(right.replace("ViewOnly", "Admin"))
    assert not row.is_of(right.replace("5555", "4444"))
    assert not row.is_of("arn:aws:sts::555566667777:assumed-role/ViewOnly/ada")
    row.by_login = False
    assert not row.is_of(right)


def test_another_portal_of_the_environment_is_noticed(house: PortalHouse) -> None:
    slow(house, "env", VIEW)
    assert fast(house, "credential-process", VIEW, AWS_ENDPOINT_URL_SSO="http://127.0.0.1:9") is None
    assert fast(house, "credential-process", VIEW, AWS_ENDPOINT_URL_STS="http://127.0.0.1:9") is None
    assert fast(house, "credential-process", VIEW) is not None


def test_the_installed_program_does_not_load_the_whole(house: PortalHouse) -> None:
    slow(house, "env", VIEW)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", str(PROGRAM), "credential-process", VIEW],
        env=house.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout)["Version"] == 1
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "xswitch.session.permission_sets" in loaded
    assert not {"argparse", "xswitch.engine", "xswitch.session.portal", "xswitch.identity.sso_tokens"} & loaded
