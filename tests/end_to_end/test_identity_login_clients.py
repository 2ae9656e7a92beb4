"""One login for xswitch, the AWS CLI and the SDK for JavaScript: each uses, and refreshes, what another wrote."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from kept_house import CLIENTS
from login_home import VIEWER, LoginHome


@pytest.fixture
def home(xswitch: str, newcomer: dict[str, str], tmp_path: Path) -> Iterator[LoginHome]:
    made = LoginHome(xswitch, newcomer, tmp_path / "practice")
    yield made
    made.close()


def who(home: LoginHome, client: str) -> str:
    """Ask AWS who a client is, with nothing but the login."""
    argv = CLIENTS[client]
    assert Path(argv[0]).exists(), f"{argv[0]} is missing: `make .cache/clients/.done` builds it"
    done = subprocess.run(argv, env=home.environ, input="who\n", capture_output=True, text=True, timeout=120)
    ready, said = done.stdout.splitlines()
    assert ready == "ready"
    return said


TOKEN = """
import json, os, pathlib, time
from xswitch.catalog.model import Identity
from xswitch.identity import sso
state = pathlib.Path({state!r})
corp = Identity("corp", "sso", sso_session="acme", start_url="https://acme.awsapps.com/start", sso_region="eu-west-1")
token = sso.token_of(corp, os.environ, state, time.time())
files = pathlib.Path(os.environ["HOME"], ".aws/sso/cache").glob("*.json")
held = [json.loads(path.read_text()).get("accessToken") for path in files]
print("the same" if token.access.reveal() in held else "another")
"""


def ours(home: LoginHome) -> None:
    """Ask xswitch for the token of the login: it has to be the one in the file."""
    assert home.works("python", "-c", TOKEN.format(state=str(home.paths.state))).strip() == "the same"


@pytest.mark.parametrize(("client", "seconds"), [("aws-cli", 800), ("javascript", 200)])
def test_a_client_and_xswitch_use_and_refresh_each_others_tokens(home: LoginHome, client: str, seconds: int) -> None:
    """The AWS CLI refreshes within a quarter of an hour of the end, the SDK for JavaScript within five minutes."""
    home.directory.access_seconds = seconds
    home.sign_in()
    home.directory.access_seconds = 3600
    written = home.data()
    assert who(home, client).startswith(VIEWER)
    theirs = home.data()
    assert theirs["accessToken"] != written["accessToken"]
    assert theirs["refreshToken"] != written["refreshToken"]
    ours(home)
    assert home.calls("CreateToken") == 2, "what the client refreshed serves here"
    assert home.expires()[:16] == theirs["expiresAt"][:16]  # type: ignore[index]
    home.file.write_text(json.dumps(theirs | {"expiresAt": "2026-01-01T00:00:00Z"}))
    ours(home)
    refreshed = home.data()
    assert refreshed["refreshToken"] != theirs["refreshToken"]
    assert who(home, client).startswith(VIEWER)
    assert (home.data(), home.calls("CreateToken")) == (refreshed, 3), (
        "and what xswitch refreshed serves there as it is"
    )
    home.works("xswitch", "identity", "logout", "corp")
    assert not who(home, client).startswith("arn:"), "a logout here is one there"


def test_the_aws_cli_lists_accounts_with_the_token(home: LoginHome) -> None:
    home.sign_in()
    said = home.works("aws", "sso", "list-accounts", "--access-token", home.data()["accessToken"], "--output", "json")
    assert "555566667777" in {account["accountId"] for account in json.loads(said)["accountList"]}
