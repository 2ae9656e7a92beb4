"""No secret is where it has no business, shown by what secrets there are: the whole program, looked at from outside."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from guarded_house import INGEST, PASSPHRASE, GuardedHouse

from xswitch.sandbox.practice_accounts import IDENTITY_ID

HANDED = {"XSWITCH_PASSPHRASE": PASSPHRASE}
ANY_TOKEN = "IQoJb3JpZ2luX2Vj"
"""What every session token begins with, AWS's and the practice organization's."""
PROD = ("--confirm", "payments-prod", "--reason", "a reason")


@pytest.fixture
def house(tmp_path: Path, xswitch: str) -> Iterator[GuardedHouse]:
    with GuardedHouse(tmp_path, xswitch) as made:
        yield made


def helper(house: GuardedHouse, name: str, body: str) -> str:
    """Write a helper program that leaves its arguments and environment behind."""
    path = house.home / name
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$0" "$@" >>"$HOME/{name}.seen"; env >>"$HOME/{name}.seen"\n{body}\n')
    path.chmod(0o755)
    return str(path)


def test_no_command_leaves_a_secret_anywhere(house: GuardedHouse) -> None:
    """A passphrase and a code by the environment, guards by arguments, refusals, and every command that reports."""
    house.move_in()
    house.prefer(kernel_keyring=True)
    code = house.code()
    shown = house.run(
        "exec", "payments-prod/Deploy", *PROD, "--", "env", XSWITCH_MFA_CODE=code, **HANDED
    )  # fmt: skip
    secrets = house.secrets()
    assert any(str(secret) in shown for name, secret in secrets.items() if "Deploy" in name), (
        "the child has its session"
    )
    assert "XSWITCH_PASSPHRASE" not in shown
    assert "XSWITCH_MFA_CODE" not in shown
    house.run("exec", INGEST, "--", "true", **HANDED)
    house.run("env", "payments-staging/ReadOnly", "--format", "json", **HANDED)
    document = json.loads(house.run("credential-process", "payments-staging/ReadOnly", **HANDED))
    assert document["SecretAccessKey"] in house.secrets().values()
    house.say("exec", "denied-on-purpose/NotInMyPolicy", "--", "true", allowed=(4,), **HANDED)
    house.say("env", "denied-on-purpose/TrustsSomebodyElse", "--json", allowed=(4,), **HANDED)
    for arguments in (("sessions", "--json"), ("catalog", "show", INGEST), ("sessions", "end", "--all"), ("lock",)):
        house.say(*arguments, **HANDED)
    house.say("env", "payments-staging/Deploy", "--json", allowed=(6,), XSWITCH_PASSPHRASE="wrong")
    found = house.finds(handed=("the passphrase", f"code {code}"))
    assert found == []
    assert house.strays() == []
    assert (house.paths.audit_log).read_text().count("\n") >= 3


def test_the_watch_sees_what_it_is_there_to_see(house: GuardedHouse) -> None:
    """A program that does everything wrong is found out, everywhere."""
    secret = house.practice.user_access_key[1]
    script = (
        "import os, subprocess, sys, time; secret = os.environ.pop('GIVEN')\n"
        "open(os.environ['TMPDIR'] + '/gone', 'w').write(secret); os.remove(os.environ['TMPDIR'] + '/gone')\n"
        "open(os.environ['HOME'] + '/stays', 'w').write(secret.encode().hex())\n"
        "subprocess.run(['sleep', '0.2', ], env={**os.environ, 'LEAK': secret}); print(secret, file=sys.stderr)\n"
        "subprocess.run(['sh', '-c', 'sleep 0.2; : ' + secret])\n"
    )
    house.evidence.run(["/usr/bin/env", "python3", "-c", script], {**house.environ, "GIVEN": secret})
    found = "\n".join(house.finds())
    for place in ("the environment of", "the arguments of sh", "stays", "a file that is gone", "stderr of"):
        assert place in found, (place, found)


def test_helpers_get_nothing_that_is_not_theirs(house: GuardedHouse) -> None:
    """An mfa_process, a profile's credential_process, which botocore starts, and an identity's program, which we do."""
    house.move_in()
    code = house.code()
    mfa = helper(house, "mfa-helper", f"echo {code}")
    tool = helper(house, "tool-helper", 'cat "$HOME/keys.json"')
    program = helper(house, "program-helper", 'cat "$HOME/keys.json"')
    key, secret = house.practice.user_access_key
    document = {"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret}
    (house.home / "keys.json").write_text(json.dumps(document))
    (house.home / ".aws").mkdir()
    (house.home / ".aws" / "config").write_text(f"[profile tool]\ncredential_process = {tool}\n")
    text = house.paths.catalog_file.read_text()
    text = text.replace('mfa_serial = "', f'mfa_process = "{mfa}"\nmfa_serial = "', 1)
    text = text.replace('name = "payments-staging"\n', 'name = "payments-staging"\nidentity = "tool"\n')
    text = text.replace('name = "payments-dev"\n', 'name = "payments-dev"\nidentity = "program"\n')
    text += '\n[identities.tool]\nkind = "profile"\nprofile = "tool"\n'
    text += f'\n[identities.program]\nkind = "process"\nprocess = "{program}"\n'
    house.paths.catalog_file.write_text(text)
    house.run("exec", "payments-prod/Deploy", *PROD, "--", "true", **HANDED)
    house.run("exec", "payments-staging/ReadOnly", "--", "true", XSWITCH_MFA_CODE="482913", **HANDED)
    house.run("exec", "payments-dev/ReadOnly", "--", "true", XSWITCH_MFA_CODE="482913", **HANDED)
    house.codes.append("482913")
    for name in ("mfa-helper", "tool-helper", "program-helper"):
        seen = (house.home / f"{name}.seen").read_text()
        assert "HOME=" in seen
        assert "XSWITCH_PASSPHRASE" not in seen
        assert "XSWITCH_MFA_CODE" not in seen
    found = house.finds(handed=("the passphrase", "code 482913"), files=("keys.json", "mfa-helper"))
    assert found == []


def test_keys_added_and_rotated_and_external_ids_leave_no_secret(house: GuardedHouse) -> None:
    """They come from a profile and from stdin; the new key is known to AWS and to the vault alone."""
    house.move_in()
    key, secret = house.practice.user_access_key
    file = house.home / ".aws" / "credentials"
    file.parent.mkdir()
    file.write_text(f"[ours]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    house.say("identity", "add", "central", "--from-profile", "ours", "--remove-from-file", **HANDED)
    assert file.read_text() == "[ours]\n"
    external = "agreed-S3NTINEL-upon"
    house.say("identity", "external-id", "another", given=f"{external}\n", **HANDED)
    house.say("identity", "external-id", "another", given=f"{external} not allowed", allowed=(2,), **HANDED)
    house.say("identity", "rotate", "central", "--json", **HANDED)
    house.say("identity", "rotate", "central", allowed=(2,), **HANDED)
    house.say("identity", "list")
    house.say("exec", "payments-staging/ReadOnly", "--", "true", **HANDED)
    made = house.practice.organization.account(IDENTITY_ID).users["ada"].keys
    more = {f"the secret of {one.id}": one.secret for one in made.values()} | {"the external id": external}
    assert len(made) == 2
    assert house.finds(handed=("the passphrase",), more=more, files=("credentials",)) == []
    assert house.strays() == []


def test_a_renewing_process_alone_has_the_endpoints_token_and_copies_hold_no_key(house: GuardedHouse) -> None:
    """The session comes over loopback; the person's files have keys, and what the process is pointed to has none."""
    house.move_in()
    house.prefer(kernel_keyring=True)
    own = {"default": "defaultS3NTINELdefaultS3NTINELdefaultS3N", "other": "otherS3NTINELotherS3NTINELotherS3NTINELx"}
    (house.home / ".aws").mkdir()
    (house.home / ".aws" / "credentials").write_text(
        "".join(f"[{name}]\naws_access_key_id = AKIA{'X' * 16}\naws_secret_access_key = {one}\n" for name, one in own.items())
    )  # fmt: skip
    script = (
        "import json, os, shutil, urllib.request as u\n"
        "url, token = (os.environ['AWS_CONTAINER_' + name] for name in ('CREDENTIALS_FULL_URI', 'AUTHORIZATION_TOKEN'))\n"
        "got = json.load(u.urlopen(u.Request(url, headers={'Authorization': token})))\n"
        "print(json.dumps([token, got['SecretAccessKey'], os.environ['AWS_SHARED_CREDENTIALS_FILE']]))\n"
    )
    shown = house.run("exec", "payments-staging/ReadOnly", "--renew", "--", "python3", "-c", script, **HANDED)
    token, key, copy = json.loads(shown)
    assert key in house.secrets().values()
    assert copy != str(house.home / ".aws" / "credentials")
    house.say("lock")
    assert any(path == copy for path, _ in house.evidence.files), "the copy was looked at"
    more = {"the endpoint's token": token, **{f"the key of profile {name}": one for name, one in own.items()}}
    assert (
        house.finds(handed=("the passphrase",), files=("credentials",), more=more, switched=("the endpoint's token",))
        == []
    )
    assert house.strays() == []


def test_questions_on_a_terminal_leave_no_secret(house: GuardedHouse) -> None:
    """The vault's passphrase is chosen and given, a wrong code and a right one are typed, a guard is passed."""
    key, secret = house.practice.user_access_key
    with house.terminal("identity", "add", "central") as screen:
        screen.wait("Access key id")
        screen.send(f"{key}\r")
        screen.wait("Secret access key")
        screen.send(f"{secret}\r")
        screen.wait("[Pp]assphrase")
        screen.send(f"{PASSPHRASE}\r")
        screen.wait("(?i)again|once more")
        screen.send(f"{PASSPHRASE}\r")
        assert screen.end() == 0, screen.text()
        house.keep(screen)
    with house.terminal("exec", "payments-prod/Deploy", "--", "sleep", "0.2") as screen:
        screen.wait("Account name")
        screen.send("payments-prod\r")
        screen.wait("[Rr]eason")
        screen.send("a reason\r")
        screen.wait("[Pp]assphrase")
        screen.send(f"{PASSPHRASE}\r")
        screen.wait("MFA code")
        wrong = f"{(int(house.practice.code()) + 1) % 1000000:06d}"
        house.codes.append(wrong)
        screen.send(wrong)
        screen.wait("did not accept")
        screen.send(house.code())
        assert screen.end() == 0, screen.text()
        house.keep(screen)
    assert house.finds() == []
    assert house.strays() == []


def test_the_screens_leave_no_secret(house: GuardedHouse) -> None:
    """Passphrase, guard, code, a shell, the board, a denial, and a copy, which goes to the clipboard and nowhere else.

    Whoever works on Textual programs may have its logs switched on, and they hold every key that is typed.
    """
    house.move_in()
    logs = {"TEXTUAL": "debug,devtools", "TEXTUAL_DEBUG": "1", "TEXTUAL_LOG": str(house.home / "textual.log")}
    with house.terminal(**logs) as screen:
        screen.wait("Search accounts")
        screen.send("payments prod deploy")
        screen.wait(r"❯ payments-prod\s+Deploy")
        screen.send("\r")
        screen.wait("Type the account's name")
        screen.send("payments-prod\ta reason\r")
        screen.wait("Passphrase")
        screen.send(f"{PASSPHRASE}\r")
        screen.wait("sent at the sixth digit")
        screen.send(house.code())
        screen.wait(r"payments-prod/Deploy (1h|59m)")
        screen.send("exit\r")
        screen.wait("Search accounts")
        screen.send("\x13")
        screen.wait(r"payments-prod/Deploy\s+(59m|1h)")
        screen.send("\x1b")
        screen.wait("Search accounts")
        screen.send("notinmypolicy")
        screen.wait(r"❯ denied-on-purpose\s+NotInMyPolicy")
        screen.send("\r")
        screen.wait("(?i)denied .*NotInMyPolicy|is not authorized")
        screen.send("\x1b")
        screen.wait("1 of 127")
        screen.send("\x1b")
        screen.wait("Search accounts")
        screen.send("payments staging readonly")
        screen.wait(r"❯ payments-staging\s+ReadOnly")
        screen.send("\x19")
        screen.wait("copied for bash")
        screen.send("\x03")
        assert screen.end() in (0, 130)
    copies = re.findall(rb"\x1b\]52;c;([^\x07]*)\x07", screen.raw)
    assert len(copies) == 1
    assert b"AWS_SECRET_ACCESS_KEY" in base64.b64decode(copies[0])
    screen.raw = screen.raw.replace(copies[0], b"")
    assert b"payments-prod/Deploy" in house.keep(screen)
    assert not [path.name for path in house.home.rglob("*.log")]
    assert house.finds() == []
    assert house.strays() == []


def test_shells_and_their_startup_files_leave_no_secret(house: GuardedHouse) -> None:
    house.move_in()
    house.prefer(kernel_keyring=True)
    (house.home / ".local/share/fish/generated_completions").mkdir(parents=True)
    (house.home / ".zshrc").touch()
    for shell in ("bash", "zsh", "fish"):
        with house.terminal("shell", "payments-staging/ReadOnly", "--shell", shell, **HANDED) as screen:
            screen.wait(r"payments-staging/ReadOnly")
            screen.send("/bin/echo a$AWS_ACCOUNT_ID; env | grep -c XSWITCH_PASSPHRASE; true\r")
            screen.wait(r"^a555566667777\s+0$")
            house.evidence.look()
            screen.send("exit\r")
            assert screen.end() == 0
            house.keep(screen)
    house.say("lock")
    startup = {path.rpartition("/")[2] for path, _ in house.evidence.files if "/state/shells/" in path}
    assert startup >= {"bashrc", ".zshrc", "startup.fish"}
    assert house.finds(handed=("the passphrase",)) == []
    assert house.strays() == []


def test_a_fault_wherever_a_secret_is_at_hand_is_told_without_it(house: GuardedHouse) -> None:
    """Every function that ever holds a secret in a variable breaks once, with an error that quotes it."""
    house.move_in()
    house.reuse_codes()
    code = house.code()
    shutil.copytree(house.environ["XSWITCH_HOME"], house.environ["XSWITCH_HOME"] + ".before")
    secrets = [str(value) for value in house.secrets().values() if isinstance(value, str)]
    asked = {
        "argv": ["env", "payments-prod/Deploy", *PROD, "--format", "json"],
        "secrets": [*secrets, house.vault_key.hex(), code, ANY_TOKEN],
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("faulty.py")), json.dumps(asked)],
        env={**house.environ, **HANDED, "XSWITCH_MFA_CODE": code}, capture_output=True, timeout=300, check=True,
        cwd=house.home,
    )  # fmt: skip
    sound, *broken = json.loads(done.stdout)
    assert sound["status"] == 0, sound
    places = {one["at"] for one in broken}
    assert places >= {
        "vault/key.py:Key.seal",
        "shell/environment.py:_keys",
        "cli/output.py:write",
        "session/sts.py:_issued",
    }
    assert [one["at"] for one in broken if not one["found"]] == [], "each of them was reached again"
    for one in broken:
        assert one["status"] == 1, one
        assert re.fullmatch(
            r"xswitch: a fault of xswitch itself, Fault at [\w.]+:\d+\n  hint: .*\n", one["stderr"]
        ), one  # fmt: skip
        house.evidence.printed[f"a fault in {one['at']}"] = (one["stdout"] + one["stderr"]).encode()
    assert house.finds() == []
