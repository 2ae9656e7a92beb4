"""The figures of the README, measured here: each a ratio against a floor or a peer of the same run, interleaved.

Every pair is run in turn, A B A B …, and the median of the ratios is printed. Nothing here is a timed test.
"""

from __future__ import annotations

import os
import pty
import select
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import tomli
from bench_parallel import parallel

from xswitch.catalog import load
from xswitch.cli.demo import isolated
from xswitch.engine import Engine
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox, practice
from xswitch.secret import Secret

RUNS = 15
BIN = Path(sys.executable).parent
OURS = str(BIN / "xswitch")
AWSUME = Path(__file__).resolve().parents[2] / ".cache" / "awsume" / "bin" / "awsumepy"
FLOOR = [sys.executable, "-I", "-c", "pass"]
TARGET = "web-dev/PowerUser"
BARE_CIPHER = "a bare program that decrypts one record"
KERNEL = ", key in the kernel keyring"
DECRYPT = """
import sys
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
with open(sys.argv[1], "rb") as file:
    data = file.read()
AESGCM(data[:32]).decrypt(data[32:44], data[44:], b"header")
"""
BARE = """
import sys
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("Search accounts")
Bare().run()
"""


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ratio(ours: Callable[[], object], floor: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Return the median of ours in seconds and of the ratios ours / floor, measured in turn after one warm-up."""
    ours()
    floor()
    pairs = [(seconds(ours), seconds(floor)) for _ in range(runs)]
    return statistics.median(a for a, _ in pairs), statistics.median(a / b for a, b in pairs)


def row(what: str, against: str, measured: tuple[float, float], goal: str) -> None:
    """Print one line of the table."""
    print(f"| {what} | {against} | {measured[0] * 1000:,.1f} ms | {measured[1]:.2f} | {goal} |", flush=True)


def program(argv: list[str], environ: dict[str, str]) -> Callable[[], object]:
    """Return the run of a command, its output thrown away."""
    return lambda: subprocess.run(argv, env=environ, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True)


def first_frame(argv: list[str], environ: dict[str, str]) -> None:
    """Run a full-screen program on a pty until it shows its first words, then end it."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(argv[0], argv, environ)
    seen = b""
    while b"Search accounts" not in seen:
        if not select.select([terminal], [], [], 20)[0]:
            raise SystemExit(f"no frame from {shlex.join(argv)}")
        seen += os.read(terminal, 65536)
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.close(terminal)


def commands(home: Path) -> None:
    """Measure the commands with a live session, and the first frame, on the practice organization."""
    made = practice.build()
    with Sandbox(made.organization) as sandbox:
        for name, preferences in (("", "plaintext_key = true\nkernel_keyring = false\n"), (KERNEL, "")):
            environ = person(home / (name or "plain"), sandbox.url, made, preferences)
            program([OURS, "exec", TARGET, "--", "true"], environ)()
            fast_commands(home, environ, name)
            Engine(Paths.of(environ), environ, time.time).lock()  # leaves no key in the kernel
        environ = person(home / "frames", sandbox.url, made, "plaintext_key = true\nkernel_keyring = false\n")
        bare = [sys.executable, "-c", BARE]
        frames = ratio(lambda: first_frame([OURS], environ), lambda: first_frame(bare, environ), 9)
        row("first frame", "a Textual app with one Static", frames, "≤ 1.15")


def person(home: Path, url: str, made: practice.PracticeOrganization, preferences: str) -> dict[str, str]:
    """Return the environment of somebody of the practice organization, their key in the vault."""
    home.mkdir()
    environ = isolated(dict(os.environ), home, url, "")
    environ |= {"PATH": f"{BIN}:{environ['PATH']}", "TERM": "xterm-256color", "LINES": "36", "COLUMNS": "120"}
    environ |= {
        "HOME": str(home),
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent",
        "XSWITCH_PASSPHRASE": "practice",
    }
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
        environ.pop(name, None)
    paths = Paths.of(environ)
    paths.config.mkdir(parents=True)
    paths.catalog_file.write_text(made.catalog_toml())
    paths.preferences_file.write_text(preferences)
    key_id, secret = made.user_access_key
    Engine(paths, environ, time.time).store_identity("central", key_id, Secret(secret), made.caller_arn)
    return environ


def fast_commands(home: Path, environ: dict[str, str], vault: str) -> None:
    """Measure the fast commands against a bare program that decrypts one record, an empty Python, and peers."""
    cipher = program([sys.executable, "-I", "-c", DECRYPT, sealed_record(home)], environ)
    document = program([OURS, "credential-process", TARGET], environ)
    time.sleep(2.1)  # files that changed a moment ago are looked into, not only at
    document()
    row(f"`credential-process`, live session{vault}", BARE_CIPHER, ratio(document, cipher), "≤ 1.2")
    for name, argv in {"env": ["env", TARGET, "--format", "bash"], "exec": ["exec", TARGET, "--", "true"]}.items():
        row(f"`{name}`, live session{vault}", BARE_CIPHER, ratio(program([OURS, *argv], environ), cipher), "≤ 1.3")
    if vault:
        return
    empty = program(FLOOR, environ)
    row("`credential-process`, live session", "`python -I -c pass`", ratio(document, empty), "≤ 4")
    inside = environ | {"XSWITCH_TARGET": TARGET, "XSWITCH_EXPIRES": str(int(time.time()) + 3000)}
    row("`prompt`", "`python -I -c pass`", ratio(program([OURS, "prompt"], inside), empty), "≤ 2.0")
    row(BARE_CIPHER, "`python -I -c pass`", ratio(cipher, empty), "")
    peers(home, environ, document, cipher)
    many = [OURS, "credential-process", TARGET]
    together = ratio(lambda: at_once(many, environ), document, 5)
    row("100 `credential-process` at once, live session", "one", together, "")


def peers(home: Path, environ: dict[str, str], document: Callable[[], object], cipher: Callable[[], object]) -> None:
    """Measure what others take to read the static keys of a profile, which is the least that they can be asked for."""
    files = home / "aws-of-the-peers"
    files.mkdir()
    (files / "credentials").write_text(
        "[p]\naws_access_key_id = AKIAPRACTICE00000000\naws_secret_access_key = practice\n"
    )
    (files / "config").write_text("[profile p]\nregion = eu-west-1\n")
    theirs = environ | {"AWS_CONFIG_FILE": f"{files}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{files}/credentials"}
    aws = program(["aws", "configure", "list", "--profile", "p"], theirs)
    awsume = program([str(AWSUME), "-s", "p"], theirs)
    for name, peer in (("`awsume -s`", awsume), ("`aws configure list --profile`, AWS CLI v1", aws)):
        for what, one in (
            ("`credential-process`, live session", document),
            (f"{BARE_CIPHER} (for comparison)", cipher),
        ):
            taken, parts = ratio(one, peer, 7)
            row(
                what,
                name,
                (taken, parts),
                f"≤ 1/30, here 1/{1 / parts:.0f}" if one is document else f"1/{1 / parts:.0f}",
            )


def sealed_record(home: Path) -> str:
    """Return a file with a key and one record sealed with it, as long as a session is."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    file, key, nonce = home / "sealed", os.urandom(32), os.urandom(12)
    file.write_bytes(key + nonce + AESGCM(key).encrypt(nonce, b"x" * 1400, b"header"))
    return str(file)


def at_once(argv: list[str], environ: dict[str, str]) -> None:
    """Start a hundred and wait for all."""
    running = [subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL) for _ in range(100)]
    if any(process.wait() for process in running):
        raise SystemExit(f"one of a hundred failed: {shlex.join(argv)}")


def catalogs(home: Path) -> None:
    """Measure 1,000 accounts with 10 roles each, from TOML and from the compiled catalog."""
    paths = Paths.of({"XSWITCH_HOME": str(home)})
    paths.config.mkdir(parents=True)
    roles = ", ".join(f'{{ name = "Role{number}" }}' for number in range(10))
    accounts = "".join(
        f'[[accounts]]\nid = "{100000000000 + number}"\nname = "account-{number}"\nou = "Workloads/Prod"\nroles = [{roles}]\n'
        for number in range(1000)
    )
    text = f'version = 1\n[defaults]\nidentity = "me"\n[identities.me]\nkind = "environment"\n{accounts}'
    paths.catalog_file.write_text(text)

    def first() -> None:
        shutil.rmtree(paths.cache, ignore_errors=True)
        load(paths)

    parse = ratio(first, lambda: tomli.loads(text))
    row("1,000 accounts × 10 roles, first read", "tomli alone on that file", parse, "≤ 1.5")
    load(paths)
    row("the same, compiled", "tomli alone on that file", ratio(lambda: load(paths), lambda: tomli.loads(text)), "")


def search() -> None:
    """Measure the search of 10,000 and 100,000 targets."""
    from bench_search import STAGES, cold, organization

    from xswitch.catalog.search import Index

    for accounts in (1000, 10000):
        targets = organization(accounts, 10)
        index = Index(targets, STAGES)
        index.warm()
        times = [one for query in ("pay prod", "pay prod ro", "ou:prod audit") for one in cold(index, query, {}, RUNS)]
        middle = statistics.median(times) / 1000
        row(f"a new query, {len(targets):,} targets", "one 60 Hz frame", (middle, middle * 60), "≤ 1")


def main() -> None:
    """Print the table."""
    print("| what | against | median | ratio | goal |\n| --- | --- | --- | --- | --- |")
    for part in (commands, catalogs):
        with tempfile.TemporaryDirectory() as home:
            part(Path(home))
    from bench_sts import main as sts

    sts()
    search()
    parallel(row)


if __name__ == "__main__":
    main()
