"""Profiles of the AWS CLI as a catalog: what each becomes, and that nothing is dropped in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.catalog import Catalog, Identity, load, load_for_sync
from xswitch.errors import InvalidConfig
from xswitch.paths import Paths
from xswitch.sources import install, profiles
from xswitch.sources.aws_import import Imported, imported
from xswitch.sources.names import account_names
from xswitch.sources.profiles import AwsConfig

CONFIG = """\
[default]
region = eu-west-1
output = json

[profile base]
mfa_serial = arn:aws:iam::111122223333:mfa/ignored
region = eu-west-1

[profile payments-prod-deploy]
role_arn = arn:aws:iam::444455556666:role/ci/Deploy
source_profile = base
external_id = partner-17
mfa_serial = arn:aws:iam::111122223333:mfa/ada
duration_seconds = 14400
role_session_name = ada@laptop
region = eu-central-1
cli_pager =
s3 =
  max_queue_size = 10

[profile payments-prod-readonly]
role_arn = arn:aws:iam::444455556666:role/ReadOnly
source_profile = base

[profile hub]
role_arn = arn:aws:iam::111122223333:role/Hub
credential_source = Environment

[profile audit]
role_arn = arn:aws:iam::555566667777:role/Audit
source_profile = hub

[sso-session acme]
sso_start_url = https://acme.awsapps.com/start
sso_region = eu-west-1
sso_registration_scopes = sso:account:access

[profile web-dev]
sso_session = acme
sso_account_id = 697658141357
sso_role_name = PowerUser

[profile legacy-sso]
sso_start_url = https://old.awsapps.com/start/
sso_region = us-east-1
sso_account_id = 697658141357
sso_role_name = ViewOnly

[profile through-sso]
role_arn = arn:aws:iam::697658141357:role/Data
source_profile = web-dev

[profile okta]
credential_process = saml2aws script --profile okta
region = us-east-1

[profile from-okta]
role_arn = arn:aws-us-gov:iam::777788889999:role/Gov
source_profile = okta

[profile console]
login_session = arn:aws:iam::111122223333:user/ada

[profile pod]
role_arn = arn:aws:iam::111122223333:role/Pod
web_identity_token_file = /var/run/token
"""
CREDENTIALS = "[base]\naws_access_key_id = AKIAPRACTICE\naws_secret_access_key = sentinel-secret\n"


def config(tmp_path: Path, text: str, credentials: str = "") -> AwsConfig:
    (tmp_path / "config").write_text(text)
    (tmp_path / "credentials").write_text(credentials)
    return profiles.read(
        {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    )


def whys(found: Imported) -> dict[str, str]:
    return {one.profile: one.why for one in found.left}


@pytest.fixture
def whole(tmp_path: Path) -> Imported:
    return imported(config(tmp_path, CONFIG, CREDENTIALS))


@pytest.fixture
def catalog(whole: Imported, paths: Paths) -> Catalog:
    install.install(paths, "aws-config", whole.draft)
    return load(paths)


def test_every_profile_is_carried_or_named(whole: Imported) -> None:
    assert whole.carried == 12
    assert whys(whole) == {"default": "it holds no credentials, only settings of the AWS CLI"}
    assert whole.stays == {"cli_pager": 1, "s3": 1, "mfa_serial": 1}


def test_a_profile_without_keys_that_a_role_is_reached_from_is_carried_over_and_named(tmp_path: Path) -> None:
    text = (
        "[profile base]\nregion = eu-west-1\ncli_pager =\n"
        "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/A\nsource_profile = base\n"
        "[profile none]\nregion = eu-west-1\n"
    )
    found = imported(config(tmp_path, text))
    assert [identity.name for identity in found.draft.identities] == ["base"]
    assert [(one.profile, one.place) for one in found.lacking] == [("base", f"{tmp_path / 'config'}:1")]
    assert "holds no credentials yet" in found.lacking[0].why
    assert whys(found) == {"none": "it holds no credentials, only settings of the AWS CLI"}
    assert (found.carried, found.stays) == (2, {"cli_pager": 1})


def test_a_section_that_is_no_profile_is_named_with_its_line_and_how_to_write_it(tmp_path: Path) -> None:
    found = imported(config(tmp_path, "[profile weird name]\nregion = eu-west-1\n[tool]\nx = y\n"))
    assert [(one.place, one.why) for one in found.left] == [
        (
            f"{tmp_path / 'config'}:1",
            "the section [profile weird name] is no profile: a name with blanks stands in quotes, "
            "[profile 'weird name']",
        ),
        (f"{tmp_path / 'config'}:3", "the section [tool] is no profile"),
    ]


def test_what_profiles_are_called_here_and_durations_as_a_person_writes_them(whole: Imported) -> None:
    assert whole.targets["payments-prod-deploy"] == ("444455556666", "Deploy")
    assert whole.targets["web-dev"] == ("697658141357", "PowerUser")
    text = whole.draft.text()
    assert text.startswith("# xswitch: synced from the AWS config; the next import writes it anew\n")
    assert 'duration = "4h"' in text


def test_the_draft_is_a_catalog(catalog: Catalog) -> None:
    targets = {target.name: target for target in catalog.targets}
    assert sorted(targets) == [
        "111122223333/Hub",
        "555566667777/Audit",
        "697658141357/Data",
        "697658141357/PowerUser",
        "697658141357/ViewOnly",
        "from-okta/Gov",
        "payments-prod/Deploy",
        "payments-prod/ReadOnly",
    ]
    deploy = targets["payments-prod/Deploy"]
    assert (deploy.arn, deploy.identity, deploy.mfa, deploy.duration, deploy.region, deploy.session_name) == (
        "arn:aws:iam::444455556666:role/ci/Deploy", "base", True, 14400, "eu-central-1", "ada@laptop",
    )  # fmt: skip
    assert deploy.external_id == "partner-17"
    base = catalog.identities["base"]
    assert (base.kind, base.profile, base.mfa_serial, base.region) == (
        "profile", "base", "arn:aws:iam::111122223333:mfa/ada", "eu-west-1",
    )  # fmt: skip


def test_chains_logins_and_processes(catalog: Catalog) -> None:
    by_arn = {target.arn: target for target in catalog.targets}
    audit, hub = by_arn["arn:aws:iam::555566667777:role/Audit"], by_arn["arn:aws:iam::111122223333:role/Hub"]
    assert (audit.via, hub.identity, catalog.identities["environment"].kind) == (hub.name, "environment", "environment")
    data = by_arn["arn:aws:iam::697658141357:role/Data"]
    power = next(target for target in catalog.targets if target.role == "PowerUser")
    assert (data.via, power.identity) == (power.name, "acme")
    acme, old = catalog.identities["acme"], catalog.identities["old"]
    assert (acme.kind, acme.sso_session, acme.start_url) == ("sso", "acme", "https://acme.awsapps.com/start")
    assert (old.kind, old.sso_session, old.sso_region) == ("sso", "", "us-east-1")
    assert catalog.identities["okta"].process == "saml2aws script --profile okta"
    assert by_arn["arn:aws-us-gov:iam::777788889999:role/Gov"].identity == "okta"
    assert {catalog.identities[name].kind for name in ("console", "pod")} == {"profile"}


def test_no_key_is_copied(whole: Imported) -> None:
    assert "sentinel" not in whole.draft.text()
    assert "AKIA" not in whole.draft.text()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[profile a]\nrole_arn = nonsense\nsource_profile = a\n", "nonsense is not the ARN of a role"),
        ("[profile a]\nrole_arn = arn:aws:iam::111122223333:role/A\n", "neither source_profile nor credential_source"),
        ("[profile a]\nrole_arn = arn:aws:iam::111122223333:role/A\nsource_profile = gone\n", "gone does not exist"),
        ("[profile a]\nrole_arn = arn:aws:iam::111122223333:role/A\nsource_profile = a\n", "its own source_profile"),
        (
            "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/A\ncredential_source = Ec2InstanceMetadata\n",
            "a machine's own role",
        ),
        (
            "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/A\nsource_profile = b\n"
            "[profile b]\nrole_arn = arn:aws:iam::111122223333:role/B\nsource_profile = a\n",
            "lead back to it",
        ),
        ("[profile a]\nsso_account_id = 111122223333\n", "only one of"),
        ("[profile a]\nsso_account_id = 1\nsso_role_name = R\nsso_session = s\n", "are no account and permission set"),
        ("[profile a]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = R\n", "does not exist"),
        (
            "[profile a]\nsso_start_url = ftp://x\nsso_region = x\nsso_account_id = 111122223333\nsso_role_name = R\n",
            "an address and a region",
        ),
        ("[profile a]\ncredential_process = /usr/bin/xswitch credential-process x/y\n", "one of xswitch's own"),
    ],
)
def test_what_cant_be_carried_is_named_with_its_reason(tmp_path: Path, text: str, why: str) -> None:
    found = imported(config(tmp_path, text))
    assert why in whys(found)["a"]
    assert found.left[0].place.startswith(str(tmp_path / "config") + ":")


def test_a_setting_that_aws_would_refuse_is_named_and_the_rest_is_carried(tmp_path: Path) -> None:
    text = (
        "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/A\ncredential_source = Environment\n"
        "duration_seconds = 60\nexternal_id = x\nrole_session_name = {nobody}\nregion = Mars\n"
        "mfa_serial = arn:aws:iam::111122223333:u2f/ada\n"
    )
    found = imported(config(tmp_path, text))
    said = " ".join(one.why for one in found.left)
    for key in ("duration_seconds", "external_id", "role_session_name", "region", "mfa_serial"):
        assert f"{key}: " in said
    assert found.carried == 1
    assert dict(found.draft.accounts[0].roles[0].settings) == {"identity": "environment"}


def test_one_role_reached_in_two_ways_and_two_devices_of_one_source(tmp_path: Path, paths: Paths) -> None:
    role = "role_arn = arn:aws:iam::111122223333:role/A\nsource_profile = base\n"
    text = (
        f"[profile one]\n{role}external_id = first\n[profile two]\n{role}external_id = second\n"
        f"[profile three]\n{role}external_id = first\nmfa_serial = arn:aws:iam::111122223333:mfa/x\n"
        f"[profile four]\n{role}mfa_serial = arn:aws:iam::111122223333:mfa/y\n[profile five]\n{role}external_id = first\n"
    )
    install.install(paths, "aws-config", imported(config(tmp_path, text, CREDENTIALS)).draft)
    catalog = load(paths)
    roles = {target.role: (target.external_id, target.identity, target.arn[-2:]) for target in catalog.targets}
    assert roles == {
        "A": ("first", "base", "/A"),
        "two": ("second", "base", "/A"),
        "three": ("first", "base", "/A"),
        "four": (None, "base-2", "/A"),
    }
    assert catalog.identities["base-2"].mfa_serial.endswith("mfa/y")


def test_a_second_import_of_the_same_changes_nothing_and_a_persons_file_stays(whole: Imported, paths: Paths) -> None:
    file = install.install(paths, "aws-config", whole.draft)
    before = file.stat().st_mtime_ns
    assert not install.difference(paths, "aws-config", whole.draft)
    assert install.install(paths, "aws-config", whole.draft).stat().st_mtime_ns == before
    file.write_text("version = 1\n# mine\n")
    with pytest.raises(InvalidConfig, match="a file of your own"):
        install.install(paths, "aws-config", whole.draft)
    assert file.read_text() == "version = 1\n# mine\n"


def test_a_login_that_no_profile_names_is_an_identity_or_is_named(tmp_path: Path) -> None:
    text = (
        "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = eu-west-1\n"
        "[sso-session used]\nsso_start_url = https://used.awsapps.com/start\nsso_region = eu-west-1\n"
        "[profile a]\nsso_session = used\nsso_account_id = 111122223333\nsso_role_name = R\n"
        "[profile b]\nsso_session = acme\n[sso-session broken]\nsso_region = eu-west-1\n[sso-session empty]\n"
    )
    found = imported(config(tmp_path, text))
    assert [(one.name, one.settings["sso_session"]) for one in found.draft.identities] == [
        ("used", "used"), ("acme", "acme"),
    ]  # fmt: skip
    assert [(one.place, one.why.partition(":")[0]) for one in found.left if not one.profile] == [
        (f"{tmp_path / 'config'}:13", "the section [sso-session broken]"),
        (f"{tmp_path / 'config'}:15", "the section [sso-session empty]"),
    ]


def test_identities_alone_are_a_beginning_for_an_import(tmp_path: Path, paths: Paths) -> None:
    draft = imported(config(tmp_path, "[default]\nregion = eu-west-1\n", CREDENTIALS)).draft
    with pytest.raises(InvalidConfig, match="no account"):
        install.install(paths, "aws-config", draft)
    install.check(paths, "aws-config", draft, accountless=True)
    install.install(paths, "aws-config", draft, accountless=True)
    assert list(load_for_sync(paths).identities) == ["base"]


LOGIN = "sso_start_url = https://acme.awsapps.com/start\nsso_region = eu-west-1\n"
NAMESAKES = (
    "[profile one]\nrole_arn = arn:aws:iam::111122223333:role/One\nsource_profile = base\n"
    "[profile two]\nrole_arn = arn:aws:iam::111122223333:role/Two\ncredential_source = Environment\n"
    f"[sso-session acme]\n{LOGIN}[profile three]\nsso_session = acme\nsso_account_id = 111122223333\n"
    "sso_role_name = Three\n"
)


def test_a_role_is_not_bound_to_another_identity_of_the_same_name(tmp_path: Path, paths: Paths) -> None:
    known = {
        "base": Identity("base", "keys"),
        "environment": Identity("environment", "keys"),
        "acme": Identity("acme", "sso", start_url="https://mine.awsapps.com/start", sso_region="eu-west-1"),
        "acme-2": Identity("acme-2", "process", process="tool"),
    }
    found = imported(config(tmp_path, NAMESAKES, CREDENTIALS), known)
    renamed = {"base-2": "base", "environment-2": "environment", "acme-3": "acme"}
    assert found.renamed == renamed
    assert {one.name: one.settings["kind"] for one in found.draft.identities} == {
        "base-2": "profile", "environment-2": "environment", "acme-3": "sso",
    }  # fmt: skip
    roles = {role.name: role.settings["identity"] for role in found.draft.accounts[0].roles}
    assert roles == {"One": "base-2", "Two": "environment-2", "Three": "acme-3"}


def test_an_identity_of_the_catalog_that_is_the_same_is_used(tmp_path: Path) -> None:
    known = {
        "base": Identity("base", "profile", profile="base", region="eu-west-3", mfa_serial="arn:aws:iam::1:mfa/x"),
        "environment": Identity("environment", "environment"),
        "acme": Identity("acme", "sso", start_url="https://acme.awsapps.com/start", sso_region="eu-west-1"),
    }
    found = imported(config(tmp_path, NAMESAKES, CREDENTIALS), known)
    assert found.renamed == {}
    roles = {role.name: role.settings["identity"] for role in found.draft.accounts[0].roles}
    assert roles == {"One": "base", "Two": "environment", "Three": "acme"}


def test_an_identity_of_the_catalog_with_another_mfa_device_is_another(tmp_path: Path) -> None:
    serial = "mfa_serial = arn:aws:iam::111122223333:mfa/y\n"
    known = {"base": Identity("base", "profile", profile="base", mfa_serial="arn:aws:iam::111122223333:mfa/x")}
    text = NAMESAKES.replace("source_profile = base\n", f"source_profile = base\n{serial}")
    assert imported(config(tmp_path, text, CREDENTIALS), known).renamed == {"base-2": "base"}


def test_a_number_that_is_a_profiles_own_name_is_not_given_twice(tmp_path: Path) -> None:
    role = "role_arn = arn:aws:iam::111122223333:role/"
    text = (
        f"[profile a]\n{role}A\nsource_profile = base\nmfa_serial = arn:aws:iam::111122223333:mfa/x\n"
        f"[profile b]\n{role}B\nsource_profile = base\nmfa_serial = arn:aws:iam::111122223333:mfa/y\n"
        f"[profile c]\n{role}C\nsource_profile = base-2\n"
    )
    keys = CREDENTIALS + CREDENTIALS.replace("[base]", "[base-2]")
    draft = imported(config(tmp_path, text, keys)).draft
    settings = {one.name: one.settings["profile"] for one in draft.identities}
    assert {role.name: settings[str(role.settings["identity"])] for role in draft.accounts[0].roles} == {
        "A": "base", "B": "base", "C": "base-2",
    }  # fmt: skip


def test_a_permission_set_in_two_profiles_is_one_target_and_the_second_is_named_with_what_differs(
    tmp_path: Path,
) -> None:
    role = "sso_account_id = 111122223333\nsso_role_name = Dev\n"
    text = (
        f"[sso-session acme]\n{LOGIN}[sso-session other]\n{LOGIN.replace('acme', 'other')}"
        f"[profile dev-eu]\nsso_session = acme\n{role}region = eu-west-1\n"
        f"[profile dev-same]\nsso_session = acme\n{role}region = eu-west-1\n"
        f"[profile dev-us]\nsso_session = acme\n{role}region = us-east-1\n"
        f"[profile dev-none]\nsso_session = acme\n{role}"
        f"[profile dev-other]\nsso_session = other\n{role}region = eu-west-1\n"
    )
    found = imported(config(tmp_path, text))
    one = "the permission set Dev is one target, carried over from the profile dev-eu, with"
    assert whys(found) == {
        "dev-us": f"{one} the region eu-west-1: this profile has us-east-1",
        "dev-none": f"{one} the region eu-west-1: this profile has none",
        "dev-other": f"{one} the login acme: this profile has other",
    }
    assert (found.carried, list(found.targets)) == (2, ["dev-eu", "dev-same"])


def test_a_permission_set_beside_a_role_of_its_name_is_named_with_that(tmp_path: Path) -> None:
    role = "role_arn = arn:aws:iam::111122223333:role/"
    text = (
        f"[sso-session acme]\n{LOGIN}[profile top]\n{role}Top\nsource_profile = base\n"
        f"[profile a]\n{role}Dev\nsource_profile = top\n"
        "[profile b]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Dev\n"
    )
    assert whys(imported(config(tmp_path, text, CREDENTIALS))) == {
        "b": "the role of the profile a has the name Dev, and a permission set can't have another"
    }


def test_names_for_accounts() -> None:
    assert account_names(
        {
            "1" * 12: [("payments-prod-admin", "Admin"), ("payments-prod-ro", "ReadOnly")],
            "2" * 12: [("AdministratorAccess-222222222222", "AdministratorAccess")],
            "3" * 12: [("web", "Deploy")],
            "4" * 12: [("web-deploy", "Deploy")],
            "5" * 12: [("x", "A"), ("y", "B")],
            "6" * 12: [("Admin", "Admin")],
        }
    ) == {
        "1" * 12: "payments-prod",
        "2" * 12: "2" * 12,
        "3" * 12: "web-3333",
        "4" * 12: "web-4444",
        "5" * 12: "5" * 12,
        "6" * 12: "6" * 12,
    }


@examples(150)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), min_size=1, max_size=12),
        st.fixed_dictionaries(
            {},
            optional={
                "role_arn": st.sampled_from(
                    ["arn:aws:iam::111122223333:role/A", "arn:aws:iam::111122223333:role/B", "?"]
                ),
                "source_profile": st.sampled_from(["a", "b", "default"]),
                "sso_session": st.just("s"),
                "sso_account_id": st.sampled_from(["111122223333", "1"]),
                "sso_role_name": st.sampled_from(["A", "B C"]),
                "credential_process": st.text(max_size=5),
                "aws_access_key_id": st.just("AKIA"),
                "external_id": st.text(max_size=6),
                "region": st.sampled_from(["eu-west-1", "\u202e"]),
            },
        ),
        max_size=5,
    )
)
def test_any_profiles_make_a_catalog_that_loads(found: dict[str, dict[str, str]]) -> None:
    import tempfile

    login = {"sso_start_url": "https://x.example/start", "sso_region": "eu-west-1"}
    sessions = {"s": profiles.Profile("s", "here", 1, login)}
    made = {name: profiles.Profile(name, "here", 1, values) for name, values in found.items()}
    result = imported(AwsConfig(made, sessions))
    assert result.carried + len({one.why for one in result.left}) >= min(1, len(found))
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths.of({"XSWITCH_HOME": folder})
        install.install(paths, "aws-config", result.draft, accountless=True)
        if result.draft.accounts:
            assert len(load(paths).targets) == sum(len(account.roles) for account in result.draft.accounts)


def test_what_is_wrong_of_a_profile_is_told_once_however_often_it_is_reached(tmp_path: Path) -> None:
    text = "[profile base]\nregion = x\n" + "".join(
        f"[profile p{number}]\nrole_arn = arn:aws:iam::55556666777{number}:role/Admin\nsource_profile = base\n"
        for number in range(3)
    )
    found = imported(config(tmp_path, text))
    assert [one.why for one in found.left] == ['region: "x" is not a region']
