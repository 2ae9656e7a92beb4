"""What `xswitch doctor` finds on this machine: vault, catalog, identities, shells, what other tools left behind."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from a_machine import CATALOG, PREFERENCES, SENTINEL, Here, only, said

from xswitch.catalog import VaultRef
from xswitch.credentials import Credentials
from xswitch.engine.checks import catalog, examine, exported, identities, leftovers, shells, vault
from xswitch.engine.checks.machine import Finding, Machine
from xswitch.errors import VaultUnavailable
from xswitch.identity import stored
from xswitch.secret import Secret
from xswitch.shell import environment


@pytest.fixture
def here(tmp_path: Path) -> Here:
    made = Here(tmp_path)
    made.write()
    return made


def store_key(here: Here) -> None:
    here.engine().store_identity(
        "central", "AKIA" + "PRACTICE" * 2, Secret(SENTINEL), "arn:aws:iam::111122223333:user/x"
    )


# The checks side by side.


def test_one_check_that_fails_stops_no_other_and_one_that_hangs_holds_nothing_up(here: Here) -> None:
    over = threading.Event()

    def breaks(machine: Machine) -> Iterator[Finding]:
        yield Finding("breaks", "ok", "so far")
        raise ValueError(SENTINEL)

    def refuses(machine: Machine) -> Iterator[Finding]:
        raise VaultUnavailable("the vault is\x1b[31m shut", "open it")
        yield

    def hangs(machine: Machine) -> Iterator[Finding]:
        yield Finding("hangs", "ok", "begun")
        over.wait(30)

    def works(machine: Machine) -> Iterator[Finding]:
        yield Finding("works", "ok", "fine")

    began = time.monotonic()
    checks = {"breaks": breaks, "refuses": refuses, "hangs": hangs, "works": works}
    found = examine(here.engine(), checks=checks, seconds=0.5)
    over.set()
    assert time.monotonic() - began < 20
    assert said(found) == [
        ("ok", "so far"), ("fail", "this check itself failed: ValueError"), ("fail", "the vault is[31m shut"),
        ("ok", "begun"), ("fail", "no answer within 0.5s"), ("ok", "fine"),
    ]  # fmt: skip
    assert SENTINEL not in str(found)


def test_a_machine_where_all_is_broken_tells_of_all_of_it(here: Here) -> None:
    store_key(here)
    here.write(catalog=CATALOG.replace("kind", "knid"), preferences="kernel_keyrnig = false\n")
    here.environ |= {"AWS_ENDPOINT_URL": "nonsense", "TERM": "dumb", "LANG": "C", "SHELL": "/nonexistent/zsh"}
    here.aws_file("config", "[profile x]\ncredential_process = /gone/xswitch credential-process a/b\n")
    found = examine(here.engine())
    failing = {one.check for one in found if one.level == "fail"}
    assert failing == {"vault", "catalog", "shells", "endpoint", "profiles"}
    assert not [one for one in found if "itself failed" in one.message]
    assert all(one.hint for one in found if one.level != "ok")


# Vault.


def test_a_vault_that_opens(here: Here) -> None:
    here.write(preferences="kernel_keyring = false\n")
    here.environ["XSWITCH_PASSPHRASE"] = "correct horse"
    here.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    store_key(here)
    found = said(vault.check(here.machine()))
    assert found == [("ok", "1 record; the passphrase file has the key, and it fits"), ("ok", "kernel keyring: off")]
    here.environ["XSWITCH_PASSPHRASE"] = "wrong"
    with pytest.raises(VaultUnavailable, match="does not open the vault"):
        list(vault.check(here.machine()))
    del here.environ["XSWITCH_PASSPHRASE"]
    closed = said(vault.check(here.machine()))
    assert closed[0] == ("warn", "1 record, none opened: the passphrase is not at hand")


def test_a_vault_that_is_not_there_is_not_made(here: Here) -> None:
    here.write(preferences="")
    here.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    found = said(vault.check(here.machine()))
    assert found[0][0] == "warn"
    assert found[0][1].startswith("not made yet; its key will be kept under a passphrase: ")
    here.write()
    assert said(vault.check(here.machine()))[0] == ("warn", "not made yet; its key will go to a plain file")
    assert not here.paths.state.exists()


def test_a_plain_file_is_warned_of(here: Here) -> None:
    store_key(here)
    found = said(vault.check(here.machine()))
    assert found[0] == ("warn", "its key lies in a plain file beside it, as config.toml allows")
    assert found[1] == ("ok", "1 record; the key file has the key, and it fits")


def test_damaged_records_are_named_and_the_others_opened(here: Here) -> None:
    store_key(here)
    engine = here.engine()
    for number in range(5):
        engine.store_secret(f"s{number}", Secret(SENTINEL))
    damaged = sorted(file for file in here.paths.vault.glob("*.record") or ())
    damaged = damaged or sorted(
        file for file in here.paths.vault.iterdir() if file.is_file() and file.stat().st_size > 100
    )
    for file in damaged[:5]:
        file.write_bytes(file.read_bytes()[:40])
    found = list(vault.check(here.machine()))
    failing = [one for one in found if one.level == "fail"]
    assert len(failing) == 4
    for file, one in zip(damaged, failing, strict=False):
        assert file.name in one.message if one is not failing[3] else "2 more records are damaged" in one.message
    assert ("ok", "1 record; the key file has the key, and it fits") in said(found)
    assert SENTINEL not in str(found)


def test_a_record_that_does_not_open_under_the_key(here: Here) -> None:
    store_key(here)
    record = next(file for file in here.paths.vault.iterdir() if file.is_file() and file.stat().st_size > 100)
    content = bytearray(record.read_bytes())
    content[-1] ^= 1
    record.write_bytes(bytes(content))
    found = said(vault.check(here.machine()))
    assert any(level == "fail" and "none that was tried opens" in words for level, words in found)


def test_another_key_is_told(here: Here) -> None:
    store_key(here)
    (here.paths.vault / "key").write_text("00" * 32 + "\n")
    with pytest.raises(VaultUnavailable, match="not the one that sealed"):
        list(vault.check(here.machine()))


def test_a_folder_that_is_not_to_be_trusted(here: Here) -> None:
    store_key(here)
    here.paths.vault.rename(here.folder / "elsewhere")
    here.paths.vault.symlink_to(here.folder / "elsewhere")
    found = only(examine(here.engine(), checks={"vault": vault.check}))
    assert found.level == "fail"
    assert "it is a symbolic link" in found.message and found.hint


def test_a_folder_that_others_could_open_is_told(here: Here) -> None:
    store_key(here)
    here.paths.vault.chmod(0o755)
    assert said(examine(here.engine(), checks={"identities": identities.check, "vault": vault.check}))[1] == (
        "warn", "others could open its folder (0755); it is 0700 again",
    )  # fmt: skip
    assert here.paths.vault.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("free", "level"), [(1 << 40, None), ((64 << 20) - 1, "warn"), ((1 << 20) - 1, "fail"), (0, "fail")]
)
def test_room_on_the_disk(here: Here, monkeypatch: pytest.MonkeyPatch, free: int, level: str | None) -> None:
    store_key(here)
    monkeypatch.setattr(vault.shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    found = [one for one in vault.check(here.machine()) if "MiB are free" in one.message]
    assert [one.level for one in found] == ([level] if level else [])


def test_a_disk_that_is_read_only(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    store_key(here)
    monkeypatch.setattr(vault.os, "statvfs", lambda path: SimpleNamespace(f_flag=os.ST_RDONLY))
    assert ("fail", f"{here.paths.vault} can't be written to") in said(vault.check(here.machine()))


# Catalog and identities.


def test_a_catalog_is_counted(here: Here) -> None:
    assert said(catalog.check(here.machine())) == [("ok", "1 accounts, 1 targets")]


def test_no_catalog_is_a_first_run(tmp_path: Path) -> None:
    here = Here(tmp_path)
    found = only(catalog.check(here.machine()))
    assert found.level == "warn" and "none yet" in found.message
    assert list(identities.check(here.machine())) == []


def test_the_first_error_is_named_and_all_are_counted(here: Here) -> None:
    here.write(catalog=CATALOG.replace("kind", "knid").replace("444455556666", "4444"))
    found = only(catalog.check(here.machine()))
    assert found.level == "fail"
    assert "catalog.toml:" in found.message and "more)" in found.message
    assert list(identities.check(here.machine())) == []


def test_preferences_count_too(here: Here) -> None:
    here.write(preferences="bell = 3\n")
    assert [level for level, _ in said(catalog.check(here.machine()))] == ["fail", "ok"]


def test_keys_and_their_age(here: Here) -> None:
    here.write(catalog=CATALOG + '[identities.other]\nkind = "keys"\n[identities.outside]\nkind = "environment"\n')
    found = {one.message.split(":")[0]: one for one in identities.check(here.machine())}
    assert [one.level for one in found.values()] == ["fail", "warn", "ok"]
    assert found["central"].hint == "xswitch identity add central"
    store_key(here)
    assert said(identities.check(here.machine()))[0] == ("ok", "central: its key was put here today")
    for days, level in ((90, "ok"), (91, "warn")):
        here.now = time.time() + days * 86400 + 60
        found = next(iter(identities.check(here.machine())))
        assert (found.level, found.message) == (level, f"central: its key was put here {days} days ago")
        assert found.hint == ("xswitch identity rotate central" if level == "warn" else "")


def test_when_iam_made_a_key_counts_before_when_it_came(here: Here) -> None:
    made = time.time() - 91 * 86400
    stored.keep(here.engine().vault, "central", Credentials("AKIA" + "X" * 16, Secret("s")), time.time(), made)
    assert said(identities.check(here.machine()))[0] == ("warn", "central: its key was made 91 days ago")


@pytest.mark.parametrize(
    ("process", "level", "words"),
    [
        ("tool --for me", "ok", "kind process, its program is there"),
        ("{folder}/bin/tool", "ok", "kind process, its program is there"),
        ("other-tool", "warn", "its program 'other-tool' is not on PATH"),
        ("tool 'x", "warn", "its program has a quote that is never closed"),
    ],
)
def test_a_program_that_gives_credentials_is_looked_for_and_not_run(
    here: Here, process: str, level: str, words: str
) -> None:
    tool = here.folder / "bin" / "tool"
    tool.write_text(f"#!/bin/sh\ntouch {here.folder}/run\n")
    tool.chmod(0o755)
    text = process.format(folder=here.folder)
    here.write(catalog=CATALOG.replace('kind = "keys"', f'kind = "process"\nprocess = "{text}"'))
    assert said(identities.check(here.machine())) == [(level, f"central: {words}")]
    assert not (here.folder / "run").exists()


# Shells.


def test_shells_and_their_versions(here: Here) -> None:
    assert said(shells.check(here.machine()))[0][0] == "warn"
    here.program("bash", "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)")
    here.program("zsh", "zsh 5.9 (x86_64-debian-linux-gnu)")
    here.script("fish", "exit 3")
    found = said(shells.check(here.machine()))
    assert found[:2] == [("ok", "bash 5.2.15, zsh 5.9, fish"), ("ok", "a switch opens /bin/sh")]


@pytest.mark.parametrize(("name", "level"), [("zsh", "ok"), ("nu", "warn"), ("missing", "fail")])
def test_the_shell_that_opens(here: Here, name: str, level: str) -> None:
    if name != "missing":
        here.program(name, "1.2")
    here.environ["SHELL"] = str(here.folder / "bin" / name)
    assert said(shells.check(here.machine()))[1][0] == level


def test_inside_a_switched_shell(here: Here) -> None:
    here.now = 1_800_000_000.0
    here.environ |= {"XSWITCH_TARGET": "payments-prod/ReadOnly", "XSWITCH_EXPIRES": "1800002520", "XSWITCH_DEPTH": "2"}
    assert ("ok", "this is a shell in payments-prod/ReadOnly for another 42m, 2 deep") in said(
        shells.check(here.machine())
    )
    here.now += 2580
    assert any("nothing: it ended 1m ago" in words for _, words in said(shells.check(here.machine())))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"TERM": "dumb"}, "TERM is empty or dumb"),
        ({"TERM": ""}, "TERM is empty or dumb"),
        ({"LANG": "C"}, "the locale is C, not UTF-8"),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "the locale is C, not UTF-8"),
        ({"LANG": ""}, "no locale is set"),
        ({"LC_ALL": "POSIX"}, "the locale is POSIX, not UTF-8"),
    ],
)
def test_what_a_terminal_lacks(
    here: Here, more: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "GIVEN", str(tmp_path / "none"))  # whatever these tests were started with
    assert not [one for one in shells.check(here.machine()) if "TERM" in one.message or "locale" in one.message]
    here.environ |= more
    assert [one.level for one in shells.check(here.machine()) if words in one.message] == ["warn"]


def test_notifications_that_nothing_can_show(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shells.notices.sys, "platform", "linux")
    here.write(preferences=PREFERENCES + "notify = true\n")
    wanted = [one for one in shells.check(here.machine()) if "notifications" in one.message]
    assert only(wanted).level == "warn"
    here.environ["TERM"] = "xterm-kitty"
    assert not [one for one in shells.check(here.machine()) if "notifications" in one.message]


@pytest.mark.parametrize(
    ("version", "level", "words"),
    [
        ("aws-cli/2.9.19 Python/3.11.2 Linux/6.1", "warn", "aws 2.9.19 does not read AWS_ENDPOINT_URL, which is set"),
        ("aws-cli/2.13.0 Python/3.11.2", "ok", "aws 2.13.0"),
        ("aws-cli/1.28.0 Python/3.11.2", "warn", "aws 1.28.0 does not read"),
        ("aws-cli/1.45.11 Python/3.11.2", "ok", "aws 1.45.11"),
        ("something else", "warn", "does not say its version"),
    ],
)
def test_whether_the_aws_cli_reads_the_endpoint(here: Here, version: str, level: str, words: str) -> None:
    assert ("ok", "the AWS CLI is not on PATH") in said(shells.check(here.machine()))
    here.program("aws", version)
    here.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
    found = [one for one in shells.check(here.machine()) if words in one.message]
    assert only(found).level == level
    del here.environ["AWS_ENDPOINT_URL"]
    if "2.9" in version:
        assert ("ok", "aws 2.9.19 (does not read AWS_ENDPOINT_URL)") in said(shells.check(here.machine()))


def test_programs_that_are_asked_get_no_secret(here: Here) -> None:
    here.script("aws", f"env > {here.folder}/seen", "echo aws-cli/2.20.0")
    here.environ |= {"AWS_SECRET_ACCESS_KEY": SENTINEL, "XSWITCH_PASSPHRASE": SENTINEL, "PATH": f"{here.environ['PATH']}:/usr/bin:/bin"}  # fmt: skip
    list(shells.check(here.machine()))
    assert SENTINEL not in (here.folder / "seen").read_text()


def test_a_program_that_hangs_is_given_up(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shells, "SECONDS", 0.2)
    here.environ["PATH"] += ":/usr/bin:/bin"
    here.script("aws", "exec sleep 60")
    assert any("does not say its version" in words for _, words in said(shells.check(here.machine())))


# What other tools left.


def test_nothing_is_left(here: Here) -> None:
    assert said(leftovers.check(here.machine())) == [("ok", "nothing that could shadow a session")]
    assert list(exported.check(here.machine())) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"AWS_PROFILE": "work"}, "AWS_PROFILE is set to work"),
        ({"AWS_DEFAULT_PROFILE": "work"}, "AWS_DEFAULT_PROFILE is set to work"),
        ({"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": SENTINEL}, "the environment holds a long-lived key"),
        ({"AWS_ACCESS_KEY_ID": "ASIAX", "AWS_SESSION_TOKEN": SENTINEL}, "the environment holds the keys of a session"),
    ],
)
def test_variables_of_other_tools(here: Here, more: dict[str, str], words: str) -> None:
    here.environ |= more
    found = only(leftovers.check(here.machine()))
    assert found.level == "warn" and words in found.message and found.hint
    assert SENTINEL not in str(found) and "AKIAX" not in str(found)
    here.environ["XSWITCH_TARGET"] = "payments-prod/ReadOnly"
    assert only(leftovers.check(here.machine())).level == "ok", "in a switched shell they are the session's own"


def test_keys_on_the_disk_are_counted_and_the_default_is_named(here: Here) -> None:
    key = f"aws_access_key_id = AKIAX\naws_secret_access_key = {SENTINEL}\n"
    here.aws_file("credentials", f"[default]\n{key}[a]\n{key}[b]\n{key}[c]\nrole_arn = x\n")
    here.aws_file("config", f"[default]\nregion = x\n[profile b]\n{key}[profile d]\n{key}")
    found = list(leftovers.check(here.machine()))
    assert [one.message for one in found] == [
        "the [default] profile holds a long-lived key: whatever has no session takes it",
        "3 profiles hold a long-lived key in plain text",
    ]
    assert SENTINEL not in str(found)


@pytest.mark.parametrize("text", [f"aws_secret_access_key = {SENTINEL}\n", f"[default\n{SENTINEL}\n", "\udcff"])
def test_a_file_that_is_none_is_told_without_its_content(here: Here, text: str) -> None:
    (here.folder / ".aws").mkdir()
    (here.folder / ".aws" / "credentials").write_bytes(text.encode("utf-8", "surrogateescape"))
    found = list(leftovers.check(here.machine()))
    assert only(found).level == "warn" and "credentials" in found[0].message
    assert SENTINEL not in str(found)


def test_exported_profiles_that_name_a_program_that_is_gone(here: Here) -> None:
    real = here.program("xswitch")
    here.aws_file(
        "config",
        f"[profile good]\ncredential_process = {real} credential-process a/b\n"
        "[profile by-name]\ncredential_process = xswitch credential-process a/b\n"
        '[profile gone]\ncredential_process = "/old place/bin/xswitch" credential-process a/b\n'
        "[profile other]\ncredential_process = /gone/aws-vault export x\n"
        "[profile odd]\ncredential_process = 'unclosed\n[profile empty]\ncredential_process =\n"
        "[profile module]\ncredential_process = /gone/python3 -P -m xswitch credential-process a/b\n"
        f"[profile anywhere]\ncredential_process = {sys.executable} -m xswitch credential-process a/b\n",
    )
    found = list(exported.check(here.machine()))
    assert said(found) == [
        ("fail", "gone names /old place/bin/xswitch, which is not there any more"),
        ("fail", "module names /gone/python3, which is not there any more"),
        ("fail", "anywhere runs a module called xswitch of the working folder"),
        ("ok", "5 profiles get their keys from xswitch"),
    ]
    assert str(real) in found[0].hint
    real.unlink()
    assert [one.level for one in exported.check(here.machine())] == ["fail"] * 5 + ["ok"]


def test_a_secret_of_the_catalog_is_in_no_word(here: Here) -> None:
    store_key(here)
    here.engine().store_secret(VaultRef("x").name, Secret(SENTINEL))
    here.environ |= {"AWS_SESSION_TOKEN": SENTINEL, "XSWITCH_MFA_CODE": "123456", "AWS_ENDPOINT_URL": "nonsense"}
    found = str(examine(here.engine()))
    assert SENTINEL not in found and "123456" not in found
