"""Copies of the AWS files: no `default` that gives credentials, no secret, and botocore as the judge of both."""

from __future__ import annotations

import json
import os
from pathlib import Path

import botocore.configloader
import botocore.session
import pytest
from botocore import exceptions
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from xswitch import own_files
from xswitch.own_files import BOTO, CONFIG, CREDENTIALS
from xswitch.shell.aws_files import Copies, copies, parse

KEY = "AKIASENTINELSENTINEL"
SECRET = "s3ntinelSECRET/KEYs3ntinelSECRET/KEYabcd"
KEYS = f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
OUTSIDE = frozenset({"env", "ec2-credentials-file", "boto-config", "container-role", "iam-role"})


class Files:
    """A home with AWS files, and what SDKs make of it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ = {"HOME": str(home)}
        (home / ".aws").mkdir(exist_ok=True)
        self.config = home / ".aws" / "config"
        self.credentials = home / ".aws" / "credentials"

    def write(self, *, config: str | bytes = "", credentials: str | bytes = "") -> Files:
        for file, text in ((self.config, config), (self.credentials, credentials)):
            file.write_bytes(text.encode() if isinstance(text, str) else text)
        return self

    def copied(self) -> tuple[Copies, Files]:
        """Return the copies, and a home where they are the files."""
        found = copies(self.environ)
        assert found is not None
        other = self.home / "copied"
        other.mkdir(exist_ok=True)
        home = Files(other)
        home.write(config=found.texts.get(CONFIG, ""), credentials=found.texts.get(CREDENTIALS, ""))
        return found, home

    def session(self, profile: str | None = None) -> botocore.session.Session:
        names = {"config_file": str(self.config), "credentials_file": str(self.credentials)}
        session = botocore.session.Session(
            profile=profile, session_vars={name: (None, None, file, None) for name, file in names.items()}
        )
        resolver = session.get_component("credential_provider")
        for method in OUTSIDE:
            resolver.remove(method)
        return session

    def unreadable(self) -> bool:
        """Tell whether botocore reads nothing of them, as where a section stands there twice."""
        for file in (self.config, self.credentials):
            try:
                botocore.configloader.load_config(str(file))
            except exceptions.ConfigParseError:
                return True
        return False

    def default_wins(self) -> bool:
        """Tell whether botocore takes credentials from the default profile, or fails over it, before the endpoint."""
        try:
            return self.session().get_credentials() is not None
        except (exceptions.BotoCoreError, OSError, KeyError):
            return True


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


GIVING = {
    "keys": KEYS,
    "half of a key": f"aws_access_key_id = {KEY}\n",
    "upper case": KEYS.upper().replace(" = ", "="),
    "colons": KEYS.replace(" = ", ": "),
    "a process": f"credential_process = echo '{json.dumps({'Version': 1, 'AccessKeyId': KEY, 'SecretAccessKey': SECRET})}'\n",
    "a role from another profile": "role_arn = arn:aws:iam::444455556666:role/x\nsource_profile = other\n",
    "a role from the environment": "role_arn = arn:aws:iam::444455556666:role/x\ncredential_source = Ec2InstanceMetadata\n",
    "a login at Identity Center": "sso_session = acme\nsso_account_id = 444455556666\nsso_role_name = x\n",
    "an old login there": "sso_start_url = https://x.example\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = x\n",
    "a web identity": "role_arn = arn:aws:iam::444455556666:role/x\nweb_identity_token_file = /tmp/token\n",
    "a login by the console": "login_session = arn:aws:iam::444455556666:user/x\n",
    "what is to come": "shiny_credential_source_2030 = yes\n",
}
WRITTEN = {
    "plain": "[default]\nregion = eu-west-1\n{}",
    "profile": "[profile default]\n{}",
    "quoted": '[profile "default"]\n{}',
    "blanks": "[ default ]\n{}",
    "tabs": "[profile\tdefault]\n{}",
    "capitals": "[Default]\n{}",
    "a remark": "[default] # the usual\n; nothing\n{}",
    "later": "[profile other]\nregion = eu-west-1\n\n[default]\n{}",
    "twice": "[default]\nregion = eu-west-1\n[profile x]\n[default]\n{}",
    "an indented header": "[profile x]\nregion = a\n  [default]\n{}",
    "a mark at its beginning": "\ufeff[default]\n{}",
}


@pytest.mark.parametrize("where", ["config", "credentials"])
@pytest.mark.parametrize("giving", GIVING)
def test_whatever_gives_credentials_is_left_out(files: Files, where: str, giving: str) -> None:
    files.write(**{where: f"[default]\nregion = eu-west-1\n{GIVING[giving]}[profile other]\n{KEYS}"})
    found, copied = files.copied()
    assert not copied.default_wins()
    assert "gives credentials" in found.notes[0]
    assert parse(found.texts[CONFIG if where == "config" else CREDENTIALS])["default"].settings == {
        "region": ("eu-west-1", {})
    }


@pytest.mark.parametrize("where", ["config", "credentials"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("written", WRITTEN)
def test_however_default_is_written(files: Files, where: str, written: str, ending: str) -> None:
    text = WRITTEN[written].format(KEYS).replace("\n", ending)
    files.write(**{where: text.encode()})
    found, copied = files.copied()
    assert not copied.default_wins()
    assert KEY not in "".join(found.texts.values())


def test_keys_in_a_line_that_hangs_below_another_count(files: Files) -> None:
    """SDKs differ over them: to some it is a setting of its own, to others a part of the one above."""
    files.write(config=f"[default]\nregion = x\n    aws_access_key_id = {KEY}\n    aws_secret_access_key = {SECRET}\n")
    found, copied = files.copied()
    assert not copied.default_wins()
    assert KEY not in "".join(found.texts.values())


@pytest.mark.parametrize(
    "config",
    [
        "",
        "[default]\n",
        "[default]\nregion = eu-west-1\noutput = json\ncli_pager =\n",
        f"[profile other]\n{KEYS}",
        "[default]\ns3 =\n    max_concurrent_requests = 20\n    addressing_style = path\n",
        "[default]\nservices = local\n[services local]\ns3 =\n    endpoint_url = http://127.0.0.1:9\n",
        "[sso-session default2]\nsso_start_url = https://x.example\n",
        "# [default]\n# aws_access_key_id = x\n",
    ],
)
def test_files_whose_default_gives_nothing_stay_the_persons(files: Files, config: str) -> None:
    files.write(config=config)
    assert copies(files.environ) is None
    assert not files.default_wins()


def test_no_files_need_no_copies(tmp_path: Path) -> None:
    assert copies({"HOME": str(tmp_path)}) is None
    assert copies({"HOME": str(tmp_path), CONFIG: os.devnull, CREDENTIALS: os.devnull}) is None


def test_the_files_are_those_that_sdks_read(files: Files) -> None:
    elsewhere = files.home / "elsewhere"
    elsewhere.write_text(f"[default]\n{KEYS}")
    assert copies({**files.environ, CONFIG: str(elsewhere)}) is not None
    assert copies({**files.environ, CREDENTIALS: "~/elsewhere"}) is not None
    files.write(credentials=f"[default]\n{KEYS}")
    assert copies(files.environ) is not None
    assert copies({**files.environ, CREDENTIALS: os.devnull}) is None
    found = copies({**files.environ, CREDENTIALS: "$HOME/.aws/config"})
    assert found is not None, "botocore takes that for a variable"


def test_what_is_no_secret_stays(files: Files) -> None:
    kept = (
        "[default]\nregion = eu-west-1\noutput = yaml\nservices = local\ns3 =\n    addressing_style = path\n"
        "[profile dev]\nregion = eu-central-1\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Dev\n"
        "[profile build]\nrole_arn = arn:aws:iam::111122223333:role/Build\nsource_profile = dev\nexternal_id = a-b\n"
        "[profile ours]\ncredential_process = /usr/bin/xswitch credential-process payments-dev/Admin\n"
        "[sso-session acme]\nsso_start_url = https://acme.example/start\nsso_region = eu-west-1\n"
        "[services local]\nsts =\n    endpoint_url = http://127.0.0.1:4566\n"
        "[plugins]\nendpoint = awscli_plugin\n"
    )
    files.write(config=kept.replace("[profile dev]", f"{KEYS}[profile dev]"))
    found, copied = files.copied()
    assert found.texts[CONFIG] == kept
    assert len(found.notes) == 1
    session = copied.session("build")
    assert session.get_scoped_config()["source_profile"] == "dev"
    assert copied.session().get_config_variable("region") == "eu-west-1"


SECRETS = f"""\
# aws_secret_access_key = {SECRET}
[default]
{KEYS}aws_session_token = {SECRET}
x_security_token = {SECRET}
region = eu-west-1 # {KEY}
[profile keys]
{KEYS}region = eu-west-1
[profile process]
credential_process = helper --password {SECRET}
[profile bare]
credential_process = helper {SECRET}
[profile printed]
credential_process = sh -c 'echo {{"Version": 1, "AccessKeyId": "{KEY}", "SecretAccessKey": "x{SECRET}"}}'
[profile chained]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = keys
[profile nested]
s3 =
    aws_secret_access_key = {SECRET}
    addressing_style = path
[profile url]
endpoint_url = https://ada:{SECRET}@proxy.example/
[profile odd]
our_own_tool_pin = {SECRET}
[profile fine]
sso_session = acme
[tool]
{KEYS}
"""


def test_no_secret_is_in_a_copy_and_who_lost_keys_is_told(files: Files) -> None:
    files.write(config=SECRETS, credentials=SECRETS.replace("[profile ", "["))
    found, copied = files.copied()
    text = "".join(found.texts.values())
    assert SECRET not in text
    assert KEY not in text
    assert "s3ntinel" not in text
    assert not copied.default_wins()
    assert found.notes[1:] == (
        "the copies hold no keys, so these profiles have none: bare, chained, keys, printed, process and 1 more",
    )
    assert "fine" not in "".join(found.notes)
    assert "addressing_style = path" in found.texts[CONFIG]


@pytest.mark.parametrize(
    "text",
    [
        "region = x\n[default]\n",
        "[default\nregion = x\n",
        "[default]\nregion\n",
        b"[default]\nregion = \xff\n",
        "[a]\n= x\n",
    ],
)
def test_a_file_that_makes_no_sense_is_replaced_by_an_empty_one(files: Files, text: str | bytes) -> None:
    files.write(config=text, credentials="[other]\nregion = x\n")
    found, copied = files.copied()
    assert found.texts == {CONFIG: "", CREDENTIALS: "[other]\nregion = x\n"}
    assert "can't be understood" in found.notes[0]
    assert str(files.config) in found.notes[0]
    assert not copied.default_wins()


@pytest.mark.parametrize("kind", ["folder", "pipe", "loop"])
def test_a_file_that_can_not_be_read_is_replaced_by_an_empty_one(files: Files, kind: str) -> None:
    if kind == "folder":
        files.config.mkdir()
    elif kind == "pipe":
        os.mkfifo(files.config)  # to wait for its writer would be to wait for ever
    else:
        files.config.symlink_to(files.config)
    found = copies(files.environ)
    assert found is not None
    assert found.texts[CONFIG] == ""
    assert "can't be read" in found.notes[0]


def test_boto_2_is_asked_before_the_endpoint_too(files: Files) -> None:
    boto = files.home / ".boto"
    boto.write_text("[Boto]\nproxy = x\n")
    assert copies(files.environ) is None
    boto.write_text(f"[Credentials]\n{KEYS}")
    found = copies(files.environ)
    assert found is not None
    assert found.texts == {BOTO: ""}
    assert BOTO in found.notes[0]
    assert copies({**files.environ, BOTO: os.devnull}) is None
    assert copies({**files.environ, BOTO: str(boto)}) is not None


NAMES = st.sampled_from(
    [
        "default",
        "profile default",
        "profile other",
        "other",
        " default",
        "DEFAULT",
        "profile  default",
        "services x",
        "x]y",
    ]
)
LINES = st.one_of(
    NAMES.map(lambda name: f"[{name}]"),
    st.sampled_from([line for text in GIVING.values() for line in text.splitlines()]),
    st.sampled_from(["region = x", "  region = y", "s3 =", "    addressing_style = path", "", "# x", "; y", "nonsense", "[", "="]),
    st.sampled_from([f"  aws_access_key_id = {KEY}", f"\taws_secret_access_key: {SECRET}"]),
    st.text(alphabet=st.sampled_from("[]=:#; default\t\u2028\x0b"), max_size=12),
)  # fmt: skip
TEXTS = st.builds(str.join, st.sampled_from(["\n", "\r\n", "\r"]), st.lists(LINES, max_size=12))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(config=TEXTS, credentials=TEXTS)
@example(config="[default]\n[profile default]\nregion = x\n", credentials="")
@example(config="[]\n[default]\nsso_session = x\n", credentials="")
def test_default_never_wins_whatever_the_files_say(files: Files, config: str, credentials: str) -> None:
    files.write(config=config, credentials=credentials)
    found = copies(files.environ)
    if found is None:
        assert files.unreadable() or not files.default_wins()
        return
    other = files.home / "other"
    other.mkdir(exist_ok=True)
    copied = Files(other).write(config=found.texts[CONFIG], credentials=found.texts[CREDENTIALS])
    assert not copied.default_wins()
    text = "".join(found.texts.values())
    assert KEY not in text
    assert SECRET not in text
    # A copy of a copy is the copy: nothing in it is read as something else.
    again = copies({"HOME": str(other)})
    assert again is None


def test_a_process_inside_finds_the_persons_own_files() -> None:
    outside = {CONFIG: "/etc/theirs"}
    inside = outside | own_files.marked({CONFIG: f"/x/a{own_files.SUFFIX}", CREDENTIALS: own_files.NOWHERE}, outside)
    assert own_files.own(CONFIG, inside) == "/etc/theirs"
    assert own_files.own(CREDENTIALS, inside) == ""
    assert own_files.own(CONFIG, outside) == "/etc/theirs"
    chosen = inside | {CONFIG: "/mine/config"}
    assert own_files.own(CONFIG, chosen) == "/mine/config", "what a person set inside is theirs"
