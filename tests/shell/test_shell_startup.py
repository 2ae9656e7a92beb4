"""The startup files, read by real shells whose person has their commands traced."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from xswitch.shell.detect import Kind
from xswitch.shell.startup import prepare

SECRETS = {"AWS_SECRET_ACCESS_KEY": "s3ntinel-secret", "AWS_SESSION_TOKEN": "s3ntinel-token"}
THEIRS = "AWS_SESSION_TOKEN=theirs"
TO_FILE = f'exec 7>"$HOME/trace"; BASH_XTRACEFD=7; {THEIRS}; set -xv\n'
FISH = "set -gx AWS_SESSION_TOKEN theirs; set -g fish_trace 1\n"
ASK = ': tra""ced; echo "flags=$-" token=$AWS_SESSION_TOKEN left=${__xswitch_traced-nothing}\n'


@pytest.mark.parametrize(
    ("program", "kind", "rc", "environ"),
    [
        ("bash", "bash", {".bashrc": f"{THEIRS}; set -xv\n"}, {}),
        ("bash", "bash", {".bashrc": TO_FILE}, {}),
        ("bash", "bash", {".bashrc": "set -euxv\n"}, {}),
        ("bash", "bash", {".bashrc": THEIRS}, {"SHELLOPTS": "xtrace:verbose"}),
        ("zsh", "zsh", {".zshrc": f"{THEIRS}; setopt xtrace verbose\n"}, {}),
        ("zsh", "zsh", {".zshenv": "set -xv\n"}, {}),
        ("dash", "posix", {"shrc": f"{THEIRS}; set -xv\n"}, {"ENV": "$HOME/shrc"}),
        ("fish", "fish", {".config/fish/config.fish": FISH}, {}),
        ("fish", "fish", {}, {"fish_trace": "1"}),
    ],
)
def test_a_trace_shows_no_secret_and_goes_on(
    program: str, kind: Kind, rc: dict[str, str], environ: dict[str, str], tmp_path: Path
) -> None:
    for name, text in rc.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / ".local/share/fish/generated_completions").mkdir(parents=True)
    given = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TERM": "dumb", **SECRETS, **environ}
    found = shutil.which(program)
    assert found, f"{program} has to be installed"
    with ExitStack() as stack:
        arguments, inside = prepare(kind, given, folder=tmp_path / "shells", stack=stack)
        done = subprocess.run(
            [found, *arguments], env=inside, cwd=tmp_path, timeout=60, capture_output=True, text=True,
            input=": tra''ced; echo $fish_trace token=$AWS_SESSION_TOKEN\n" if kind == "fish" else ASK,
        )  # fmt: skip
    file = tmp_path / "trace"
    traced = done.stderr + (file.read_text() if file.exists() else "")
    assert "token=s3ntinel-token" in done.stdout
    assert ": traced" in traced
    if kind != "fish":
        assert {"x", "v"} <= set(done.stdout.partition("flags=")[2].split()[0])
        assert "left=nothing" in done.stdout
    shown = [line for line in traced.splitlines() if "s3ntinel" in line and "token=s3ntinel-token" not in line]
    assert shown == []
