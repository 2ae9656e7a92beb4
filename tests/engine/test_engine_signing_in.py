"""Who can be signed in to, and what is seen to before a person is asked."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from hashlib import sha1
from pathlib import Path

import pytest

from xswitch.engine import Engine, logins
from xswitch.errors import NoSuchTarget, PersonNeeded, Usage, VaultUnavailable
from xswitch.identity.consent import Consents
from xswitch.identity.sso_login import Way
from xswitch.paths import Paths

START = "https://acme.awsapps.com/start"
CATALOG = """\
version = 1
[identities.corp]
kind = "sso"
start_url = "https://acme.awsapps.com/start"
sso_region = "eu-west-1"
[identities.keys]
kind = "keys"
[identities.process]
kind = "process"
process = "saml2aws script"
[identities.profile]
kind = "profile"
profile = "work"
[identities.environment]
kind = "environment"
"""


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    environ = {"HOME": str(tmp_path), "XSWITCH_HOME": str(tmp_path / "x"), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    paths = Paths.of(environ)
    paths.config.mkdir(parents=True)
    paths.catalog_file.write_text(CATALOG)
    return Engine(paths, environ, time.time)


def nobody(engine: Engine) -> Way:
    """A login that must not get as far as the person."""
    return Way(pytest.fail, pytest.fail, device=True, now=engine.now, sleep=pytest.fail)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("keys", "xswitch identity add keys"),
        ("process", "by itself"),
        ("profile", "aws sso login --profile work"),
        ("environment", "AWS_ACCESS_KEY_ID"),
    ],
)
def test_an_identity_without_a_login_says_how_it_is_got_instead(engine: Engine, name: str, hint: str) -> None:
    with pytest.raises(Usage, match=f"{name} is of kind {name}") as caught:
        logins.identity_of(engine, name)
    assert hint in caught.value.hint


def test_an_unknown_name_lists_the_logins(engine: Engine) -> None:
    assert logins.identity_of(engine, "corp").kind == "sso"
    with pytest.raises(NoSuchTarget, match="no identity crop") as caught:
        logins.identity_of(engine, "crop\x1b")
    assert caught.value.hint == "those with a login: corp"
    engine.paths.catalog_file.write_text("version = 1\n")
    with pytest.raises(NoSuchTarget) as caught:
        logins.identity_of(Engine(engine.paths, engine.environ, time.time), "corp")
    assert "[identities.corp]" in caught.value.hint


def test_a_shared_catalogs_login_page_is_shown_to_nobody_who_has_not_consented(engine: Engine) -> None:
    shared = replace(logins.identity_of(engine, "corp"), source="team")
    with pytest.raises(PersonNeeded, match=r"start_url 'https://acme\.awsapps\.com/start'"):
        logins.sign_in(engine, shared, nobody(engine))
    Consents(engine.paths.state).give(shared, "start_url", shared.start_url)
    other = replace(shared, start_url="https://evil.awsapps.com/start")
    with pytest.raises(PersonNeeded, match="have not consented"):
        logins.sign_in(engine, other, nobody(engine))


def test_a_login_that_can_not_be_kept_is_not_begun(engine: Engine) -> None:
    (Path(engine.environ["HOME"]) / ".aws").write_text("a file")
    with pytest.raises(VaultUnavailable, match="can't be kept"):
        logins.sign_in(engine, logins.identity_of(engine, "corp"), nobody(engine))


def test_the_identities_say_how_long_a_login_lasts(engine: Engine, tmp_path: Path) -> None:
    def seen() -> tuple[float | None, bool]:
        view = next(view for view in engine.identities() if view.name == "corp")
        return view.expires, view.renews

    assert seen() == (None, False)
    folder = tmp_path / ".aws" / "sso" / "cache"
    folder.mkdir(parents=True)
    file = folder / f"{sha1(START.encode()).hexdigest()}.json"
    data = {"accessToken": "a", "expiresAt": "2030-01-01T00:00:00Z"}
    file.write_text(json.dumps(data))
    assert seen() == (1893456000.0, False)
    client = {"clientId": "c", "clientSecret": "s", "registrationExpiresAt": "2099-01-01T00:00:00Z"}
    file.write_text(json.dumps(data | client | {"refreshToken": "r"}))
    assert seen() == (1893456000.0, True)
    assert all(view.expires is None for view in engine.identities() if view.name != "corp")
