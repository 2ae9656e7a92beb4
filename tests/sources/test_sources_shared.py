"""Shared catalogs where processes meet or are killed: what is there is whole, and nothing that was left is in the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from git_remote import URL, Remote
from git_server import commit, run

from xswitch.catalog import load_for_sync
from xswitch.errors import InvalidConfig, NoSuchTarget, Unreachable, Usage, VaultUnavailable, XswitchError
from xswitch.paths import Paths
from xswitch.sources import git, shared
from xswitch.sources.shared import Share
from xswitch.vault.folder import Folder
from xswitch.vault.locks import LockTimeout, hold

TEAM = '[identities.i]\nkind = "environment"\n[[accounts]]\nid = "{}"\nname = "a"\nidentity = "i"\nroles = [{{ name = "R" }}]\n'


class Shared:
    """A person's shared catalog `team` of a repository."""

    def __init__(self, paths: Paths, remote: Remote) -> None:
        self.paths, self.remote = paths, remote
        self.shares = paths.state / "shared"
        self.folder = self.shares / "team"

    def publish(self, number: str) -> str:
        (self.remote.work / "catalog.toml").write_text(TEAM.format(number * 12))
        return commit(self.remote.work)

    def add(self) -> shared.Updated:
        return shared.add(self.paths, Share("team", URL, ""), self.remote.environ, ask=False)

    def update(self) -> shared.Updated:
        return shared.update(self.paths, "team", self.remote.environ, ask=False)

    def accounts(self) -> list[str]:
        return [account.id[0] for account in load_for_sync(self.paths).accounts]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def team(paths: Paths, remote: Remote) -> Shared:
    return Shared(paths, remote)


def together(*calls: Callable[[], object]) -> list[XswitchError]:
    """Make calls in threads at once; return what they raised."""
    raised: list[XswitchError] = []
    gate = threading.Barrier(len(calls))

    def one(call: Callable[[], object]) -> None:
        gate.wait()
        try:
            call()
        except XswitchError as error:
            raised.append(error)

    threads = [threading.Thread(target=one, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_of_those_who_add_one_catalog_at_once_the_first_does(team: Shared) -> None:
    made = team.publish("1")
    raised = together(team.add, team.add, team.add)
    assert [(type(error), error.message) for error in raised] == [(Usage, "there is a shared catalog called team")] * 2
    assert team.files() == ["current", "git", "source.toml", f"v-{made}"]
    assert team.accounts() == ["1"]


def test_those_who_update_one_catalog_at_once_all_do(team: Shared) -> None:
    team.publish("1")
    team.add()
    for number in "2345":
        made = team.publish(number)
        assert together(team.update, team.update) == []
        assert team.files() == ["current", "git", "source.toml", f"v-{made}"]
        assert team.accounts() == [number]


def test_who_keeps_a_catalog_too_long_is_named(team: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "PATIENCE", 0.0)
    team.publish("1")
    team.add()
    with hold(Folder(str(team.shares)), ".team.lock", timeout=0, purpose="updating team"):
        for change in (team.add, team.update, lambda: shared.remove(team.paths, "team")):
            with pytest.raises(LockTimeout, match="updating team, holds the lock still") as caught:
                change()
            assert (caught.value.exit_status, caught.value.code) == (6, "lock-timeout")
    assert team.accounts() == ["1"]
    team.update()


def test_what_killed_processes_left_is_not_in_the_way(team: Shared) -> None:
    first = team.publish("1")
    team.add()
    second = team.publish("2")
    team.update()
    for name in ("shallow.lock", "HEAD.lock", "refs/xswitch/fetched.lock", "objects/pack/tmp_pack_x"):
        (team.folder / "git" / name).touch()
    (team.folder / "git" / "objects" / "tmp_objdir" / "pack").mkdir(parents=True)
    for name in (f"v-{first}", ".half-00000000", ".gone-00000000"):
        (team.folder / name / "catalog.d").mkdir(parents=True)
    (team.folder / ".current-00000000").symlink_to(f"v-{first}")
    (team.folder / ".source.toml.1.00000000.tmp").touch()
    run(team.remote.work, "reset", "--quiet", "--hard", first)
    run(team.remote.work, "push", "--quiet", "--force", "origin", "HEAD:main")
    assert team.update() == shared.Updated(Share("team", URL, "", first), second)
    assert team.files() == ["current", "git", "source.toml", f"v-{first}"]
    assert list((team.folder / "git").rglob("*.lock")) == list((team.folder / "git").rglob("tmp_*")) == []
    assert team.accounts() == ["1"]


def test_half_a_removed_version_is_never_taken_for_a_whole(team: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    first = team.publish("1")
    team.add()
    team.publish("2")

    def killed(path: Path, **_: object) -> None:
        if path.name.startswith((".gone-", "v-")):
            (path / "catalog.toml").unlink()
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            team.update()
    assert not (team.folder / f"v-{first}").exists()
    run(team.remote.work, "reset", "--quiet", "--hard", first)
    run(team.remote.work, "push", "--quiet", "--force", "origin", "HEAD:main")
    team.update()
    assert team.accounts() == ["1"]


def test_an_add_that_fails_leaves_nothing_but_what_was_there(team: Shared) -> None:
    team.remote.answer("exit 1")
    with pytest.raises(Unreachable):
        team.add()
    assert list(team.shares.iterdir()) == []
    (team.folder / "git").mkdir(parents=True)  # a process was killed that added it
    with pytest.raises(Unreachable):
        team.add()
    assert list(team.shares.iterdir()) == []


def test_a_catalog_whose_note_is_gone_or_damaged_is_added_again_or_removed(team: Shared) -> None:
    made = team.publish("1")
    team.add()
    (team.folder / "source.toml").unlink()
    team.remote.answer("exit 1")
    with pytest.raises(Unreachable):
        team.add()
    assert team.accounts() == ["1"]
    team.remote.answer(f"exec git-upload-pack {team.remote.bare}")
    assert team.add().share.commit == made
    for damage in ('url = "', None):
        note = team.folder / "source.toml"
        note.write_text(damage) if damage else note.unlink()
        with pytest.raises((InvalidConfig, NoSuchTarget)) as caught:
            team.update()
        assert damage is None or "xswitch catalog remove team" in caught.value.hint
        shared.remove(team.paths, "team")
        assert list(team.shares.iterdir()) == []
        team.add()


def test_one_damaged_note_is_nothing_to_the_others(team: Shared) -> None:
    team.publish("1")
    team.add()
    (team.shares / "other").mkdir()
    (team.shares / "other" / "source.toml").write_text('url = "')
    assert shared.known(team.paths) == ("other", "team")
    team.update()
    shared.remove(team.paths, "team")
    shared.remove(team.paths, "other")


def test_what_a_killed_removal_left_goes_with_the_next_change(team: Shared) -> None:
    team.publish("1")
    (team.shares / ".gone-team-00000000" / "git").mkdir(parents=True)
    (team.shares / ".gone-team-more-00000000").mkdir()
    team.add()
    assert sorted(path.name for path in team.shares.glob(".gone-*")) == [".gone-team-more-00000000"]


def test_a_name_that_is_no_share_locks_nothing(team: Shared) -> None:
    for name in ("nobody", "../evil", ".", ""):
        for change in (shared.remove, lambda paths, name: shared.update(paths, name, {}, ask=False)):
            with pytest.raises(NoSuchTarget):
                change(team.paths, name)
    assert not team.shares.exists()


def test_a_folder_that_can_t_be_removed_is_an_error(team: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    team.publish("1")
    team.add()

    def refused(self: Path, _: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(VaultUnavailable, match="can't be removed: permission denied"):
        shared.remove(team.paths, "team")
    assert git.SECONDS < shared.PATIENCE < 4 * git.SECONDS
