"""Where an identity's credentials come from; what one kind lacks is never taken from another."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from xswitch.catalog.model import Identity
from xswitch.credentials import Credentials, key_fingerprint
from xswitch.errors import InvalidConfig, PersonNeeded, Unreachable, Usage, VaultUnavailable
from xswitch.identity import sign_ins, stored
from xswitch.identity.sources import basis_of, credentials_of, fingerprint_of
from xswitch.secret import Secret
from xswitch.vault import Vault
from xswitch.vault.folder import Folder
from xswitch.vault.holders import FileHolder

KEYS = Identity("central", "keys")
ENVIRONMENT = Identity("outside", "environment")
ADA = Credentials("AKIAADA0000000000001", Secret("abcdefghijklmnopqrstuvwxyz0123456789/+AB"))
NOWHERE = Path("/nowhere")
OUTSIDE = {"AWS_ACCESS_KEY_ID": "AKIAOUTSIDE000000001", "AWS_SECRET_ACCESS_KEY": "outside-sentinel"}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    folder = Folder(str(tmp_path / "vault"))
    return Vault(folder.path, FileHolder(folder))


class Profiles:
    """The person's AWS files."""

    def __init__(self, home: Path) -> None:
        self.environ = {"HOME": str(home), "AWS_CONFIG_FILE": str(home / "config")}
        self.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(home / "credentials")
        self._config, self._credentials = home / "config", home / "credentials"

    def write(self, config: str = "", credentials: str = "") -> None:
        self._config.write_text(config)
        self._credentials.write_text(credentials)


@pytest.fixture
def profiles(tmp_path, monkeypatch) -> Profiles:
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in OUTSIDE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/a-renewing-shell")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9/")
    made = Profiles(tmp_path)
    made.write()
    return made


# ── keys


def test_keys_are_those_of_the_vault_and_need_a_person_where_there_are_none(vault):
    with pytest.raises(PersonNeeded, match="no access key for the identity central") as caught:
        credentials_of(KEYS, vault, OUTSIDE)
    assert caught.value.hint == "xswitch identity add central"
    stored.keep(vault, "central", ADA, 1000.0)
    assert credentials_of(KEYS, vault, {}) == ADA
    assert fingerprint_of(KEYS, vault, OUTSIDE, NOWHERE) == key_fingerprint(ADA.access_key_id) != ""
    assert stored.since(vault, "central") == (1000.0, False)
    assert stored.since(vault, "other") is None
    stored.keep(vault, "central", ADA, 1000.0, created=500.0)
    assert stored.since(vault, "central") == (500.0, True)
    assert fingerprint_of(Identity("other", "keys"), vault, OUTSIDE, NOWHERE) == ""


def test_forgotten_keys_are_gone(vault):
    stored.keep(vault, "central", ADA, 1000.0)
    assert stored.forget(vault, "central")
    assert not stored.forget(vault, "central")
    assert stored.read(vault, "central") is None


def test_nothing_of_the_key_is_readable_without_the_vault_s(vault, tmp_path):
    stored.keep(vault, "central", ADA, 1000.0)
    content = b"".join(path.read_bytes() for path in (tmp_path / "vault").glob("*.rec"))
    assert content
    assert ADA.access_key_id.encode() not in content
    assert ADA.secret_access_key.reveal().encode() not in content


def test_a_damaged_record_is_an_error_and_not_another_source(vault, tmp_path):
    stored.keep(vault, "central", ADA, 1000.0)
    (file,) = (tmp_path / "vault").glob("*.rec")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(VaultUnavailable):
        credentials_of(KEYS, vault, OUTSIDE)


@pytest.mark.parametrize(
    ("key", "secret", "words"),
    [
        ("ASIA0000000000000001", "x" * 40, "temporary"),
        ("AKIA", "x" * 40, "no access key id"),
        ("akiaada0000000000001", "x" * 40, "no access key id"),
        ("AKIAADA0000000000001\n", "x" * 40, "no access key id"),
        ("AKIAADA000000000000é", "x" * 40, "no access key id"),
        ("AKIAADA0000000000001", "short", "no secret"),
        ("AKIAADA0000000000001", "secret with blanks, and sentinel", "no secret"),
        ("AKIAADA0000000000001", "x" * 129, "no secret"),
    ],
)
def test_what_is_no_key_is_refused_and_not_repeated(key, secret, words):
    with pytest.raises(Usage, match=words) as caught:
        stored.check(key, Secret(secret))
    assert secret not in caught.value.message + caught.value.hint


def test_a_key_is_a_key():
    assert stored.check("AKIAADA0000000000001", Secret("x" * 40)).access_key_id == "AKIAADA0000000000001"


# ── environment


def test_the_environment_outside(vault):
    found = credentials_of(ENVIRONMENT, vault, OUTSIDE)
    assert (found.access_key_id, found.secret_access_key.reveal()) == tuple(OUTSIDE.values())
    assert found.session_token is None
    assert not found.temporary
    found = credentials_of(ENVIRONMENT, vault, OUTSIDE | {"AWS_SESSION_TOKEN": "t"})
    assert found.session_token == Secret("t")
    assert fingerprint_of(ENVIRONMENT, vault, OUTSIDE, NOWHERE) == key_fingerprint(OUTSIDE["AWS_ACCESS_KEY_ID"])


@pytest.mark.parametrize("missing", OUTSIDE)
def test_half_a_key_is_none(vault, missing):
    environ = {name: value for name, value in OUTSIDE.items() if name != missing}
    with pytest.raises(PersonNeeded, match="holds no credentials"):
        credentials_of(ENVIRONMENT, vault, environ)


def test_a_session_of_xswitch_is_never_taken_for_the_person(vault):
    environ = OUTSIDE | {"XSWITCH_TARGET": "payments-prod/\x1b[31mDeploy"}
    with pytest.raises(PersonNeeded, match=r"session of payments-prod/\[31mDeploy") as caught:
        credentials_of(ENVIRONMENT, vault, environ)
    assert "leave it" in caught.value.hint
    assert fingerprint_of(ENVIRONMENT, vault, environ, NOWHERE) == ""


# ── profiles


def profile(name: str) -> Identity:
    return Identity("corp", "profile", profile=name)


STATIC = "[corp]\naws_access_key_id = AKIAPROFILE000000001\naws_secret_access_key = from-the-profile\n"


def test_the_keys_of_a_profile(vault, profiles):
    profiles.write(credentials=STATIC + "aws_session_token = token\n")
    found = credentials_of(profile("corp"), vault, profiles.environ)
    assert (found.access_key_id, found.secret_access_key.reveal()) == ("AKIAPROFILE000000001", "from-the-profile")
    assert found.temporary
    assert credentials_of(Identity("corp", "profile"), vault, profiles.environ) == found, "its own name is the default"


def test_a_program_of_a_profile(vault, profiles):
    program = (
        'print(\'{"Version": 1, "AccessKeyId": "ASIAPROCESS000000001", "SecretAccessKey": "s", '
        '"SessionToken": "t", "Expiration": "2099-01-01T00:00:00Z"}\')'
    )
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}"
    profiles.write(f"[profile corp]\ncredential_process = {command}\n")
    found = credentials_of(profile("corp"), vault, profiles.environ)
    assert (found.access_key_id, found.expires) == ("ASIAPROCESS000000001", 4070908800.0)


def test_a_program_that_hangs_is_not_waited_for(vault, profiles):
    command = f"{shlex.quote(sys.executable)} -c 'import time; time.sleep(5)'"
    profiles.write(f"[profile corp]\ncredential_process = {command}\n")
    with pytest.raises(Unreachable, match=r"no credentials within 0\.2s"):
        credentials_of(profile("corp"), vault, profiles.environ, seconds=0.2)


@pytest.mark.parametrize(
    ("config", "kind", "words"),
    [
        ("[profile other]\n", Usage, "AWS profile corp of the identity corp does not exist"),
        ("[profile corp]\nregion = eu-west-1\n", PersonNeeded, "holds no credentials"),
        ("[profile corp]\naws_access_key_id = AKIAPROFILE000000001\n", PersonNeeded, "gives no credentials"),
        ("[profile corp]\ncredential_process = /does/not/exist\n", PersonNeeded, "helper can't be run"),
        ("[profile corp]\ncredential_process = /bin/echo nonsense\n", PersonNeeded, "makes no sense"),
        ("[profile corp]\ncredential_process = /bin/echo []\n", PersonNeeded, "makes no sense"),
        ("[profile corp]\ncredential_process = /bin/false\n", PersonNeeded, "gives no credentials"),
        ("[profile corp\n", InvalidConfig, "config"),
        (
            "[profile corp]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = R\n"
            "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x.example/start\n",
            PersonNeeded,
            "wants a login",
        ),
        (
            "[profile corp]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = gone\n",
            InvalidConfig,
            "gone",
        ),
    ],
)
def test_a_profile_without_credentials_says_so_and_nothing_stands_in(vault, profiles, config, kind, words):
    profiles.write(config, "[default]\naws_access_key_id = AKIADEFAULT000000001\naws_secret_access_key = x\n")
    with pytest.raises(kind, match=words) as caught:
        credentials_of(profile("corp"), vault, profiles.environ)
    assert caught.value.hint


def test_a_profile_that_builds_on_a_session_of_xswitch_is_refused(vault, profiles):
    profiles.write("[profile corp]\nrole_arn = arn:aws:iam::1:role/R\ncredential_source = Environment\n")
    environ = profiles.environ | {"XSWITCH_TARGET": "payments-prod/Deploy"}
    with pytest.raises(PersonNeeded, match="session of payments-prod/Deploy"):
        credentials_of(profile("corp"), vault, environ)


def test_a_profile_s_fingerprint_changes_with_its_files_and_name(vault, profiles):
    found = [fingerprint_of(profile("corp"), vault, profiles.environ, NOWHERE)]
    found.append(fingerprint_of(profile("other"), vault, profiles.environ, NOWHERE))
    profiles.write("[profile corp]\nregion = eu-west-1\n")
    found.append(fingerprint_of(profile("corp"), vault, profiles.environ, NOWHERE))
    profiles.write("[profile corp]\nregion = eu-west-1\n", STATIC)
    found.append(fingerprint_of(profile("corp"), vault, profiles.environ, NOWHERE))
    found.append(fingerprint_of(profile("corp"), vault, {"HOME": "/nowhere"}, NOWHERE))
    assert len(set(found)) == 5
    assert "" not in found
    assert fingerprint_of(profile("corp"), vault, profiles.environ, NOWHERE) == found[3]


def test_a_login_has_no_keys_and_is_told_by_where_it_is_made(vault):
    corp = Identity("corp", "sso", start_url="https://acme.awsapps.com/start", sso_region="eu-west-1")
    with pytest.raises(Usage, match="no keys of its own"):
        credentials_of(corp, vault, {})
    others = [replace(corp, **{field: "other"}) for field in ("start_url", "sso_region", "sso_session")]
    found = [fingerprint_of(one, vault, {}, NOWHERE) for one in (corp, *others)]
    assert len(set(found)) == 4
    assert "" not in found
    assert fingerprint_of(replace(corp, name="renamed"), vault, {}, NOWHERE) == found[0]


def test_each_sign_in_that_is_made_here_is_another_caller(vault, tmp_path):
    corp = Identity("corp", "sso", start_url="https://acme.awsapps.com/start", sso_region="eu-west-1")
    found = [fingerprint_of(corp, vault, {}, tmp_path)]
    for _ in range(2):
        sign_ins.begin(corp, tmp_path)
        found.append(fingerprint_of(corp, vault, {}, tmp_path))
        assert fingerprint_of(replace(corp, name="renamed"), vault, {}, tmp_path) == found[-1]
    assert len(set(found)) == 3
    files, variables = basis_of(corp, vault, {}, tmp_path)
    assert variables == []
    assert [Path(file).read_bytes() for file in files] == [bytes.fromhex(sign_ins.current(corp, tmp_path))]
