"""Everything that can be wrong in a catalog, each with its line, its key and what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from catalog_home import HEAD, Home

from xswitch.catalog import is_first_run, load
from xswitch.errors import InvalidConfig

ACCOUNT = """\
[[accounts]]
id = "444455556666"
name = "payments-prod"
"""
LINES = HEAD.count("\n")
ROLE = LINES + 3  # lines before what stands in a role: the head and the account

# what is added to the head | line after the head | key | words of the message | words of the hint
TABLE = [
    ("[[accounts]]\nid = \"44445555666\"\nname = \"a\"", 2, "accounts[0].id", "not twelve digits: it has 11", "twelve"),
    ("[[accounts]]\nid = 444455556666\nname = \"a\"", 2, "accounts[0].id", "is a whole number", '"444455556666"'),
    ("[[accounts]]\nid = \"4444-5555-6666\"\nname = \"a\"", 2, "accounts[0].id", "not twelve digits", '"444455556666"'),
    ("[[accounts]]\nid = \"４４４４５５５５６６６６\"\nname = \"a\"", 2, "accounts[0].id", "not twelve digits", ""),
    ("[[accounts]]\nname = \"a\"", 1, "accounts[0].id", "id is missing", ""),
    ("[[accounts]]\nid = \"444455556666\"", 1, "accounts[0].name", "name is missing", ""),
    ("[[accounts]]\nid = \"444455556666\"\nname = \" \"", 3, "accounts[0].name", "is empty", ""),
    ("[[accounts]]\nid = \"444455556666\"\nname = \"111122223333\"", 3, "accounts[0].name", "reads as another", ""),
    ("[[accounts]]\nid = \"444455556666\"\nname = \"arn:x\"", 3, "accounts[0].name", "reads as another", ""),
    (ACCOUNT + "environment = \"prd\"", 4, "accounts[0].environment", '"prd" is not defined', '"prod"'),
    (ACCOUNT + "identity = \"centrall\"", 4, "accounts[0].identity", '"centrall" is not defined', '"central"'),
    (ACCOUNT + "enviroment = \"prod\"", 4, "accounts[0].enviroment", "unknown key", '"environment"'),
    (ACCOUNT + "mfa = true", 4, "accounts[0].mfa", "unknown key", "stands on a role"),
    (ACCOUNT + "tags = { team = 3 }", 4, "accounts[0].tags.team", "has to be a string, and is a whole number", ""),
    (ACCOUNT + "roles = \"ReadOnly\"", 4, "accounts[0].roles", "array of tables", "[[accounts]]"),
    (ACCOUNT + "roles = [\n { name = \"a\" },\n 3 ]", 6, "accounts[0].roles[1]", "has to be a table", ""),
    (ACCOUNT + "roles = [{ name = \"a\" },\n{ name = \"a\" }]", 5, "accounts[0].roles[1].name", "two targets", ""),
    (ACCOUNT + ACCOUNT.replace("payments", "x"), 5, "accounts[1].id", "is defined twice", f":{LINES + 2}"),
    (
        ACCOUNT + 'roles = [{ name = "a" }]\n[[accounts]]\nid = "555566667777"\nname = "payments-prod"\n'
        'roles = [{ name = "a" }]',
        7, "accounts[1].name", "two targets are named \"payments-prod/a\"", f":{LINES + 1}",
    ),
    ("accounts = 3", 1, "environments.prod.accounts", "unknown key", ""),
    ("[defautls]\nregion = \"eu-west-1\"\n" + ACCOUNT, 1, "defautls", "unknown key", '"defaults"'),
    ("[environments]\nstaging = \"x\"\n" + ACCOUNT, 2, "environments.staging", "has to be a table", ""),
    ("[environments.dev]\nconfirm = \"typ\"\n" + ACCOUNT, 2, "environments.dev.confirm", "is not one of", '"type"'),
    ("[environments.dev]\nconfirm = false\n" + ACCOUNT, 2, "environments.dev.confirm", "has to be a string", '"no"'),
    ("[environments.dev]\nreason = \"yes\"\n" + ACCOUNT, 2, "environments.dev.reason", "true or false", "quotes"),
    ("[environments.dev]\nmax_duration = \"13h\"\n" + ACCOUNT, 2, "environments.dev.max_duration", "15m to 12h", ""),
    ("[environments.unlisted]\n" + ACCOUNT, 1, "environments.unlisted", "can't be named", "kept"),
    ("[identities.x]\n" + ACCOUNT, 1, "identities.x.kind", "kind is missing", ""),
    ("[identities.x]\nkind = \"key\"\n" + ACCOUNT, 2, "identities.x.kind", "is not one of", '"keys"'),
    ("[identities.x]\nkind = \"process\"\n" + ACCOUNT, 1, "identities.x.process", "process is missing", ""),
    ("[identities.x]\nkind = \"profile\"\n" + ACCOUNT, 1, "identities.x.profile", "profile is missing", ""),
    ("[identities.x]\nkind = \"keys\"\nprofile = \"p\"\n" + ACCOUNT, 3, "identities.x.profile", "unknown key", "profile"),
    ("[identities.x]\nkind = \"keys\"\nmfa_serial = \"a b\"\n" + ACCOUNT, 3, "identities.x.mfa_serial", "MFA device", ""),
    (
        "[identities.x]\nkind = \"keys\"\nmfa_serial = \"arn:aws:iam::111122223333:u2f/user/ada\"\n" + ACCOUNT,
        3, "identities.x.mfa_serial", "FIDO", "virtual",
    ),
    (
        "[identities.x]\nkind = \"sso\"\nstart_url = \"http://acme.example/start\"\nsso_region = \"eu-west-1\"\n" + ACCOUNT,
        3, "identities.x.start_url", "is not an https address", "",
    ),
    (
        "[identities.x]\nkind = \"sso\"\nstart_url = \"https://a[b/start\"\nsso_region = \"eu-west-1\"\n" + ACCOUNT,
        3, "identities.x.start_url", "is not an https address", "",
    ),
    (
        "[identities.x]\nkind = \"sso\"\nstart_url = \"https://\u2100b/start\"\nsso_region = \"eu-west-1\"\n" + ACCOUNT,
        3, "identities.x.start_url", "is not an https address", "",
    ),
    (
        "[identities.x]\nkind = \"sso\"\nstart_url = \"https://a.example/\"\nsso_region = \"Ireland\"\n" + ACCOUNT,
        4, "identities.x.sso_region", "is not a region", "eu-west-1",
    ),
    ("[[roles]]\naccounts = \"env:prod\"\n" + ACCOUNT, 1, "roles[0].name", "name is missing", ""),
    ("[[roles]]\nname = \"A\"\naccounts = \"env:\"\n" + ACCOUNT, 3, "roles[0].accounts", "has no value", ""),
    ("[[roles]]\nname = \"A\"\naccounts = \"role:A\"\n" + ACCOUNT, 3, "roles[0].accounts", "can't choose accounts", "ou"),
    ("[[roles]]\nname = \"A\"\narn = \"arn:aws:iam::444455556666:role/A\"\n" + ACCOUNT, 3, "roles[0].arn", "unknown", "one"),
    ("[[roles]]\nname = \"A\"\n[[roles]]\nname = \"A\"\n" + ACCOUNT, 3, "roles[1]", "two targets", f":{LINES + 1}"),
    ("[[roles]]\nname = \"A\"\nvia = \"payments-prod/A\"\n" + ACCOUNT, 3, "roles[0].via", "in a circle", "role set"),
    # what stands in a role
    ("nmae = \"B\"", None, "nmae", "unknown key", '"name"'),
    ("duration = \"14m\"", None, "duration", "15m to 12h", ""),
    ("duration = \"12h1s\"", None, "duration", "15m to 12h", ""),
    ("duration = 3600", None, "duration", "is a whole number", '"1h"'),
    ("duration = \"soon\"", None, "duration", "is not a duration", '"90m"'),
    ("region = \"eu_west_1\"", None, "region", "is not a region", ""),
    ("identity = \"nobody\"", None, "identity", '"nobody" is not defined', "central"),
    ("session_name = \"{usr}\"", None, "session_name", "unknown placeholder", "{user}"),
    ("session_name = \"{user\"", None, "session_name", "brace", ""),
    ("session_name = \"a b\"", None, "session_name", "characters that STS refuses", ""),
    ("session_name = \"josé\"", None, "session_name", "characters that STS refuses", ""),
    ("session_name = \"a\"", None, "session_name", "has 1 characters", "2 to 64"),
    (f"session_name = \"{'a' * 65}\"", None, "session_name", "has 65 characters", "2 to 64"),
    ("source_identity = \"aws:x\"", None, "source_identity", "characters that STS refuses", ""),
    ("mfa = \"yes\"", None, "mfa", "true or false", "quotes"),
    ("external_id = \"x\"", None, "external_id", "has 1 characters", "2 to 1224"),
    ("external_id = \"a b\"", None, "external_id", "characters that STS refuses", ""),
    ("external_id = { valut = \"x\" }", None, "external_id.valut", "unknown key", "vault"),
    ("external_id = { vault = \"\" }", None, "external_id.vault", "is empty", ""),
    ("external_id = 7", None, "external_id", "is a whole number", ""),
    ("session_tags = { \"aws:x\" = \"y\" }", None, 'session_tags."aws:x"', "begins with aws:", ""),
    ("session_tags = { Team = \"a\", team = \"b\" }", None, "session_tags.team", "again", "case"),
    ("session_tags = { \"\" = \"a\" }", None, 'session_tags.""', "its key has 0", "128"),
    (f"session_tags = {{ a = \"{'x' * 257}\" }}", None, "session_tags.a", "has 257", "256"),
    ("session_tags = { a = \"b;c\" }", None, "session_tags.a", "characters that STS refuses", ""),
    (
        "session_tags = { " + ", ".join(f'k{n} = "v"' for n in range(51)) + " }", None,
        "session_tags", "has 51 tags", "50",
    ),
    ("transitive_tags = [\"team\"]", None, "transitive_tags[0]", "is not in session_tags", ""),
    ("transitive_tags = \"team\"", None, "transitive_tags", "an array of strings", '["team"]'),
    ("policy = \"{\"", None, "policy", "is not JSON", "character"),
    ("policy = '[]'", None, "policy", "is not a policy", "Statement"),
    (f"policy = '{{\"Statement\": [\"{'x' * 2048}\"]}}'", None, "policy", "has 2067 characters", "2,048"),
    ("policy_arns = [\"ReadOnlyAccess\"]", None, "policy_arns[0]", "not the ARN of a managed policy", ""),
    (
        "policy_arns = [" + ", ".join(f'"arn:aws:iam::aws:policy/P{n}"' for n in range(11)) + "]", None,
        "policy_arns", "has 11 policies", "10",
    ),
    (
        "policy_arns = [\"arn:aws:iam::999988887777:policy/P\"]", None,
        "policy_arns[0]", "of account 999988887777", "",
    ),
    ("arn = \"arn:aws:iam::999988887777:role/B\"", None, "arn", "of account 999988887777", "own account"),
    ("arn = \"arn:aws:sts::444455556666:assumed-role/B/x\"", None, "arn", "not the ARN of a role", "session"),
    ("via = \"payments-prod/C\"", None, "via", "which is no target", '"payments-prod/B"'),
    ("via = \"payments-prod/B\"", None, "via", "in a circle", "without via"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "key", "message", "hint"), TABLE, ids=[row[2] + "-" + row[3] for row in TABLE]
)
def test_each_problem_has_its_line_key_and_hint(
    home: Home, text: str, line: int | None, key: str, message: str, hint: str
) -> None:
    if line is None:  # in the one role of the account
        home.write(f'{HEAD}{ACCOUNT}  [[accounts.roles]]\n  name = "B"\n  {text}\n')
        line, key = 6, f"accounts[0].roles[0].{key}"
    else:
        home.write(HEAD + text + "\n")
    found = [problem for problem in home.problems() if problem.key == key and message in problem.message]
    assert len(found) == 1, home.problems()
    assert found[0].line == LINES + line
    assert hint in found[0].hint
    assert found[0].file == str(home.paths.catalog_file)


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        (ACCOUNT, "version", "version is missing"),
        ("version = 2\n" + ACCOUNT, "version", "version 2 is not known"),
        ('version = "1"\n' + ACCOUNT, "version", "has to be a whole number"),
        ("version = true\n" + ACCOUNT, "version", "has to be a whole number"),
        ("version = 1\n", "", "there is no account"),
        ("version = 1\naccounts = []\n", "", "there is no account"),
        ("version = 1\n" + ACCOUNT + 'roles = [{ name = "A" }]', "accounts[0].roles[0].identity", "no identity"),
        ("", "version", "version is missing"),
        ("", "", "there is no account"),
    ],
)
def test_what_a_file_as_a_whole_may_lack(home: Home, text: str, key: str, message: str) -> None:
    home.write(text)
    assert any(problem.key == key and message in problem.message for problem in home.problems())


def test_everything_is_reported_at_once_in_the_order_of_the_lines(home: Home) -> None:
    home.write(
        HEAD
        + """
[[accounts]]
id = "44445555666"
name = "one"
environment = "prd"
roels = []
roles = [{ name = "a/b" }, { name = "Ok", via = "two/None" }]
[[accounts]]
id = "555566667777"
name = "two"
identity = "nobody"
  [[accounts.roles]]
  name = "Deploy"
  duration = "13h"
  mfa = 1
"""
    )
    home.write('[[accounts]]\nid = "666677778888"\ntags = []\n', "catalog.d/b.toml")
    found = [(Path(problem.file).name, (problem.line or 0) - LINES, problem.key) for problem in home.problems()]
    assert found == [
        ("catalog.toml", 3, "accounts[0].id"),
        ("catalog.toml", 5, "accounts[0].environment"),
        ("catalog.toml", 6, "accounts[0].roels"),
        ("catalog.toml", 7, "accounts[0].roles[0].name"),
        ("catalog.toml", 7, "accounts[0].roles[1].via"),
        ("catalog.toml", 11, "accounts[1].identity"),
        ("catalog.toml", 14, "accounts[1].roles[0].duration"),
        ("catalog.toml", 15, "accounts[1].roles[0].mfa"),
        ("b.toml", 1 - LINES, "accounts[0].name"),
        ("b.toml", 3 - LINES, "accounts[0].tags"),
    ]


def test_a_circle_names_all_who_are_in_it(home: Home) -> None:
    home.write(
        HEAD + ACCOUNT + 'roles = [{ name = "A", via = "payments-prod/B" }, { name = "B", via = "444455556666/C" },\n'
        '{ name = "C", via = "arn:aws:iam::444455556666:role/A" }, { name = "D", via = "payments-prod/A" }]'
    )
    problems = home.problems()
    assert [problem.key for problem in problems] == [f"accounts[0].roles[{number}].via" for number in range(3)]
    assert "payments-prod/A > payments-prod/B > payments-prod/C > payments-prod/A" in problems[0].message


def test_broken_toml_names_its_line(home: Home) -> None:
    home.write(HEAD + "[[accounts]\n")
    (problem,) = home.problems()
    assert (problem.line, problem.key) == (LINES + 1, "")
    assert "not TOML" in problem.message


@pytest.mark.parametrize("text", ["x = " + "[" * 500, "x = " + "1" * 5000, ".".join("a" * 1100) + " = 1"])
def test_toml_past_the_parser_s_limits_is_a_problem_too(home: Home, text: str) -> None:
    home.write(text)
    assert "not TOML" in home.problems()[0].message


def test_what_is_not_utf8(home: Home) -> None:
    home.write(HEAD.encode() + b'[[accounts]]\nname = "\xff"\n')
    assert [(problem.line, problem.message) for problem in home.problems()] == [
        (LINES + 2, "is not UTF-8 from here on")
    ]
    home.write(HEAD.encode("utf-16"))
    assert home.problems()[0].message == "is in UTF-16"


def test_a_byte_order_mark_and_crlf_are_passed_over(home: Home) -> None:
    home.write(b"\xef\xbb\xbf" + (HEAD + ACCOUNT + 'roles = [{ name = "A" }]\n').replace("\n", "\r\n").encode())
    assert home.names() == ["payments-prod/A"]
    home.write(b"\xef\xbb\xbf" + (HEAD + ACCOUNT + "x = 1\n").replace("\n", "\r\n").encode())
    assert home.problems()[0].line == LINES + 4


def test_a_folder_a_pipe_and_a_loop_of_links_are_no_catalog(home: Home) -> None:
    home.paths.catalog_file.mkdir()
    assert "is a folder" in home.problems()[0].message
    home.paths.catalog_file.rmdir()
    os.mkfifo(home.paths.catalog_file)
    assert "not a regular file" in home.problems()[0].message
    home.paths.catalog_file.unlink()
    home.paths.catalog_file.symlink_to("catalog.toml")
    assert "can't be read" in home.problems()[0].message


def test_an_unreadable_file_says_so(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(HEAD + ACCOUNT)
    opened = os.open

    def refusing(path: object, *rest: object, **named: object) -> int:
        if Path(str(path)) == home.paths.catalog_file:
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refusing)
    (problem,) = home.problems()
    assert problem.message == "can't be read: permission denied"
    assert "permissions" in problem.hint


def test_a_file_in_place_of_the_folder_and_a_folder_in_place_of_a_file(home: Home) -> None:
    home.write(HEAD + ACCOUNT)
    home.write("", "catalog.d")
    assert "is not a folder" in home.problems()[0].message
    home.paths.catalog_folder.unlink()
    (home.paths.catalog_folder / "x.toml").mkdir(parents=True)
    assert "is a folder" in home.problems()[0].message


def test_no_catalog_at_all_is_the_first_run(home: Home) -> None:
    assert is_first_run(home.paths)
    (problem,) = home.problems()
    assert problem.message == "there is no catalog yet"
    assert problem.hint
    home.write("version = 1")
    assert not is_first_run(home.paths)


def test_a_catalog_that_was_named_has_to_exist(home: Home) -> None:
    home.write(HEAD + ACCOUNT, "catalog.d/all.toml")
    assert len(home.load().accounts) == 1
    from dataclasses import replace

    paths = replace(home.paths, catalog_file=home.paths.config / "other.toml")
    assert not is_first_run(paths)
    with pytest.raises(InvalidConfig, match="no such file"):
        load(paths)


def test_names_from_a_file_are_made_safe_in_messages(home: Home) -> None:
    home.write(HEAD + ACCOUNT + '"\\u001b[31m\\u202e" = 1\n')
    (problem,) = home.problems()
    assert "\x1b" not in str(problem)
    assert "\u202e" not in str(problem)


def test_an_external_id_is_never_in_a_message(home: Home) -> None:
    home.write(HEAD + ACCOUNT + 'roles = [{ name = "A", external_id = "sentinel value" }]')
    assert "sentinel" not in str(home.problems())


@pytest.mark.parametrize("key", ["mfa = true", 'external_id = "ab"', 'session_tags = { a = "b" }', 'duration = "1h"',
                                 'policy_arns = ["arn:aws:iam::aws:policy/P"]', 'source_identity = "{user}"',
                                 """policy = '{"Statement": []}'"""])  # fmt: skip
def test_a_permission_set_takes_no_settings_of_assume_role(home: Home, key: str) -> None:
    corp = '[identities.corp]\nkind = "sso"\nstart_url = "https://a.example/start"\nsso_region = "eu-west-1"\n'
    role = f'identity = "corp"\nroles = [{{ name = "Hub" }}, {{ name = "A", {key} }}]'
    home.write(HEAD + corp + ACCOUNT + role)
    (problem,) = home.problems()
    assert problem.key == f"accounts[0].roles[1].{key.partition(' ')[0]}"
    assert "of kind sso" in problem.message
    home.write(HEAD + corp + ACCOUNT + role.replace('"A"', '"A", via = "payments-prod/Hub"'))
    assert len(home.load().targets) == 2


def test_a_duration_for_everything_is_not_one_of_a_permission_set(home: Home) -> None:
    home.write(
        HEAD.replace('"central"\n', '"corp"\nduration = "2h"\n', 1)
        + '[identities.corp]\nkind = "sso"\nstart_url = "https://a.example/start"\nsso_region = "eu-west-1"\n'
        + ACCOUNT + 'roles = [{ name = "Hub" }, { name = "A", identity = "central" }]'
    )  # fmt: skip
    assert [target.duration for target in home.load().targets] == [None, 7200]
