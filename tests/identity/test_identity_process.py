"""Identities of kind process: what a credential_process program may print, how it is run, what it never sees."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from xswitch.catalog.model import Identity
from xswitch.credentials import Credentials
from xswitch.errors import PersonNeeded, Usage
from xswitch.identity import process
from xswitch.identity.process import Programs
from xswitch.identity.sources import basis_of, fingerprint_of
from xswitch.secret import Secret
from xswitch.vault import Vault
from xswitch.vault.folder import Folder
from xswitch.vault.holders import FileHolder

SENTINEL = "secret-S3NTINEL-value"
GOOD = {"Version": 1, "AccessKeyId": "ASIAPROCESS000000001", "SecretAccessKey": SENTINEL, "SessionToken": "token"}
LATER = "2099-01-01T00:00:00Z"


def running(program: str) -> Identity:
    return Identity("corp", "process", process=f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}")


def printing(document: object) -> Identity:
    return running(f"print({json.dumps(document)!r})")


def asked(identity: Identity, environ: dict[str, str] | None = None, **options: float) -> Credentials:
    return process.credentials(identity, environ or {}, 1000.0, **options)


def test_what_a_program_prints_is_taken_whole():
    found = asked(printing(GOOD | {"Expiration": LATER}))
    assert found == Credentials("ASIAPROCESS000000001", Secret(SENTINEL), Secret("token"), 4070908800.0)


def test_keys_without_a_token_are_a_user_s_own():
    found = asked(printing({"Version": 1, "AccessKeyId": "AKIAPROCESS000000001", "SecretAccessKey": "s"}))
    assert (found.temporary, found.expires) == (False, None)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(LATER, 4070908800.0), ("2099-01-01T02:00:00+02:00", 4070908800.0), ("2099-01-01T00:00:00", 4070908800.0)],
)
def test_an_expiration_is_read_in_every_form_of_iso_8601(written, seconds):
    assert asked(printing(GOOD | {"Expiration": written})).expires == seconds


@pytest.mark.parametrize(
    "document",
    [
        {name: value for name, value in GOOD.items() if name != "Version"},
        GOOD | {"Version": 2},
        GOOD | {"Version": "1"},
        GOOD | {"Version": True},
        GOOD | {"AccessKeyId": ""},
        GOOD | {"SecretAccessKey": ["a"]},
        GOOD | {"SessionToken": 5},
        GOOD | {"Expiration": "tomorrow"},
        GOOD | {"Expiration": 5},
        [GOOD],
        "text",
        GOOD | {"Padding": "x" * 70_000},
    ],
)
def test_what_is_no_document_of_version_1_is_refused_and_not_shown(document):
    with pytest.raises(PersonNeeded, match="the program of corp printed no credentials") as caught:
        asked(printing(document))
    assert SENTINEL not in caught.value.message + caught.value.hint


def test_credentials_that_are_over_are_none():
    with pytest.raises(PersonNeeded, match="over already"):
        asked(printing(GOOD | {"Expiration": "1970-01-01T00:16:40Z"}))
    assert asked(printing(GOOD | {"Expiration": "1970-01-01T00:16:41Z"})).expires == 1001.0


def test_a_program_that_fails_says_why_in_its_last_line_made_safe():
    program = (
        f"import sys; print({SENTINEL!r}); "
        "print('first\\n\\x1b[31mno session\\u202e: run saml2aws login', file=sys.stderr); sys.exit(3)"
    )
    with pytest.raises(PersonNeeded, match="the program of corp failed with status 3") as caught:
        asked(running(program), {"PYTHONIOENCODING": "utf-8"})
    assert caught.value.hint == "[31mno session: run saml2aws login"
    assert caught.value.exit_status == 5


def test_a_program_that_fails_silently_or_by_a_signal():
    with pytest.raises(PersonNeeded, match="failed with status 1") as caught:
        asked(running("raise SystemExit(1)"))
    assert caught.value.hint == "run it by hand to see why"
    with pytest.raises(PersonNeeded, match="ended by signal 15"):
        asked(running("import os; os.kill(os.getpid(), 15)"))


def test_a_program_that_hangs_is_ended_with_all_that_it_started(tmp_path):
    left = tmp_path / "pid"
    command = shlex.join(["sh", "-c", f"sleep 600 & echo $! >{left}; wait"])
    with pytest.raises(PersonNeeded, match="gave nothing within 2s") as caught:
        asked(Identity("corp", "process", process=command), {"PATH": "/usr/bin:/bin"}, seconds=2)
    assert "no terminal to ask on" in caught.value.hint
    deadline = time.monotonic() + 30
    while _alive(int(left.read_text())):
        assert time.monotonic() < deadline, "what it started goes on"
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    """Tell whether a process runs: one that ended and is not reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_agent_that_it_leaves_behind_is_not_waited_for():
    """It holds the streams open, as an agent that forgets to close them does."""
    program = f"import subprocess; subprocess.Popen(['sleep', '20']); print({json.dumps(GOOD)!r}, flush=True)"
    started = time.monotonic()
    assert asked(running(program), {"PATH": "/usr/bin:/bin"}, seconds=100).access_key_id == GOOD["AccessKeyId"]
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("command", ["/does/not/exist", "/etc/passwd", " ", "a\0b"])
def test_a_program_that_can_t_be_run(command):
    with pytest.raises(PersonNeeded, match="can't be run"):
        asked(Identity("corp", "process", process=command))


def test_a_quote_that_is_never_closed():
    with pytest.raises(Usage, match="quote"):
        asked(Identity("corp", "process", process="tool 'x"))


def test_there_is_no_shell(tmp_path):
    marker = tmp_path / "pwned"
    with pytest.raises(PersonNeeded):
        asked(Identity("corp", "process", process=f"echo x; touch {marker} $(touch {marker}) `touch {marker}`"))
    assert not marker.exists()


def test_it_sees_neither_what_was_handed_to_xswitch_nor_a_terminal():
    program = (
        "import os, sys; seen = {'XSWITCH_MFA_CODE', 'XSWITCH_PASSPHRASE'} & set(os.environ)\n"
        "if seen or sys.stdin.read() or os.environ['KEPT'] != 'yes' or os.getsid(0) != os.getpid(): sys.exit('seen')\n"
        f"print({json.dumps(GOOD)!r})"
    )
    asked(running(program), {"XSWITCH_MFA_CODE": "111111", "XSWITCH_PASSPHRASE": SENTINEL, "KEPT": "yes"})


def test_in_a_switched_shell_it_sees_the_environment_outside():
    """It must not give our own session back; the AWS files are the person's, not the copies of a renewing process."""
    program = (
        "import os; names = [name for name in os.environ if name.startswith(('AWS_', 'XSWITCH_'))]\n"
        f"sorted(names) == ['AWS_CONFIG_FILE', 'XSWITCH_TARGET'] and os.environ['AWS_CONFIG_FILE'] == '/own' and print({json.dumps(GOOD)!r})"
    )
    inside = {
        "XSWITCH_TARGET": "a/B", "XSWITCH_OWN_AWS_CONFIG_FILE": "/own", "AWS_CONFIG_FILE": "/x/config.without-default",
        "XSWITCH_OWN_AWS_SHARED_CREDENTIALS_FILE": "", "AWS_SHARED_CREDENTIALS_FILE": "/x/credentials.without-default",
        "AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "t",
    }  # fmt: skip
    assert asked(running(program), inside).access_key_id


def test_outside_it_sees_the_keys_of_the_environment():
    program = f"import os; os.environ['AWS_ACCESS_KEY_ID'] == 'AKIA' and print({json.dumps(GOOD)!r})"
    assert asked(running(program), {"AWS_ACCESS_KEY_ID": "AKIA"}).access_key_id == GOOD["AccessKeyId"]


def test_another_text_is_another_program(tmp_path):
    folder = Folder(str(tmp_path / "vault"))
    vault = Vault(folder.path, FileHolder(folder))
    first, second = (
        fingerprint_of(Identity("corp", "process", process=text), vault, {}, tmp_path) for text in ("a", "b")
    )
    assert first and second and first != second
    assert basis_of(Identity("corp", "process", process="a"), vault, os.environ, tmp_path) == ([], [])


def test_what_it_gave_serves_again_for_a_moment_and_no_longer_than_it_lasts():
    now = [1000.0]
    programs = Programs(lambda: now[0])
    given = iter(
        [
            Credentials("A1", Secret("s")),
            Credentials("A2", Secret("s"), Secret("t"), 1300.0 + 400),
            Credentials("A3", Secret("s"), Secret("t"), 9000.0),
            Credentials("B1", Secret("s")),
        ]
    )
    corp = Identity("corp", "process", process="a")

    def key(identity: Identity = corp) -> str:
        return programs.credentials(identity, lambda: next(given)).access_key_id

    assert [key(), key()] == ["A1", "A1"]
    now[0] = 1300.0
    assert [key(), key()] == ["A2", "A2"]
    now[0] = 1401.0
    assert key() == "A3", "the one before has less than five minutes left"
    now[0] = 1400.0
    assert key(Identity("other", "process", process="b")) == "B1"


def test_a_failure_is_not_remembered():
    programs = Programs(lambda: 1.0)
    corp = Identity("corp", "process", process="a")

    def fails() -> Credentials:
        raise PersonNeeded("no")

    with pytest.raises(PersonNeeded):
        programs.credentials(corp, fails)
    assert programs.credentials(corp, lambda: Credentials("A", Secret("s"))).access_key_id == "A"


def test_what_a_program_prints_without_end_is_not_kept():
    reading, writing = os.pipe()
    reader = process._Reader(os.fdopen(reading, "rb"))
    for _ in range(64):
        os.write(writing, b"x" * 65536)
    os.close(writing)
    reader.finish()
    assert 65536 < len(reader.text) <= 3 * 65536


def test_a_stream_that_an_agent_held_open_is_closed_once_the_agent_ends():
    reading, writing = os.pipe()
    stream = os.fdopen(reading, "rb")
    reader = process._Reader(stream)
    reader.finish()
    assert not stream.closed
    os.close(writing)
    reader._thread.join(60)
    assert stream.closed
