"""The registry of running shells, the choice of a shell, and the startup files."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import pytest

from xswitch.errors import NotExecutable, NotFound
from xswitch.shell import startup, uses
from xswitch.shell.detect import Kind, Program, find, kind_of
from xswitch.shell.process import runs, start_mark


def ended_process() -> tuple[int, str]:
    """Return the number of a process that has ended, and its mark of when it ran."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        mark = start_mark(process.pid)
        assert runs(process.pid, mark)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=10)
    return process.pid, mark


def test_a_process_is_told_from_one_that_got_its_number() -> None:
    pid, mark = ended_process()
    assert mark
    assert not runs(pid, mark)
    assert runs(os.getpid(), start_mark(os.getpid()))
    assert not runs(os.getpid(), mark)
    assert not runs(os.getpid(), "")


def test_a_process_that_nobody_waited_for_is_gone() -> None:
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert start_mark(process.pid) == ""


def test_a_name_with_a_bracket_is_no_trap(tmp_path: Path) -> None:
    """The name of a program stands in brackets before the field that is read (proc(5))."""
    program = tmp_path / "a) R 1 2"
    program.symlink_to("/bin/cat")
    with subprocess.Popen([str(program)], stdin=subprocess.PIPE) as process:
        assert start_mark(process.pid).isdigit()
        assert process.stdin is not None
        process.stdin.close()


def test_uses_come_and_go(tmp_path: Path) -> None:
    folder = uses.folder_in(tmp_path / "state")
    assert uses.current(folder) == ()
    late = uses.register(folder, "b/B\x1b[31m\nx", "exec terraform\n", began=20.0)
    early = uses.register(folder, "a/A", "shell", began=10.0)
    assert [(use.pid, use.target, use.words, use.began) for use in uses.current(folder)] == [
        (os.getpid(), "a/A", "shell", 10.0),
        (os.getpid(), "b/B[31m x", "exec terraform ", 20.0),
    ]
    assert early is not None
    assert [Path(path).stat().st_mode & 0o777 for path in (early, folder)] == [0o600, 0o700]
    uses.forget(early)
    uses.forget(early)
    uses.forget(None)
    assert [use.target for use in uses.current(folder)] == ["b/B[31m x"]
    uses.forget(late)


def test_the_dead_and_the_damaged_are_dropped(tmp_path: Path) -> None:
    folder = Path(uses.folder_in(tmp_path))
    pid, mark = ended_process()
    assert uses.register(str(folder), "live/A", "shell", began=1.0) is not None
    (folder / f"{pid}-00000000").write_text(f"{mark}\n1.0\ndead/A\nshell")
    (folder / f".{pid}-00000000").write_text("")
    (folder / f"{os.getpid()}-1").write_text("")
    (folder / f"{os.getpid()}-2").write_text(f"{start_mark(os.getpid())}\nnever\na\nb")
    (folder / f"{os.getpid()}-3").write_bytes(b"\xff\xfe")
    (folder / "README").write_text("a person's own")
    assert [use.target for use in uses.current(str(folder))] == ["live/A"]
    assert len(list(folder.iterdir())) == 2


def test_a_registry_that_can_not_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "uses").write_text("a file")
    assert uses.register(f"{tmp_path}/uses", "a/A", "shell", began=1.0) is None
    assert uses.current(f"{tmp_path}/uses") == ()


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/bin/bash", "bash"), ("bash-5.2", "bash"), ("/opt/zsh5", "zsh"), ("-zsh", "zsh"), ("/usr/bin/fish", "fish"),
     ("/bin/sh", "posix"), ("ksh93", "posix"), ("/usr/bin/nu", "plain"), ("rbash", "plain"),
     ("/x/bash.sh", "plain"), ("", "plain")],
)  # fmt: skip
def test_a_shell_is_known_by_its_name(path: str, kind: Kind) -> None:
    assert kind_of(path) == kind


def test_which_shell_is_started(tmp_path: Path) -> None:
    for name in ("zsh", "bash", "fish"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    path = {"PATH": str(tmp_path)}

    def parent() -> str:
        return f"{tmp_path}/fish"

    zsh, bash, fish = (Program(str(tmp_path / name), kind) for name, kind in KINDS)
    assert find("zsh", path) == zsh
    assert find(str(tmp_path / "zsh"), {"SHELL": "/bin/bash"}) == zsh
    assert find("", {**path, "XSWITCH_SHELL": "bash", "SHELL": zsh.path}) == bash
    assert find("", {"SHELL": zsh.path}) == zsh
    assert find("", {}, parent=parent) == fish
    assert find("", {"SHELL": "/usr/sbin/nologin"}, parent=parent) == fish
    assert find("", {}, parent=lambda: "/usr/bin/python3") == Program("/bin/sh", "posix")
    assert find("", {}, parent=lambda: "") == Program("/bin/sh", "posix")


KINDS: list[tuple[str, Kind]] = [("zsh", "zsh"), ("bash", "bash"), ("fish", "fish")]


@pytest.mark.parametrize(
    ("asked", "environ", "source"),
    [("/no/zsh", {}, "--shell"), ("", {"XSWITCH_SHELL": "/no/zsh"}, "XSWITCH_SHELL"),
     ("", {"SHELL": "/no/zsh"}, "SHELL")],
)  # fmt: skip
def test_a_shell_that_is_missing_is_named_with_who_asked(asked: str, environ: dict[str, str], source: str) -> None:
    with pytest.raises(NotFound, match="no such shell: /no/zsh") as caught:
        find(asked, environ)
    assert caught.value.hint.startswith(f"{source} named it")


def test_a_shell_that_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "zsh").write_text("")
    with pytest.raises(NotExecutable, match="not executable"):
        find(str(tmp_path / "zsh"), {})
    with pytest.raises(NotExecutable):
        find(str(tmp_path), {})


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish", "posix"])
def test_startup_files_hold_no_value_of_the_session(tmp_path: Path, kind: Kind) -> None:
    environ = {"AWS_SECRET_ACCESS_KEY": "s3ntinel", "XSWITCH_TARGET": "s3ntinel", "HOME": str(tmp_path)}
    folder = startup.folder_in(tmp_path)
    with contextlib.ExitStack() as stack:
        argv, _ = startup.prepare(kind, environ, folder=folder, stack=stack)
        files = [file for file in folder.rglob("*") if file.is_file()]
        assert files
        assert not any(b"s3ntinel" in file.read_bytes() for file in files)
        assert "s3ntinel" not in " ".join(argv)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish", "posix", "plain"])
def test_without_a_folder_the_shell_starts_without_a_marker(tmp_path: Path, kind: Kind) -> None:
    (tmp_path / "shells").write_text("in the way")
    with contextlib.ExitStack() as stack:
        assert startup.prepare(kind, {"A": "1"}, folder=tmp_path / "shells", stack=stack) == ([], {"A": "1"})


def test_only_what_is_ours_and_dead_is_swept(tmp_path: Path) -> None:
    pid, mark = ended_process()
    mine = f"{os.getpid()}-{start_mark(os.getpid())}-aa"
    for name in (f"{pid}-{mark}-bb", mine, "something-else"):
        (tmp_path / name).mkdir()
    startup.sweep(tmp_path)
    assert {folder.name for folder in tmp_path.iterdir()} == {mine, "something-else"}
