"""Fetching by the real git, over an ssh that is a script: what a repository that means ill can cost, and reach."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import tracemalloc
from pathlib import Path

import pytest
from git_remote import URL, Remote
from git_server import commit, run

from xswitch.errors import Unreachable, Usage
from xswitch.sources import git


def test_the_catalog_files_of_a_commit_are_fetched(remote: Remote) -> None:
    (remote.work / "catalog.d" / "deep").mkdir(parents=True)
    for name in ("catalog.toml", "other.toml", "catalog.d/more.toml", "catalog.d/README", "catalog.d/deep/no.toml"):
        (remote.work / name).write_text(f"# {name}\n")
    made = commit(remote.work)
    files = {name: f"# {name}\n".encode() for name in ("catalog.toml", "catalog.d/more.toml")}
    assert remote.fetch() == git.Fetched(made, files)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"b\x1b]0;x\x07.toml", "b]0;x.toml"),
        (b"x\nfake.toml", "x fake.toml"),
        (b"a\xff.toml", "a\ufffd.toml"),
        ("b\u202egnp.toml".encode(), "bgnp.toml"),
        (b"with blank.toml", "with blank.toml"),
        ("grün.toml".encode(), "grün.toml"),
        (b"-x.toml", "-x.toml"),
        (b"_x.toml", "_x.toml"),
    ],
)
def test_a_name_that_is_more_than_letters_and_digits_is_refused(remote: Remote, name: bytes, shown: str) -> None:
    folder = remote.work / "catalog.d"
    folder.mkdir()
    for good in ("catalog.toml", "catalog.d/10-More_2.x.toml", "catalog.d/.hidden.toml", "catalog.d/x\ny.txt"):
        (remote.work / good).write_text("")
    commit(remote.work)
    assert list(remote.fetch().files) == ["catalog.d/10-More_2.x.toml", "catalog.toml"]
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("")
    commit(remote.work)
    with pytest.raises(Usage) as caught:
        remote.fetch()
    assert caught.value.message == f"catalog.d/{shown} in {URL} can't be the name of a catalog file"
    assert caught.value.hint == "a letter or digit first, then letters, digits, dots, dashes and underscores"


def test_no_setting_of_the_persons_brings_another_protocol_back(remote: Remote, tmp_path: Path) -> None:
    (remote.work / "catalog.toml").write_text("")
    commit(remote.work)
    (tmp_path / ".gitconfig").write_text(
        f'[url "ext::sh -c touch% {tmp_path}/pwned% "]\ninsteadOf = ssh://git@host.example/\n'
        '[protocol "ext"]\nallow = always\n'
    )
    with pytest.raises(Unreachable) as caught:
        remote.fetch()
    assert caught.value.hint == "fatal: transport 'ext' not allowed"
    assert not (tmp_path / "pwned").exists()


def _bomb(remote: Remote) -> None:
    """Push a commit whose root tree names a hundred thousand files by a few objects: each tree has the one below ten times."""

    def made(kind: str, content: str) -> str:
        words = ["git", "mktree"] if kind == "tree" else ["git", "hash-object", "-w", "--stdin"]
        return subprocess.check_output(words, cwd=remote.work, input=content, text=True).strip()

    blob = made("blob", "version = 1\n")
    tree = made("tree", "".join(f"100644 blob {blob}\tf{number}\n" for number in range(10)))
    for _ in range(4):
        tree = made("tree", "".join(f"040000 tree {tree}\td{number}\n" for number in range(10)))
    root = made("tree", f"100644 blob {blob}\tcatalog.toml\n040000 tree {tree}\tz\n")
    run(
        remote.work,
        "push",
        "--quiet",
        "origin",
        f"{run(remote.work, 'commit-tree', '-m', 'x', root).strip()}:refs/heads/main",
    )


def test_of_a_tree_of_very_many_files_none_but_the_catalogs_are_listed(remote: Remote) -> None:
    _bomb(remote)
    tracemalloc.start()
    try:
        assert list(remote.fetch().files) == ["catalog.toml"]
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_the_files_have_a_bound_in_all_before_the_first_is_read(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "LARGEST_SUM", 10_000)
    (remote.work / "catalog.d").mkdir()
    for number in range(10):
        (remote.work / "catalog.d" / f"{number}.toml").write_text("#" * 1000)
    commit(remote.work)
    assert sum(map(len, remote.fetch().files.values())) == 10_000
    (remote.work / "catalog.toml").write_text("#")
    commit(remote.work)
    read: list[str] = []
    run_git = git._Git.run

    def noting(self: git._Git, *words: str, doing: str = "") -> bytes:
        read.append(words[0])
        return run_git(self, *words, doing=doing)

    monkeypatch.setattr(git._Git, "run", noting)
    with pytest.raises(Usage, match="holds more than a catalog may") as caught:
        remote.fetch()
    assert "64 MiB in all" in caught.value.hint
    assert "cat-file" not in read


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("ask", [False, True])
@pytest.mark.parametrize("stopped", [KeyboardInterrupt, subprocess.TimeoutExpired])
def test_git_is_ended_with_its_ssh_and_leaves_no_half_of_a_pack(
    remote: Remote, monkeypatch: pytest.MonkeyPatch, ask: bool, stopped: type[BaseException]
) -> None:
    started = remote.store / "started"
    pack = remote.store / "objects" / "pack"
    remote.answer(
        f"mkdir -p {pack}; : >{pack}/tmp_pack_half\n(trap '' TERM; exec sleep 600) &\n"
        f"echo $$ $! >{started}.half; mv {started}.half {started}; exec sleep 600"
    )
    communicate = subprocess.Popen.communicate

    def until_ssh_runs(self: subprocess.Popen[bytes], *_: object, timeout: float | None = None) -> tuple[bytes, bytes]:
        if "fetch" not in self.args:  # type: ignore[operator]
            return communicate(self, timeout=timeout)
        while not started.exists():
            time.sleep(0.01)
        raise stopped(*([] if stopped is KeyboardInterrupt else ["git", 1]))

    monkeypatch.setattr(subprocess.Popen, "communicate", until_ssh_runs)
    with pytest.raises(KeyboardInterrupt if stopped is KeyboardInterrupt else Unreachable):
        remote.fetch(ask=ask)
    pids = [int(word) for word in started.read_text().split()]
    until = time.monotonic() + 20
    while any(map(_runs, pids)) and time.monotonic() < until:
        time.sleep(0.01)
    left = [pid for pid in pids if _runs(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []
    assert list(pack.glob("tmp_*")) == []
    assert list(remote.store.rglob("*.lock")) == []


@pytest.mark.parametrize("ask", [False, True])
def test_git_keeps_the_terminal_only_where_it_may_ask(remote: Remote, ask: bool) -> None:
    (remote.work / "catalog.toml").write_text("")
    commit(remote.work)
    seen = remote.store.parent / "session"
    remote.answer(f"cut -d' ' -f6 /proc/self/stat >{seen}; exec git-upload-pack {remote.bare}")
    remote.fetch(ask=ask)
    assert (int(seen.read_text()) == os.getsid(0)) is ask
