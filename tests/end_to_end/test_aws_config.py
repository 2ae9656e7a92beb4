"""The AWS config, in and out, by the installed program: and the AWS CLI works with what it wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.configloader import raw_config_parse
from practice_home import PracticeHome

from xswitch.cli import run
from xswitch.sources import aws_export

THEIRS = "\ufeff# mine\r\n[default]\r\nregion\t= eu-west-1\r\n\r\n[profile own]\r\naws_access_key_id = AKIAOWN\r\n"


@pytest.fixture
def home(xswitch: str, newcomer: dict[str, str], tmp_path: Path) -> Iterator[PracticeHome]:
    made = PracticeHome(newcomer, tmp_path / "practice")
    yield made
    made.close()


def test_the_aws_cli_uses_an_exported_profile_and_the_rest_of_the_file_stays(home: PracticeHome) -> None:
    home.aws_config.write_bytes(THEIRS.encode())
    home.aws_config.chmod(0o640)
    shown = home.works("xswitch", "catalog", "export", "aws-config", "--match", "env:dev role:Admin", "--diff")
    assert "+[profile payments-dev/Admin]" in shown
    assert home.aws_config.read_bytes() == THEIRS.encode()
    home.works("xswitch", "catalog", "export", "aws-config", "--match", "env:dev role:Admin")
    assert home.aws_config.read_bytes().startswith(THEIRS.encode())
    assert home.aws_config.stat().st_mode & 0o777 == 0o640
    home.aws_config.write_bytes(home.aws_config.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    who = json.loads(home.works("aws", "sts", "get-caller-identity", "--profile", "payments-dev/Admin"))
    assert ":assumed-role/Admin/ada" in who["Arn"]
    again = home.works("xswitch", "catalog", "export", "aws-config", "--match", "env:dev role:Admin")
    assert "nothing changes" in again
    assert "taken out of" in home.works("xswitch", "catalog", "export", "aws-config", "--remove")
    assert home.aws_config.read_bytes() == THEIRS.removeprefix("\ufeff").encode()


def test_what_the_aws_cli_sets_around_the_markers_stays_with_its_profile(home: PracticeHome) -> None:
    export = ("xswitch", "catalog", "export", "aws-config")
    mine = "[profile mine]\nregion = eu-west-1\n"
    home.aws_config.write_text(mine)
    home.works(*export, "--match", "env:dev role:Admin")
    last = list(raw_config_parse(str(home.aws_config)))[-1].removeprefix("profile ")
    home.works("aws", "configure", "set", "output", "text", "--profile", last)
    home.works("aws", "configure", "set", "cli_pager", "less", "--profile", last)
    home.works("aws", "configure", "set", "output", "json", "--profile", "mine")
    home.works(*export, "--match", "env:dev role:Admin")
    read = raw_config_parse(str(home.aws_config))
    assert read["profile mine"] == {"region": "eu-west-1", "output": "json"}
    assert (read[f"profile {last}"]["output"], read[f"profile {last}"]["cli_pager"]) == ("text", "less")
    assert home.works("aws", "configure", "get", "output", "--profile", last) == "text\n"
    home.works("aws", "configure", "set", "s3.max_queue_size", "10", "--profile", last)
    done = home.run(*export, "--remove")
    assert f"{last} goes with what you set there: output, cli_pager, s3\n" in done.stderr
    assert home.aws_config.read_text() == f"{mine}output = json\n"


@pytest.mark.parametrize("asked", [(), ("--remove",)])
def test_what_the_aws_cli_writes_during_an_export_is_kept(
    home: PracticeHome, asked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    home.works("xswitch", "catalog", "export", "aws-config", "--match", "env:dev")
    worked_out = aws_export.exported

    def late(*args: Any, **named: Any) -> aws_export.Exported:
        made = worked_out(*args, **named)
        if b"precious" not in made.content:
            home.works("aws", "configure", "set", "region", "eu-west-3", "--profile", "precious")
        return made

    monkeypatch.setattr(aws_export, "exported", late)
    assert run(["catalog", "export", "aws-config", *asked], home.environ) == 0
    read = raw_config_parse(str(home.aws_config))
    assert read["profile precious"] == {"region": "eu-west-3"}
    assert (len(read) > 1) is not bool(asked)


def test_keys_in_the_credentials_file_keep_their_profile(home: PracticeHome) -> None:
    """The AWS CLI would use them in place of the exported profile's process."""
    keys = home.aws_config.with_name("credentials")
    keys.write_text("[payments-dev/Admin]\naws_access_key_id = AKIA\naws_secret_access_key = s\n")
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(keys)}
    export = ("xswitch", "catalog", "export", "aws-config", "--match", "env:dev role:Admin")
    assert json.loads(home.works(*export, "--json", **files))["taken"] == ["payments-dev/Admin"]
    assert "profile payments-dev/Admin" not in raw_config_parse(str(home.aws_config))
    keys.write_text("nonsense\n")
    home.fails(3, f"{keys}:1", *export, **files)
    home.works("xswitch", "catalog", "export", "aws-config", "--remove", **files)


def test_every_target_can_be_exported_the_hostile_one_too(home: PracticeHome) -> None:
    home.works("xswitch", "catalog", "export", "aws-config")
    text = home.aws_config.read_text()
    assert "$(" not in text
    assert "\x1b" not in text
    names = list(raw_config_parse(str(home.aws_config)))
    assert len(names) == len(json.loads(home.works("xswitch", "catalog", "list", "--json")))
    assert home.aws_config.stat().st_mode & 0o777 == 0o600


def test_an_export_warns_of_profiles_that_want_a_person_first(home: PracticeHome) -> None:
    export = ("xswitch", "catalog", "export", "aws-config", "--diff", "--match")
    rows = json.loads(home.works("xswitch", "catalog", "list", "env:prod", "--json"))
    guarded, coded = len(rows), sum(row["mfa"] for row in rows)
    assert guarded > coded > 0
    warned = home.run(*export, "env:prod").stderr
    assert f"warning: {guarded} of these profiles stand behind a guard" in warned
    needs = json.loads(home.works(*export, "env:prod", "--json"))["needs"]
    assert (needs["guard"], needs["login"]) == (guarded, 0)
    assert f"warning: {needs['code']} of these profiles want an MFA code" in warned
    assert "warning" not in home.run(*export, "env:dev role:ReadOnly").stderr
    home.paths.catalog_file.write_text(
        home.paths.catalog_file.read_text().replace(
            "[identities.central]", '[identities.central]\nmfa_process = "code"'
        )
    )
    assert "MFA code" not in home.run(*export, "env:prod").stderr


def test_a_minute_from_the_aws_config_to_a_role(home: PracticeHome) -> None:
    key_id, secret = home.practice.user_access_key
    credentials = home.aws_config.with_name("credentials")
    credentials.write_text(f"[base]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n")
    home.aws_config.write_text(
        "[profile dev-admin]\nrole_arn = arn:aws:iam::555566667777:role/ReadOnly\nsource_profile = base\nregion = eu-west-1\n"
        "[profile broken]\nrole_arn = nonsense\nsource_profile = base\n"
    )
    home.paths.catalog_file.unlink()
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    dry = home.works("xswitch", "catalog", "import", "aws-config", "--dry-run", **files)
    assert "nonsense is not the ARN of a role" in dry
    assert not (home.paths.catalog_folder / "aws-config.toml").exists()
    said = json.loads(home.works("xswitch", "catalog", "import", "aws-config", "--json", **files))
    assert (said["profiles"], said["accounts"], said["written"]) == (2, 1, True)
    assert said["left"] == [
        {
            "profile": "broken",
            "place": f"{home.aws_config}:5",
            "why": "nonsense is not the ARN of a role",
        }
    ]
    assert secret not in (home.paths.catalog_folder / "aws-config.toml").read_text()
    who = home.works("xswitch", "exec", "dev-admin/ReadOnly", "--", "aws", "sts", "get-caller-identity", **files)
    assert ":assumed-role/ReadOnly/" in who


def test_an_import_says_what_profiles_are_called_here_and_that_nothing_is_guarded(home: PracticeHome) -> None:
    home.aws_config.write_text(
        "[profile base]\nregion = eu-west-1\n"
        "[profile dev-admin]\nrole_arn = arn:aws:iam::555566667777:role/Admin\nsource_profile = base\n"
        "duration_seconds = 5400\n[profile weird name]\nregion = eu-west-1\n"
    )
    home.paths.catalog_file.unlink()
    shown = home.works("xswitch", "catalog", "import", "aws-config")
    assert "  dev-admin → dev/Admin\n" in shown
    looked_at, _, left = shown.partition("carried over, and to be looked at:")[2].partition("not carried over:")
    assert looked_at.strip().startswith(f"base {home.aws_config}:1: a role is reached from it")
    assert left.strip().startswith(f"{home.aws_config}:7: the section [profile weird name] is no profile")
    assert shown.splitlines()[-1].startswith("no environments, so no guards: ")
    assert 'duration = "1h30m"' in (home.paths.catalog_folder / "aws-config.toml").read_text()
    for asked in ("dev-admin", "dev-admin/Admin"):
        wrong = home.fails(1, "no target is named", "xswitch", "catalog", "show", asked)
        assert 'did you mean "dev/Admin"?' in wrong.stderr
    home.paths.catalog_file.write_text(
        'version = 1\n[environments.prod]\nconfirm = "ask"\n'
        '[[accounts]]\nid = "555566667777"\nname = "payments"\nenvironment = "prod"\n'
    )
    said = json.loads(home.works("xswitch", "catalog", "import", "aws-config", "--json"))
    assert (said["targets"], said["environments"]) == ({"dev-admin": "payments/Admin"}, ["prod"])
    assert "no environments" not in home.works("xswitch", "catalog", "import", "aws-config")


@pytest.mark.parametrize(
    ("config", "credentials", "identity"),
    [
        (
            "[default]\nregion=eu-west-1\n",
            "[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\n",
            ("default", "profile"),
        ),
        ("[profile okta]\ncredential_process = tool\n", "", ("okta", "process")),
        (
            "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = eu-west-1\n",
            "",
            ("acme", "sso"),
        ),
    ],
)
def test_whoever_has_identities_alone_can_begin_with_them(
    home: PracticeHome, config: str, credentials: str, identity: tuple[str, str]
) -> None:
    home.aws_config.write_text(config)
    keys = home.aws_config.with_name("credentials")
    keys.write_text(credentials)
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(keys)}
    home.paths.catalog_file.unlink()
    ask = ("xswitch", "catalog", "import", "aws-config")
    assert "0 accounts, 0 roles and 1 identity from" in home.works(*ask, "--dry-run", **files)
    assert not home.paths.catalog_folder.exists()
    said = home.works(*ask, **files)
    assert f"written to {home.paths.catalog_folder / 'aws-config.toml'}\nno account so far" in said
    assert json.loads(home.works(*ask, "--json", **files))["identities"] == [identity[0]]
    rows = json.loads(home.works("xswitch", "identity", "list", "--json", **files))
    assert [(row["name"], row["kind"]) for row in rows] == [identity]


def test_what_can_t_be_carried_over_is_listed_where_nothing_can_be(home: PracticeHome) -> None:
    home.aws_config.write_text(
        "[profile broken]\nrole_arn = nonsense\nsource_profile = base\n[profile none]\nregion=x\n"
    )
    home.paths.catalog_file.unlink()
    for asked in ((), ("--dry-run",)):
        said = home.works("xswitch", "catalog", "import", "aws-config", *asked)
        assert "not carried over:\n  broken " in said and "\n  none " in said
        assert said.endswith("nothing was written: there is nothing to carry over\n")
    assert json.loads(home.works("xswitch", "catalog", "import", "aws-config", "--json"))["written"] is False
    assert not home.paths.catalog_folder.exists()


def test_the_persons_own_identity_keeps_its_name_and_its_roles(home: PracticeHome) -> None:
    """The roles of the AWS config open from its key, not from another identity that has the profile's name."""
    home.aws_config.write_text(
        "[profile dev]\nrole_arn = arn:aws:iam::555566667777:role/ReadOnly\nsource_profile = central\nregion = eu-west-1\n"
    )
    key_id, secret = home.practice.user_access_key
    keys = home.aws_config.with_name("credentials")
    keys.write_text(f"[central]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n")
    home.paths.catalog_file.write_text('version = 1\n[identities.central]\nkind = "keys"\n')
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(keys)}
    for _ in range(2):  # the import of before is no other identity
        said = home.works("xswitch", "catalog", "import", "aws-config", **files)
        assert "so these have a number:\n  central → central-2\n" in said
    assert json.loads(home.works("xswitch", "catalog", "import", "aws-config", "--json", **files))["renamed"] == {
        "central-2": "central"
    }
    row = json.loads(home.works("xswitch", "catalog", "list", "--json"))[0]
    assert row["identity"] == "central-2"
    who = home.works("xswitch", "exec", row["target"], "--", "aws", "sts", "get-caller-identity", **files)
    assert ":assumed-role/ReadOnly/" in who


def test_a_program_of_the_aws_config_is_one_here_and_runs_once(home: PracticeHome, tmp_path: Path) -> None:
    """saml2aws and its kind: run for the first session, not for the next ones of the same request."""
    key_id, secret = home.practice.user_access_key
    document = {"Version": 1, "AccessKeyId": key_id, "SecretAccessKey": secret}
    tool, seen = tmp_path / "tool", tmp_path / "seen"
    tool.write_text(f"#!/bin/sh\necho run >>{seen}\nenv >>{seen}\ncat <<'.'\n{json.dumps(document)}\n.\n")
    tool.chmod(0o755)
    home.aws_config.write_text(
        f"[profile okta]\ncredential_process = {tool} --for me\n"
        "[profile dev]\nrole_arn = arn:aws:iam::555566667777:role/ReadOnly\nsource_profile = okta\nregion = eu-west-1\n"
    )
    home.paths.catalog_file.unlink()
    assert f"okta: {tool} --for me" in home.works("xswitch", "catalog", "import", "aws-config")
    for _ in range(2):
        found = json.loads(home.works("xswitch", "credential-process", "dev/ReadOnly", XSWITCH_MFA_CODE="123456"))
        assert found["AccessKeyId"].startswith("ASIA")
    text = seen.read_text()
    assert text.count("run\n") == 1
    assert "123456" not in text
    who = home.works("xswitch", "exec", "dev/ReadOnly", "--renew", "--", "aws", "sts", "get-caller-identity")
    assert ":assumed-role/ReadOnly/ada" in who


def test_what_is_wrong_is_said_and_nothing_is_written(home: PracticeHome, tmp_path: Path) -> None:
    home.fails(1, "there are no profiles", "xswitch", "catalog", "import", "aws-config")
    home.fails(1, "there is no file", "xswitch", "catalog", "import", "aws-config", "--file", str(tmp_path / "none"))
    home.aws_config.write_text("[profile a]\nnonsense\n")
    home.fails(3, f"{home.aws_config}:2", "xswitch", "catalog", "import", "aws-config")
    home.fails(3, f"{home.aws_config}:2", "xswitch", "catalog", "export", "aws-config")
    home.aws_config.write_text("# >>> xswitch\n")
    home.fails(3, "markers don't pair", "xswitch", "catalog", "export", "aws-config")
    home.fails(1, "nothing matches", "xswitch", "catalog", "export", "aws-config", "--match", "env:nowhere")
    home.fails(2, "leave --match away", "xswitch", "catalog", "export", "aws-config", "--remove", "--match", "env:dev")
    assert home.aws_config.read_text() == "# >>> xswitch\n"
