"""What the tests of the shell room share: a session with a sentinel for a secret, and shells on a real terminal."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest

from xswitch.credentials import Credentials
from xswitch.secret import Secret
from xswitch.session.model import Session

ROOT = Path(__file__).resolve().parents[2]
SENTINEL = "s3ntinel/SECRET+key='\"$(touch pwned)"
OWN_PROMPT = "ME:"

RC_FILES = {
    "bash": {
        ".bashrc": "PS1='ME: '\nalias mine='echo rc-alias-$((40+2))'\nexport AWS_PROFILE=theirs AWS_REGION=mars-1\n"
    },
    "zsh": {
        ".zshenv": "export FROM_ZSHENV=yes\n",
        ".zshrc": "PROMPT='ME: '\nalias mine='echo rc-alias-$((40+2))'\nexport AWS_PROFILE=theirs AWS_REGION=mars-1\n",
    },
    "fish": {
        ".config/fish/config.fish": (
            "set -g fish_greeting\nfunction fish_prompt\n    echo -n 'ME: '\nend\n"
            "alias mine='echo rc-alias-(math 40 + 2)'\nset -gx AWS_PROFILE theirs\nset -gx AWS_REGION mars-1\n"
        )
    },
}


def make_session(**changes: object) -> Session:
    fields: dict[str, object] = {
        "target": "payments-prod/Deploy",
        "account_id": "444455556666",
        "account": "payments-prod",
        "role": "Deploy",
        "environment": "prod",
        "arn": "arn:aws:sts::444455556666:assumed-role/Deploy/ada",
        "identity": "central",
        "region": "eu-west-1",
        "credentials": Credentials("ASIAEXAMPLEEXAMPLE12", Secret(SENTINEL), Secret("token=="), 1_795_000_000.5),
        "issued": 1_794_996_400.5,
        "duration": 3600,
    }
    return Session(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture
def session() -> Session:
    return make_session()


@pytest.fixture
def sessions() -> Callable[..., Session]:
    return make_session


class Person:
    """A person at a real terminal: a home of their own, their rc files, and a program that drives xswitch.shell."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.state = home / "state"
        self.environ = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
            "USER": "ada",
            "PYTHONPATH": str(ROOT),
            "HISTFILE": str(home / "history"),
        }
        # Else fish starts to generate completions, in the background, at the first start in a new home.
        (home / ".local/share/fish/generated_completions").mkdir(parents=True)
        self.children: list[pexpect.spawn[str]] = []

    def write_rc(self, shell: str) -> dict[Path, bytes]:
        written = {}
        for name, text in RC_FILES[shell].items():
            file = self.home / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            written[file] = file.read_bytes()
        return written

    def argv(self, **asked: object) -> list[str]:
        given = {"state": str(self.state), "secret": SENTINEL, **asked}
        return [sys.executable, str(Path(__file__).with_name("drive_shell.py")), json.dumps(given)]

    def start(self, *, columns: int = 100, environ: dict[str, str] | None = None, **asked: object) -> Terminal:
        command = self.argv(**asked)
        child: pexpect.spawn[str] = pexpect.spawn(
            command[0], command[1:], env=environ or self.environ, encoding="utf-8", timeout=15,
            dimensions=(24, columns), cwd=str(self.home),
        )  # fmt: skip
        child.delaybeforesend = None
        child.delayafterclose = child.delayafterterminate = 0.02
        self.children.append(child)
        return Terminal(child, columns)

    def close(self) -> None:
        for child in self.children:
            child.close(force=True)


class Terminal:
    """What the person sees and types."""

    def __init__(self, child: pexpect.spawn[str], columns: int) -> None:
        self.child = child
        self.columns = columns
        self.seen = ""
        self._asked = 0

    def type(self, line: str) -> None:
        self.child.send(line + "\r")

    def expect(self, pattern: str) -> re.Match[str]:
        self.child.expect(pattern)
        assert isinstance(self.child.before, str)
        assert isinstance(self.child.after, str)
        self.seen += self.child.before + self.child.after
        found = self.child.match
        assert isinstance(found, re.Match)
        return found

    def prompt(self) -> None:
        """Wait until the person's own part of the prompt stands there."""
        self.expect(OWN_PROMPT + " ")

    def ask(self, command: str) -> str:
        """Run a command and return what it wrote; what is typed never looks like the marks around its output."""
        self._asked += 1
        mark = f"{self._asked}"
        self.type(f"echo 'B'EGIN{mark}; {command}; echo 'E'ND{mark}")
        self.expect(f"BEGIN{mark}\r*\n")
        start = len(self.seen)
        self.expect(f"END{mark}\r*\n")
        text = self.seen[start:].rpartition(f"END{mark}")[0]
        self.prompt()
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07]*\x07|\x1b[=>]|\x1b\(B|\r", "", text).strip()

    def screen(self) -> pyte.Screen:
        """Return the terminal as it shows what was seen so far."""
        screen = pyte.Screen(self.columns, 24)
        pyte.Stream(screen).feed(self.seen)
        return screen

    def end(self) -> int:
        """Wait for the end; return what the driver printed as the exit status it got."""
        status = int(self.expect(r"STATUS=(\d+);").group(1))
        self.child.expect(pexpect.EOF)
        assert isinstance(self.child.before, str)
        self.seen += self.child.before
        return status


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    home = tmp_path / "home"
    home.mkdir()
    someone = Person(home)
    yield someone
    someone.close()


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest) -> str:
    """One of the three shells; a machine that lacks one can't say that it works there."""
    name: str = request.param
    assert shutil.which(name), f"{name} has to be installed"
    return name
