"""The OS keyring: a real gnome-keyring on a session bus of its own, and keyrings that are not to be had or trusted."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
from vault_tools import ROOT, SENTINEL, everything, finish, keep, start

from xswitch.errors import VaultUnavailable
from xswitch.paths import Paths
from xswitch.vault import os_keyring
from xswitch.vault.folder import Folder
from xswitch.vault.holders import FileHolder, PassphraseHolder
from xswitch.vault.key import Key
from xswitch.vault.opening import Chooser, open_vault
from xswitch.vault.os_keyring import KeyringHolder, NoKeyring, helper_environ
from xswitch.vault.store import Vault

SECRET_SERVICE = "keyring.backends.SecretService.Keyring"


def program(name: str, package: str) -> str:
    found = shutil.which(name)
    assert found, f"these tests need {name}: install the package {package} (apt-get install {package})"
    return found


class Session:
    """A login session without a desktop: a home, a session bus and, when asked for, a gnome-keyring."""

    def __init__(self, root: Path) -> None:
        self.home = root / "login"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.environ = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL")}
        for variable, place in (
            ("HOME", ""),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_RUNTIME_DIR", "run"),
        ):
            path = self.home / place
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.environ[variable] = str(path)

    def start_bus(self) -> None:
        bus = self.start(
            [program("dbus-daemon", "dbus"), "--session", "--nofork", "--nopidfile", "--print-address=1"], "bus"
        )
        assert bus.stdout is not None
        self.environ["DBUS_SESSION_BUS_ADDRESS"] = self.line(bus).strip()

    def start(self, command: list[str], _what: str, stdin: bytes = b"") -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self.environ,
        )
        self.processes.append(process)
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        return process

    @staticmethod
    def line(process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 20)
        assert ready, "a program of the session did not start"
        return process.stdout.readline().decode()

    def start_keyring(self, *, unlocked: bool) -> subprocess.Popen[bytes]:
        command = [program("gnome-keyring-daemon", "gnome-keyring"), "--foreground", "--components=secrets"]
        if unlocked:
            command.append("--unlock")
        daemon = self.start(command, "keyring", b"pw" if unlocked else b"")
        # Nothing may call the service before: the bus would start a second daemon for that.
        with open_dbus_connection(bus=self.environ["DBUS_SESSION_BUS_ADDRESS"]) as connection:
            for _ in range(1000):
                owned = connection.send_and_get_reply(message_bus.NameHasOwner("org.freedesktop.secrets"), timeout=20)
                if owned.body[0]:
                    return daemon
                assert daemon.poll() is None, "gnome-keyring-daemon ended"
                select.select([], [], [], 0.02)
        raise AssertionError("gnome-keyring-daemon did not come up")

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
        if process.stdout is not None:
            process.stdout.close()
        self.processes.remove(process)

    def stop_all(self) -> None:
        for process in reversed(list(self.processes)):
            self.stop(process)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setattr(os_keyring, "TIMEOUT", 60.0)  # a busy machine is no keyring that never answers
    made = Session(tmp_path)
    try:
        made.start_bus()
        yield made
    finally:
        made.stop_all()


def opened(home: Path, environ: dict[str, str], *, plaintext: bool = False, shadow: bool = False) -> Vault:
    paths = Paths.of({"XSWITCH_HOME": str(home)})
    return open_vault(paths, environ, kernel_keyring=shadow, plaintext_key=plaintext, ask=None, note=lambda words: None)


def test_a_real_keyring_holds_the_key_and_nothing_else(session: Session, tmp_path: Path) -> None:
    session.start_keyring(unlocked=True)
    home = tmp_path / "x"
    keep(opened(home, session.environ), "one")
    folder = home / "state" / "vault"
    vault_id = (folder / "id").read_text().strip()
    detail, check, _ = (folder / "holder").read_text().splitlines()
    assert detail == f"keyring {SECRET_SERVICE}"
    found = opened(home, session.environ).read("one")
    assert found is not None and found.payload == SENTINEL
    assert dict(opened(home, session.environ).describe())["holder"] == "the OS keyring (SecretService.Keyring)"

    asked = "import keyring, sys; print(keyring.get_password('xswitch', sys.argv[1]))"
    status, out, _ = finish(start(asked, vault_id, environ=session.environ))
    assert status == 0
    key = Key(bytes.fromhex(out.strip()))
    assert key.check(vault_id) == check
    for content in (everything(home) | everything(session.home)).values():
        assert key.reveal() not in content
        assert key.reveal().hex().encode() not in content
        assert SENTINEL not in content


def test_the_backend_is_the_one_that_the_session_has(session: Session) -> None:
    session.start_keyring(unlocked=True)
    assert KeyringHolder(session.environ, lambda words: None, patient=False).probe() == SECRET_SERVICE


def test_two_homes_and_a_demo_in_one_keyring(session: Session, tmp_path: Path) -> None:
    session.start_keyring(unlocked=True)
    for name in ("1", "2"):
        keep(opened(tmp_path / name, session.environ), "one", name.encode())
    keep(opened(tmp_path / "demo", session.environ, plaintext=True), "one", b"demo")
    for name in ("1", "2"):
        found = opened(tmp_path / name, session.environ).read("one")
        assert found is not None and found.payload == name.encode()
    count = "import secretstorage as s; print(len(list(s.get_default_collection(s.dbus_init()).get_all_items())))"
    assert finish(start(count, environ=session.environ))[1] == "2\n", "the demo's key is not in the person's keyring"


def test_first_runs_at_once_in_one_keyring(session: Session, tmp_path: Path) -> None:
    session.start_keyring(unlocked=True)
    code = """
import os, sys
from xswitch.paths import Paths
from xswitch.vault import open_vault
paths = Paths.of({"XSWITCH_HOME": sys.argv[1]})
vault = open_vault(paths, os.environ, kernel_keyring=False, plaintext_key=False, ask=None, note=print)
vault.write(sys.argv[2], "session", sys.argv[2].encode(), issued=1.0, expires=None, facts={})
"""
    programs = [start(code, str(tmp_path / "x"), f"r{number}", environ=session.environ) for number in range(3)]
    for one in programs:
        status, _, err = finish(one)
        assert (status, err) == (0, "")
    vault = opened(tmp_path / "x", session.environ)
    for number in range(3):
        found = vault.read(f"r{number}")
        assert found is not None and found.payload == f"r{number}".encode()


def test_a_locked_keyring_says_so_and_loses_nothing(session: Session, tmp_path: Path) -> None:
    daemon = session.start_keyring(unlocked=True)
    home = tmp_path / "x"
    keep(opened(home, session.environ), "one")
    session.stop(daemon)
    locked = session.start_keyring(unlocked=False)
    before = everything(home)
    for vault in (opened(home, session.environ), opened(home, session.environ | {"XSWITCH_PASSPHRASE": "pw"})):
        with pytest.raises(VaultUnavailable, match="is locked") as caught:
            vault.read("one")
        assert caught.value.exit_status == 6
        assert "unlock it" in caught.value.hint
    with pytest.raises(VaultUnavailable, match="is locked"):
        keep(opened(tmp_path / "new", session.environ), "one")
    assert not list((tmp_path / "new").rglob("*.rec"))
    assert everything(home) == before
    session.stop(locked)
    session.start_keyring(unlocked=True)
    found = opened(home, session.environ).read("one")
    assert found is not None and found.payload == SENTINEL


def test_a_keyring_that_is_gone_today_makes_no_second_key(session: Session, tmp_path: Path) -> None:
    session.start_keyring(unlocked=True)
    home = tmp_path / "x"
    keep(opened(home, session.environ), "one")
    before = everything(home)
    bare = {name: value for name, value in session.environ.items() if name != "DBUS_SESSION_BUS_ADDRESS"}
    for environ in (bare, bare | {"XSWITCH_PASSPHRASE": "pw"}):
        with pytest.raises(VaultUnavailable, match="can't be reached here") as caught:
            opened(home, environ).read("one")
        assert "DBUS_SESSION_BUS_ADDRESS" in caught.value.hint
        with pytest.raises(VaultUnavailable, match="can't be reached here"):
            keep(opened(home, environ), "two")
    after = {name: content for name, content in everything(home).items() if "locks" not in name}
    assert after == {name: content for name, content in before.items() if "locks" not in name}


def test_a_key_that_was_removed_from_the_keyring_is_not_replaced(session: Session, tmp_path: Path) -> None:
    session.start_keyring(unlocked=True)
    home = tmp_path / "x"
    keep(opened(home, session.environ), "one")
    vault_id = (home / "state" / "vault" / "id").read_text().strip()
    code = "import keyring, sys; keyring.delete_password('xswitch', sys.argv[1])"
    assert finish(start(code, vault_id, environ=session.environ))[0] == 0
    with pytest.raises(VaultUnavailable, match="has no key for this vault, and there are records") as caught:
        opened(home, session.environ).read("one")
    assert "SecretService" in caught.value.message
    assert "service xswitch" in caught.value.hint
    assert opened(home, session.environ).remove("one")
    keep(opened(home, session.environ), "two")
    assert (home / "state" / "vault" / "id").read_text().strip() == vault_id


def misbehaving(session: Session, kind: str) -> subprocess.Popen[bytes]:
    script = ROOT / "tests" / "vault" / "secret_service.py"
    service = session.start([sys.executable, str(script), kind], kind)
    assert session.line(service) == "ready\n"
    return service


def children() -> set[str]:
    """Return the processes that this one started and that are still there."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_a_keyring_that_never_answers_is_given_up(session: Session) -> None:
    misbehaving(session, "silent")
    before = children()
    holder = KeyringHolder(session.environ, lambda words: None, patient=True, timeout=0.8, patience=60)
    began = time.monotonic()
    with pytest.raises(VaultUnavailable, match=r"did not answer within 0\.8 seconds") as caught:
        holder.load("0" * 32)
    assert time.monotonic() - began < 50, "it was not waited for as long as for a person"
    assert "asking for its password" in caught.value.hint
    assert children() == before, "the one who waits for it is gone"


def test_a_prompt_is_waited_for_where_somebody_is_there(session: Session) -> None:
    service = misbehaving(session, "locked")
    said: list[str] = []
    patient = KeyringHolder(session.environ, said.append, patient=True, timeout=4, patience=4.5)
    with pytest.raises(VaultUnavailable, match=r"did not answer within 4\.5 seconds"):
        patient.load("0" * 32)
    assert said == ["waiting for you to unlock the OS keyring"]
    assert session.line(service) == "unlock\n"


def test_no_prompt_is_opened_where_nobody_is_there(session: Session) -> None:
    misbehaving(session, "locked")  # asked to unlock, it never answers
    impatient = KeyringHolder(session.environ, lambda words: None, patient=False)
    with pytest.raises(VaultUnavailable, match="is locked"):
        impatient.load("0" * 32)


def test_an_interrupted_question_leaves_no_process(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    misbehaving(session, "silent")
    before = children()

    def interrupted(descriptor: int, deadline: float) -> bytes | None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os_keyring, "_read", interrupted)
    holder = KeyringHolder(session.environ, lambda words: None, patient=False)
    with pytest.raises(KeyboardInterrupt):
        holder.load("0" * 32)
    assert children() == before


PLAIN = """
from keyring.backend import KeyringBackend
import pathlib
HERE = pathlib.Path(__file__).with_name("loaded")
HERE.write_text("yes")
class PlaintextKeyring(KeyringBackend):
    priority = 99
    def get_password(self, service, username): return None
    def set_password(self, service, username, password): HERE.with_name("plain").write_text(password)
"""


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plug-in like keyrings.alt: a module on the path with an entry point, whose backend writes plain text."""
    place = tmp_path / "plugins"
    (place / "fake_alt-1.0.dist-info").mkdir(parents=True)
    (place / "fake_alt.py").write_text(PLAIN)
    (place / "fake_alt-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-alt\nVersion: 1.0\n")
    (place / "fake_alt-1.0.dist-info" / "entry_points.txt").write_text("[keyring.backends]\nalt = fake_alt\n")
    monkeypatch.syspath_prepend(str(place))
    return place


def test_a_plain_text_backend_is_never_used_nor_loaded(plain: Path, tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(plain)}
    picked = "import keyring; print(type(keyring.get_keyring()).__module__)"
    status, out, _ = finish(start(f"import sys; sys.path.insert(0, {str(plain)!r}); {picked}", environ=environ))
    assert (status, out) == (0, "fake_alt\n"), "keyring by itself would have taken it"
    (plain / "loaded").unlink()
    for named in ({}, {"PYTHON_KEYRING_BACKEND": "fake_alt.PlaintextKeyring"}):
        with pytest.raises(VaultUnavailable) as caught:
            opened(tmp_path / "x", environ | named).unlock()
        assert "XSWITCH_PASSPHRASE" in caught.value.hint
        if named:
            assert "fake_alt.PlaintextKeyring is not a keyring that xswitch trusts" in caught.value.message
    assert not (plain / "loaded").exists()
    assert not (plain / "plain").exists()
    assert not (tmp_path / "x").exists()


def test_a_chain_gives_way_to_the_member_that_is_allowed(session: Session, plain: Path, tmp_path: Path) -> None:
    session.start_keyring(unlocked=True)
    config = session.home / "config" / "python_keyring"
    config.mkdir(parents=True)
    for text in (
        "[backend]\ndefault-keyring=keyring.backends.chainer.ChainerBackend\n",
        f"[backend]\ndefault-keyring={SECRET_SERVICE}\n",
        "[other]\n",
        "garbage",
    ):
        (config / "keyringrc.cfg").write_text(text)
        assert KeyringHolder(session.environ, lambda words: None, patient=False).probe() == SECRET_SERVICE
    for name in ("fake_alt.PlaintextKeyring", "keyring.backends.null.Keyring", "keyring.backends.fail.Keyring"):
        (config / "keyringrc.cfg").write_text(f"[backend]\ndefault-keyring={name}\nkeyring-path={plain}\n")
        with pytest.raises(NoKeyring, match="not a keyring that xswitch trusts"):
            KeyringHolder(session.environ, lambda words: None, patient=False).probe()
    assert not (plain / "loaded").exists()
    keep(opened(tmp_path / "x", session.environ | {"PYTHON_KEYRING_BACKEND": SECRET_SERVICE}), "one")


def test_a_person_who_turned_keyrings_off_gets_the_passphrase(session: Session, tmp_path: Path) -> None:
    session.start_keyring(unlocked=True)
    environ = session.environ | {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "XSWITCH_PASSPHRASE": "pw"}
    keep(opened(tmp_path / "x", environ), "one")
    assert (tmp_path / "x" / "state" / "vault" / "holder").read_text().startswith("passphrase\n")
    later = session.environ | {"XSWITCH_PASSPHRASE": "pw"}
    assert opened(tmp_path / "x", later).read("one") is not None


def test_no_keyring_and_nobody_to_ask_is_exit_6(tmp_path: Path) -> None:
    with pytest.raises(VaultUnavailable, match="there is no OS keyring to use here") as caught:
        opened(tmp_path / "x", {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}).unlock()
    assert caught.value.exit_status == 6
    assert "XSWITCH_PASSPHRASE" in caught.value.hint


def test_the_helper_gets_no_secret_of_anybodys_else() -> None:
    secrets = {"XSWITCH_PASSPHRASE": "1", "XSWITCH_MFA_CODE": "2", "AWS_SECRET_ACCESS_KEY": "3", "AWS_PROFILE": "4"}
    assert helper_environ(secrets | {"HOME": "/h", "DBUS_SESSION_BUS_ADDRESS": "x"}) == {
        "HOME": "/h",
        "DBUS_SESSION_BUS_ADDRESS": "x",
    }


def test_the_key_is_in_no_argument_list(monkeypatch: pytest.MonkeyPatch, session: Session) -> None:
    session.start_keyring(unlocked=True)
    seen: list[object] = []
    original = subprocess.Popen

    class Watched(original):  # type: ignore[type-arg, valid-type, misc]
        def __init__(self, arguments: list[str], **more: object) -> None:
            seen.extend([arguments, more["env"]])
            super().__init__(arguments, **more)

    monkeypatch.setattr(os_keyring.subprocess, "Popen", Watched)
    key = Key.new()
    holder = KeyringHolder(session.environ, lambda words: None, patient=False)
    kept, detail = holder.store("a" * 32, key)
    assert (kept, detail) == (key, f"keyring {SECRET_SERVICE}")
    again, _ = holder.store("a" * 32, Key.new())
    assert again == key, "a key that is there is never replaced"
    assert holder.load("a" * 32, detail) == key
    assert len(seen) == 6
    assert key.reveal().hex() not in repr(seen)


def test_something_else_under_our_name_is_no_key(session: Session) -> None:
    session.start_keyring(unlocked=True)
    code = "import keyring; keyring.set_password('xswitch', 'b' * 32, 'hunter2')"
    assert finish(start(code, environ=session.environ))[0] == 0
    holder = KeyringHolder(session.environ, lambda words: None, patient=False)
    with pytest.raises(VaultUnavailable, match="is not a key of xswitch") as caught:
        holder.load("b" * 32)
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_a_helper_that_cannot_start_or_dies_is_an_error_of_the_vault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    holder = KeyringHolder({}, lambda words: None, patient=False)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(VaultUnavailable, match="ended without an answer"):
        holder.load("0" * 32)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(VaultUnavailable, match="can't be asked"):
        holder.load("0" * 32)
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(VaultUnavailable, match="can't be asked"):
        holder.load("0" * 32)


def test_the_holders_are_asked_in_their_order(tmp_path: Path) -> None:
    own = Folder(str(tmp_path / "v"))
    asked: list[str] = []

    class Absent(KeyringHolder):
        def probe(self) -> str:
            asked.append("keyring")
            raise NoKeyring("there is no OS keyring to use here: none")

    class Typed(PassphraseHolder):
        def prepare(self) -> None:
            asked.append("passphrase")
            raise VaultUnavailable(self.why)

    chooser = Chooser(
        Absent({}, asked.append, patient=False),
        Typed(own, {}, None, asked.append),
        FileHolder(own),
        plaintext_key=False,
    )
    with pytest.raises(VaultUnavailable, match="no OS keyring to use here"):
        chooser.prepare()
    assert asked == ["keyring", "passphrase"]
