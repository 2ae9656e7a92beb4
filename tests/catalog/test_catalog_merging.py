"""What a good catalog means: settings, role sets, chains, and many files in the order of precedence."""

from __future__ import annotations

from pathlib import Path

import pytest
from catalog_home import HEAD, Home

from xswitch.catalog import Target, VaultRef, check, locate, sources
from xswitch.catalog.origins import SYNCED

A, B, C, D = "111100001111", "222200002222", "333300003333", "444400001111"
MARK = SYNCED.decode() + " from organizations\n"


def account(number: str, name: str = "", *lines: str) -> str:
    named = [f'name = "{name}"'] if name else []
    return "\n".join(["[[accounts]]", f'id = "{number}"', *named, *lines, ""])


def roles(*tables: str) -> str:
    return "roles = [" + ", ".join(f"{{ {table} }}" for table in tables) + "]"


def by_name(home: Home) -> dict[str, Target]:
    return {target.name: target for target in home.load().targets}


def test_the_example_of_the_documentation(home: Home) -> None:
    home.write(
        """\
version = 1
[defaults]
region = "eu-west-1"
identity = "central"
duration = "1h"
session_name = "{user}"
[identities.central]
kind = "keys"
account_id = "111122223333"
mfa_serial = "arn:aws:iam::111122223333:mfa/ada"
mfa_process = "oathtool --totp -b x"
[identities.corp]
kind = "sso"
sso_session = "acme"
start_url = "https://acme.awsapps.com/start"
sso_region = "eu-west-1"
[environments.prod]
colour = "red"
confirm = "type"
reason = true
max_duration = "1h"
[[accounts]]
id = "111122223333"
name = "identity-hub"
roles = [{ name = "Hub" }]
[[accounts]]
id = "444455556666"
name = "payments-prod"
ou = "Workloads/Prod"
environment = "prod"
tags = { team = "payments" }
  [[accounts.roles]]
  name = "ReadOnly"
  [[accounts.roles]]
  name = "Deploy"
  arn = "arn:aws:iam::444455556666:role/ci/Deploy"
  via = "identity-hub/Hub"
  mfa = true
  external_id = { vault = "payments-deploy" }
  duration = "4h"
  source_identity = "{user}"
  session_tags = { team = "payments" }
  transitive_tags = ["team"]
  policy = '{"Version": "2012-10-17", "Statement": []}'
  policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
[[roles]]
name = "Audit"
accounts = "ou:Workloads !env:sandbox"
duration = "8h"
"""
    )
    catalog = home.load()
    assert [target.name for target in catalog.targets] == [
        "identity-hub/Hub", "payments-prod/ReadOnly", "payments-prod/Deploy", "payments-prod/Audit",
    ]  # fmt: skip
    plain, deploy, audit = catalog.targets[1], catalog.targets[2], catalog.targets[3]
    file = str(home.paths.catalog_file)
    assert (plain.arn, plain.duration, plain.region) == ("arn:aws:iam::444455556666:role/ReadOnly", 3600, "eu-west-1")
    assert deploy == Target(
        plain.account, "Deploy", "arn:aws:iam::444455556666:role/ci/Deploy", "central", "identity-hub/Hub", True,
        "eu-west-1", 14400, "{user}", VaultRef("payments-deploy"), "{user}", (("team", "payments"),), ("team",),
        '{"Version": "2012-10-17", "Statement": []}', ("arn:aws:iam::aws:policy/ReadOnlyAccess",), file,
    )  # fmt: skip
    assert (audit.duration, audit.via, audit.origin) == (28800, "", file)
    guard = catalog.environment_of(plain)
    assert guard is not None
    assert (guard.colour, guard.confirm, guard.reason, guard.max_duration) == ("red", "type", True, 3600)
    assert catalog.environment_of(catalog.targets[0]) is None
    assert catalog.identities["corp"].sso_session == "acme"
    assert [locate(target) for target in catalog.targets] == [f"{file}:{line}" for line in (25, 32, 34, 46)]
    assert [line for line, _ in home.warnings()] == [38, 40]


def test_the_nearest_setting_wins(home: Home) -> None:
    home.write(
        HEAD.replace('"central"\n', '"central"\nregion = "eu-west-1"\nduration = "1h"\nsession_name = "d"\n'.replace('"d"', '"dd"'), 1)
        + account(A, "a", 'region = "us-east-1"', 'duration = "2h"', roles('name = "R"', 'name = "S", duration = "3h"'))
        + account(B, "b", roles('name = "R", session_name = "rr"'))
        + '[[roles]]\nname = "T"\nregion = "eu-north-1"\n'
    )  # fmt: skip
    got = {name: (target.region, target.duration, target.session_name) for name, target in by_name(home).items()}
    assert got == {
        "a/R": ("us-east-1", 7200, "dd"),
        "a/S": ("us-east-1", 10800, "dd"),
        "a/T": ("eu-north-1", 7200, "dd"),
        "b/R": ("eu-west-1", 3600, "rr"),
        "b/T": ("eu-north-1", 3600, "dd"),
    }


def test_an_account_s_own_role_is_laid_over_a_role_set(home: Home) -> None:
    home.write(
        HEAD + account(A, "a", roles('name = "Audit", duration = "1h"')) + account(B, "b")
        + '[[roles]]\nname = "Audit"\nduration = "8h"\nsource_identity = "{user}"\n'
    )  # fmt: skip
    got = {name: (target.duration, target.source_identity) for name, target in by_name(home).items()}
    assert got == {"a/Audit": (3600, "{user}"), "b/Audit": (28800, "{user}")}


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eusc-de-east-1", "aws-eusc")],
)
def test_the_partition_of_a_plain_role_is_that_of_its_region(home: Home, region: str, partition: str) -> None:
    home.write(HEAD + account(A, "a", f'region = "{region}"', roles('name = "R"')))
    assert home.load().targets[0].arn == f"arn:{partition}:iam::{A}:role/R"


def test_partitions_of_regions_are_those_that_botocore_knows() -> None:
    from botocore.loaders import create_loader

    from xswitch.catalog.rows import partition_of

    checked = 0
    for partition in create_loader().load_data("endpoints")["partitions"]:
        for region in partition["regions"]:
            assert partition_of(region) == partition["partition"], region
            checked += 1
    assert checked > 30


def test_a_chain_has_the_identity_that_it_begins_with(home: Home) -> None:
    home.write(
        HEAD + '[identities.other]\nkind = "environment"\n'
        + account(A, "a", roles('name = "Hub", identity = "other"', 'name = "Mid", via = "a/Hub"'))
        + account(B, "b", roles(f'name = "R", via = "{A}/Mid"', 'name = "S", via = "a/Mid", identity = "central"'))
    )  # fmt: skip
    found = by_name(home)
    assert [found[name].identity for name in ("a/Hub", "a/Mid", "b/R", "b/S")] == ["other"] * 4
    assert found["b/R"].via == "a/Mid"
    assert any("is not used: the chain begins with" in message for _, message in home.warnings())


def test_one_identity_needs_no_default(home: Home) -> None:
    home.write(HEAD.replace('identity = "central"\n', "") + account(A, "a", roles('name = "R"')))
    catalog = home.load()
    assert (catalog.default_identity, catalog.targets[0].identity) == ("central", "central")


def test_own_files_are_one_source_in_the_order_of_their_names(home: Home) -> None:
    home.write(HEAD + account(A, "a", roles('name = "R"')))
    home.write(account(C, "c", roles('name = "R"')), "catalog.d/20.toml")
    home.write('[defaults]\nregion = "eu-north-1"\n' + account(B, "b", roles('name = "R"')), "catalog.d/10.toml")
    home.write("not = [toml", "catalog.d/.hidden.toml")
    home.write("not = [toml", "catalog.d/readme.md")
    assert home.names() == ["a/R", "b/R", "c/R"]
    assert {target.region for target in home.load().targets} == {"eu-north-1"}
    assert [path.name for path in sources(home.paths)] == ["catalog.toml", "10.toml", "20.toml"]


@pytest.mark.parametrize(
    ("second", "key", "message"),
    [
        (account(A, "z"), "accounts[0].id", "is defined twice"),
        ('[identities.central]\nkind = "environment"', "identities.central", "is defined twice"),
        ("[environments.prod]", "environments.prod", "is defined twice"),
        ('[defaults]\nidentity = "central"', "defaults.identity", "given twice"),
        ('[[roles]]\nname = "T"', "roles[0]", "another role set gives it to"),
    ],
)
def test_own_files_may_not_repeat_each_other(home: Home, second: str, key: str, message: str) -> None:
    home.write(HEAD + account(A, "a", roles('name = "R"')) + '[[roles]]\nname = "T"\n')
    home.write(second, "catalog.d/second.toml")
    (problem,) = home.problems()
    assert (Path(problem.file).name, problem.key) == ("second.toml", key)
    assert message in problem.message


def test_overrides_are_laid_over_accounts_of_every_source(home: Home) -> None:
    home.write(HEAD + account(A, "a", roles('name = "R", source_identity = "{user}"')))
    home.write(MARK + account(B, "b", roles('name = "S", source_identity = "{user}"')), "catalog.d/org.toml")
    home.write(
        account(A, "", roles('name = "R", duration = "2h"')) + account(B, "", 'environment = "prod"', 'region = "us-east-2"',
        roles('name = "S", duration = "3h"', 'name = "New"')),
        "catalog.d/overrides.toml",
    )  # fmt: skip
    got = {name: (t.duration, t.source_identity, t.region, t.account.environment) for name, t in by_name(home).items()}
    assert got == {
        "a/R": (7200, "{user}", "", ""),
        "b/S": (10800, "{user}", "us-east-2", "prod"),
        "b/New": (None, "", "us-east-2", "prod"),
    }


def test_own_files_win_over_shared_ones_and_those_over_synced_ones(home: Home) -> None:
    home.write(HEAD + account(A, "mine", 'tags = { who = "me" }', roles('name = "R", duration = "1h"')))
    shared = account(
        A, "theirs", 'ou = "Shared"', 'tags = { who = "them", x = "y" }', roles('name = "R"', 'name = "S"')
    )
    home.share("team", shared + account(B, "b", roles('name = "R", duration = "2h"')))
    home.write(
        MARK + account(B, "bb", 'ou = "Synced"', roles('name = "R", duration = "3h"', 'name = "S"')), "catalog.d/o.toml"
    )
    found = by_name(home)
    assert list(found) == ["mine/R", "mine/S", "b/R", "b/S"]
    assert found["mine/R"].duration == 3600
    assert found["mine/R"].account.ou == "Shared"
    assert dict(found["mine/R"].account.tags) == {"who": "me", "x": "y"}
    assert (found["b/R"].duration, found["b/R"].account.ou) == (7200, "Synced")


def test_defaults_and_settings_of_a_source_do_not_reach_the_sources_before_it(home: Home) -> None:
    home.write(HEAD + account(A, "a", 'duration = "1h"', roles('name = "R"')))
    evil = '[defaults]\nregion = "us-east-1"\nidentity = "evil"\n[identities.evil]\nkind = "process"\nprocess = "x"\n'
    home.share("team", evil + account(A, "", 'region = "us-west-2"', 'identity = "evil"', roles('name = "S"')))
    found = by_name(home)
    assert (found["a/R"].identity, found["a/R"].region) == ("central", "")
    assert (found["a/S"].identity, found["a/S"].region, found["a/S"].duration) == ("evil", "us-west-2", 3600)
    catalog = home.load()
    assert (catalog.default_identity, catalog.default_region) == ("central", "")
    assert catalog.identities["evil"].source == "team"


def test_a_shared_file_redefines_nothing_of_the_person(home: Home) -> None:
    home.write(
        HEAD + account(A, "a", 'environment = "prod"', roles('name = "R"')) + account(C, "c", roles('name = "R"'))
    )
    home.share(
        "team",
        '[identities.central]\nkind = "process"\nprocess = "evil"\n[environments.prod]\nconfirm = "no"\n'
        "[environments.dev]\n"
        + account(A, "", 'environment = "dev"', roles('name = "R", via = "evil/Hub", external_id = "theirs"'))
        + account(B, "evil", roles('name = "Hub", external_id = { vault = "payments" }')),
    )
    home.write(MARK + account(C, "", 'environment = "prod"'), "catalog.d/org.toml")
    catalog = home.load()
    found = by_name(home)
    assert catalog.identities["central"].kind == "keys"
    assert catalog.environments["prod"].confirm == "type"
    assert found["a/R"].account.environment == "prod"
    assert (found["a/R"].via, found["a/R"].external_id) == ("", None)
    assert found["evil/Hub"].external_id == VaultRef("payments", "team")
    messages = " ".join(message for _, message in home.warnings())
    assert messages.count("is not used") == 3


def test_a_shared_file_does_not_move_an_account_that_a_sync_put_somewhere(home: Home) -> None:
    home.write(HEAD)
    home.share("team", "[environments.dev]\n" + account(C, "c", 'environment = "dev"', roles('name = "R"')))
    home.write(MARK + account(C, "c", 'environment = "prod"'), "catalog.d/org.toml")
    assert home.load().accounts[0].environment == "prod"


def test_a_shared_account_can_t_take_a_name_of_the_person(home: Home) -> None:
    home.write(HEAD + account(A, "payments", roles('name = "R"')))
    home.share("team", account(B, "payments", roles('name = "R"')) + account(C, A, roles('name = "R"')))
    assert home.names() == ["payments/R", "payments-2222/R", f"{A}-3333/R"]


@pytest.mark.parametrize(
    ("synced", "shared", "names"),
    [
        ({A: "pay"}, {B: "pay"}, {A: "pay", B: "pay-2222"}),
        ({A: "pay"}, {B: "pay\\u200b"}, {A: "pay", B: "pay-2222"}),
        ({A: "pay"}, {B: "\\u202epay "}, {A: "pay", B: "pay-2222"}),
        ({A: "pay\\u200b"}, {B: "pay"}, {A: "pay\u200b", B: "pay-2222"}),
        ({A: "pay"}, {A: "x", B: "pay"}, {A: "x", B: "pay-2222"}),
        ({A: "pay", C: "pay"}, {B: "pay-1111"}, {A: "pay-1111", C: "pay-3333", B: "pay-1111-2222"}),
        ({A: "pay", C: "pay-2222"}, {B: "pay"}, {A: "pay", C: "pay-2222", B: f"pay-{B}"}),
        ({A: "pay", C: "pay-2222\\u200b"}, {B: "pay"}, {A: "pay", C: "pay-2222\u200b", B: f"pay-{B}"}),
        ({A: "pay"}, {A: "pay"}, {A: "pay"}),
        ({A: "pay"}, {A: ""}, {A: "pay"}),
        ({A: "pay"}, {B: "own\\u200b"}, {A: "pay", B: "own-2222"}),
        ({A: "own\\u200b"}, {}, {A: "own-1111"}),
        ({A: "dev", C: "dev\\u200b"}, {}, {A: "dev-1111", C: "dev-3333"}),
        ({}, {B: f"{A}\\u200b"}, {B: f"{A}-2222"}),
        ({}, {B: "arn\\u200b:x"}, {B: f"arn:x-{B}"}),
    ],
)
def test_a_shared_account_takes_no_name_of_another_source(
    home: Home, synced: dict[str, str], shared: dict[str, str], names: dict[str, str]
) -> None:
    home.write(HEAD + account("999900009999", "own", roles('name = "R"')))
    home.share("team", "".join(account(number, name, roles('name = "R"')) for number, name in shared.items()))
    home.write(MARK + "".join(account(*one, roles('name = "R"')) for one in synced.items()), "catalog.d/org.toml")
    found = {one.id: one.name for one in home.load().accounts}
    assert found == {"999900009999": "own", **names}


def test_of_shared_catalogs_the_first_keeps_a_name(home: Home) -> None:
    home.write(HEAD)
    home.share("a", account(A, "pay", roles('name = "R"')))
    home.share("b", account(B, "pay\\u200b", roles('name = "R"')))
    assert home.names() == ["pay/R", "pay-2222/R"]


def test_a_name_that_a_shared_account_can_t_have_is_a_warning(home: Home) -> None:
    home.write(HEAD)
    home.share("team", account(B, "pay\\u200b", roles('name = "R"')) + account(C, "free", roles('name = "R"')))
    org = home.write(MARK + account(A, "pay", roles('name = "R"')), "catalog.d/org.toml")
    (problem,) = check(home.paths)[1]
    assert (problem.key, problem.line) == ("accounts[0].name", 3)
    now = 'this one is called "pay-2222"'
    assert problem.message == f'is not used: {org}:4 calls another account "pay"; {now}'


@pytest.mark.parametrize("kind", ["identities", "environments"])
def test_a_shared_file_redefines_nothing_that_was_imported_or_synced(home: Home, kind: str) -> None:
    mine, theirs = {
        "identities": ('kind = "profile"\nprofile = "corp"', 'kind = "process"\nprocess = "evil"'),
        "environments": ('confirm = "type"', 'confirm = "no"'),
    }[kind]
    home.write(HEAD)
    home.share("team", f"[{kind}.corp]\n{theirs}\n" + account(B, "b", roles('name = "R", duration = "2h"')))
    imported = f"[{kind}.corp]\n{mine}\n" + account(B, "bb", roles('name = "R", duration = "3h"'))
    file = home.write(MARK + imported, "catalog.d/aws-config.toml")
    catalog = home.load()
    if kind == "identities":
        assert (catalog.identities["corp"].kind, catalog.identities["corp"].source) == ("profile", "aws-config")
    else:
        assert catalog.environments["corp"].confirm == "type"
    assert [(one.name, one.duration) for one in catalog.targets] == [("b/R", 7200)], "of accounts it is the shared one"
    assert f'is not used: {file}:2 defines "corp", and comes first' in [message for _, message in home.warnings()]


def test_synced_accounts_of_one_name_get_the_end_of_their_ids(home: Home) -> None:
    home.write(HEAD + account("999900009999", "own", roles('name = "R"')))
    home.write(
        MARK + '[[roles]]\nname = "R"\n' + account(A, "dev") + account(B, "dev") + account(C, "own") + account(D, "dev")
        + account("555500005555", "alone") + account("666600006666", "dev-2222"),
        "catalog.d/org.toml",
    )  # fmt: skip
    assert home.names() == [
        "own/R", f"dev-{A}/R", f"dev-{B}/R", "own-3333/R", f"dev-{D}/R", "alone/R", "dev-2222/R",
    ]  # fmt: skip


def test_role_sets_reach_the_accounts_of_every_source_and_keep_their_own_defaults(home: Home) -> None:
    home.write(HEAD.replace('"central"\n', '"central"\nregion = "eu-west-1"\n', 1) + '[[roles]]\nname = "Audit"\n')
    home.write(
        MARK
        + '[defaults]\nregion = "us-east-1"\n[[roles]]\nname = "Audit"\n[[roles]]\nname = "View"\n'
        + account(A, "a"),
        "catalog.d/org.toml",
    )
    assert {name: target.region for name, target in by_name(home).items()} == {
        "a/Audit": "eu-west-1",
        "a/View": "us-east-1",
    }


def test_a_role_set_chooses_its_accounts(home: Home) -> None:
    home.write(
        HEAD + "[environments.sandbox]\n"
        + account(A, "a", 'ou = "Workloads/Prod"', 'environment = "prod"')
        + account(B, "b", 'ou = "Workloads/Play"', 'environment = "sandbox"', roles('name = "Own"'))
        + account(C, "c", 'ou = "NonWorkloads"')
        + '[[roles]]\nname = "X"\naccounts = "ou:Workloads !env:sandbox"\n[[roles]]\nname = "Y"\naccounts = "account:b"\n'
        + '[[roles]]\nname = "Z"\naccounts = "id:999*"\n'
    )  # fmt: skip
    assert home.names() == ["a/X", "b/Own", "b/Y"]
    assert [message for _, message in home.warnings()] == ["matches no account"]


def test_warnings_say_what_will_not_work(home: Home) -> None:
    home.write(
        HEAD.replace('"type"', '"type"\ncolour = "purple"')
        + '[identities.bare]\nkind = "environment"\n'
        + account(A, "a", roles('name = "Hub"', 'name = "R", via = "a/Hub", mfa = true, duration = "2h"',
                                'name = "S", identity = "bare", mfa = true'))
    )  # fmt: skip
    messages = [message for _, message in home.warnings()]
    assert [message.split(":")[0].split(",")[0] for message in messages] == [
        '"purple" is no colour of the themes',
        "the trust policy of a later hop can't see the MFA code",
        "a role that is reached through another role gets one hour at most",
        "mfa is asked for",
    ]
