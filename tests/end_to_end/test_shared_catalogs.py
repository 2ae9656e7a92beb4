"""A team's catalog in git, over HTTPS from a real git server; and what one that means ill can't do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from practice_home import PracticeHome

sys.path.insert(0, str(Path(__file__).parents[1] / "sources"))
sys.path.insert(0, str(Path(__file__).parents[1] / "aws"))
from authority import Authority
from git_server import GitServer, commit, repository, run

from xswitch.secret import Secret

TEAM = """\
version = 1
[[accounts]]
id = "555566667777"
name = "team-staging"
roles = [{ name = "ReadOnly" }]
"""
ELSEWHERE = TEAM.replace("555566667777", "123456789012")
"""The same of an account that the person has not."""


class Team:
    """A home, a repository `catalog` and its server."""

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        self.home = PracticeHome(environ, folder / "practice")
        root = folder / "repositories"
        root.mkdir()
        self.work = repository(root, "catalog")
        authority = Authority(folder)
        self.server = GitServer(root, authority.server("127.0.0.1"), authority.bundle)
        self.home.environ["GIT_SSL_CAINFO"] = str(authority.bundle)
        self.url = f"{self.server.url}/catalog.git"

    def publish(self, text: str, name: str = "catalog.toml") -> str:
        file = self.work / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return commit(self.work)

    def targets(self) -> dict[str, dict[str, object]]:
        return {one["target"]: one for one in json.loads(self.home.works("xswitch", "catalog", "list", "--json"))}

    @property
    def folder(self) -> Path:
        return self.home.paths.state / "shared" / "catalog"


@pytest.fixture
def team(xswitch: str, newcomer: dict[str, str], tmp_path: Path) -> Iterator[Team]:
    made = Team(newcomer, tmp_path)
    yield made
    made.server.close()
    made.home.close()


def test_a_teams_catalog_is_added_updated_kept_offline_and_forgotten(team: Team) -> None:
    home = team.home
    home.paths.catalog_file.write_text(
        home.paths.catalog_file.read_text().replace('name = "payments-staging"', 'name = "mine"')
    )
    team.publish(ELSEWHERE)
    assert "catalog is added" in home.works("xswitch", "catalog", "add", team.url)
    assert "team-staging/ReadOnly" in team.targets()
    second = team.publish(ELSEWHERE.replace("ReadOnly", "Deploy"))
    assert second[:12] in home.works("xswitch", "catalog", "sync")
    assert "team-staging/Deploy" in team.targets()
    assert "is as it was" in home.works("xswitch", "catalog", "sync", "catalog")
    assert sorted(path.name for path in team.folder.iterdir()) == ["current", "git", "source.toml", f"v-{second}"]
    team.server.close()
    home.fails(7, "git can't fetch", "xswitch", "catalog", "sync")
    assert "team-staging/Deploy" in team.targets()
    home.works("xswitch", "catalog", "remove", "catalog")
    assert "team-staging/Deploy" not in team.targets()
    team.server = GitServer(team.work.parent, Authority(team.work.parent).server("127.0.0.1"), team.server.ca)


def test_a_ref_names_a_branch_a_tag_or_a_commit(team: Team) -> None:
    first = team.publish(TEAM)
    run(team.work, "tag", "v1")
    run(team.work, "push", "--quiet", "origin", "v1")
    team.publish(TEAM.replace("ReadOnly", "Deploy"))
    said = json.loads(team.home.works("xswitch", "catalog", "add", team.url, "--ref", "v1", "--name", "old", "--json"))
    assert (said["commit"], said["ref"], said["name"]) == (first, "v1", "old")
    team.home.fails(7, "git can't fetch", "xswitch", "catalog", "add", team.url, "--ref", "nowhere")
    assert not team.folder.exists()


def test_a_broken_update_keeps_the_last_good_one(team: Team) -> None:
    team.publish(TEAM)
    team.home.works("xswitch", "catalog", "add", team.url)
    before = team.targets()
    for text in ("version = 1\n[[accounts", TEAM.replace("555566667777", "5"), TEAM + "surprise = 1\n"):
        team.publish(text)
        team.home.fails(3, "catalog.toml:", "xswitch", "catalog", "sync")
        assert team.targets() == before


@pytest.mark.parametrize(
    ("attack", "status", "words"),
    [
        ('[identities.central]\nkind = "environment"\n', 0, ""),
        ('[environments.prod]\nconfirm = "no"\n', 0, ""),
        ('[defaults]\nidentity = "evil"\n[identities.evil]\nkind = "environment"\n', 0, ""),
        (
            '[[accounts]]\nid = "444455556666"\nname = "payments-prod"\nenvironment = "dev"\n'
            'roles = [{ name = "Deploy", mfa = false }]\n',
            0,
            "",
        ),
        (
            '[[accounts]]\nid = "999900001111"\nname = "payments-prod"\nroles = [{ name = "Deploy" }]\n',
            0,
            "",
        ),
        (
            '[[accounts]]\nid = "999900001111"\nname = "x"\n'
            'roles = [{ name = "Deploy", arn = "arn:aws:iam::666600001111:role/Deploy" }]\n',
            3,
            "666600001111",
        ),
        ('[[roles]]\nname = "Deploy"\naccounts = "env:prod"\nsession_name = "evil"\n', 0, ""),
    ],
)
def test_what_a_shared_file_may_not_do(team: Team, attack: str, status: int, words: str) -> None:
    before = {name: one for name, one in team.targets().items() if name.startswith("payments-prod/")}
    shown = team.home.works("xswitch", "catalog", "show", "payments-prod/Deploy")
    identities = team.home.works("xswitch", "identity", "list", "--json")
    team.publish("version = 1\n" + attack)
    if status:
        team.home.fails(status, words, "xswitch", "catalog", "add", team.url)
        assert not team.folder.exists()
    else:
        team.home.works("xswitch", "catalog", "add", team.url)
    after = team.targets()
    assert {name: one for name, one in after.items() if name in before} == before
    assert team.home.works("xswitch", "catalog", "show", "payments-prod/Deploy") == shown
    now = {one["name"]: one for one in json.loads(team.home.works("xswitch", "identity", "list", "--json"))}
    assert {name: one for name, one in now.items() if name == "central"} == {
        one["name"]: one for one in json.loads(identities) if one["name"] == "central"
    }


OWN = """\
version = 1
[defaults]
identity = "central"
[identities.central]
kind = "keys"
account_id = "111122223333"
mfa_serial = "arn:aws:iam::111122223333:mfa/ada"
"""


def test_a_shared_account_does_not_take_the_name_of_a_synced_one(team: Team) -> None:
    home = team.home
    home.paths.catalog_file.write_text(OWN)
    with home.paths.preferences_file.open("a") as preferences:
        preferences.write('[[sync.roles]]\nname = "ReadOnly"\naccounts = "ou:Workloads"\n')
    home.works("xswitch", "catalog", "sync", "organizations")
    trusted = team.targets()["payments-prod/ReadOnly"]
    evil = TEAM.replace("555566667777", "235817604499").replace("team-staging", "payments-prod")
    team.publish(evil)
    done = home.run("xswitch", "catalog", "add", team.url)
    words = 'calls another account "payments-prod"; this one is called "payments-prod-4499"'
    assert done.returncode == 0, done
    assert words in done.stderr
    for name in ("payments-prod", "payments-prod\\u200b", "\\u2066payments-prod"):
        team.publish(evil.replace('"payments-prod"', f'"{name}"'))
        said = home.run("xswitch", "catalog", "sync", "catalog").stderr
        assert words in said
        assert words in home.run("xswitch", "catalog", "check").stderr
        found = team.targets()
        assert found["payments-prod/ReadOnly"] == trusted
        assert found["payments-prod-4499/ReadOnly"]["account_id"] == "235817604499"
    home.works("xswitch", "exec", "payments-prod/ReadOnly", "--", "true")
    assumed = [call.params["RoleArn"] for call in home.sandbox.calls if call.action == "AssumeRole"]
    assert assumed == [trusted["arn"]]


def test_a_shared_file_does_not_redefine_an_imported_identity(team: Team) -> None:
    home = team.home
    home.paths.catalog_file.write_text(OWN)
    home.aws_config.write_text(
        "[profile corp]\ncredential_process = own-helper\n"
        "[profile imported]\nrole_arn = arn:aws:iam::444455556666:role/Deploy\nsource_profile = corp\n"
    )
    home.works("xswitch", "catalog", "import", "aws-config")
    before = json.loads(home.works("xswitch", "identity", "list", "--json"))
    team.publish(TEAM + '[identities.corp]\nkind = "process"\nprocess = "evil-helper"\n')
    said = home.run("xswitch", "catalog", "add", team.url, "--yes").stderr
    assert "is not used: " in said
    assert 'defines "corp", and comes first' in said
    assert json.loads(home.works("xswitch", "identity", "list", "--json")) == before


def test_a_vault_reference_is_looked_up_among_the_sources_own_names(team: Team) -> None:
    from xswitch.catalog import VaultRef
    from xswitch.session.externals import keep_external_id

    name = next(iter(team.home.practice.vault_secrets))
    role = f'{{ name = "Ingest", external_id = {{ vault = "{name}" }} }}'
    team.publish(f'version = 1\n[[accounts]]\nid = "999900001111"\nname = "evil"\nroles = [{role}]\n')
    team.home.works("xswitch", "catalog", "add", team.url)
    team.home.fails(3, "the vault holds no external id", "xswitch", "exec", "evil/Ingest", "--", "true")
    assert not any(call.action == "AssumeRole" for call in team.home.sandbox.calls)
    from xswitch.engine import Engine

    engine = Engine(team.home.paths, team.home.environ, lambda: 0.0)
    keep_external_id(engine.vault, VaultRef(name, "catalog"), Secret("the-teams-own-id"), 0.0)
    team.home.fails(4, "denied", "xswitch", "exec", "evil/Ingest", "--", "true")


def test_a_program_needs_consent_once_for_its_exact_text(team: Team, tmp_path: Path) -> None:
    program = tmp_path / "helper"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\necho 123456\n")
    program.chmod(0o755)
    text = (
        f'version = 1\n[identities.team]\nkind = "environment"\naccount_id = "111122223333"\n'
        f'mfa_serial = "arn:aws:iam::111122223333:mfa/ada"\nmfa_process = "{program}"\n'
        '[[accounts]]\nid = "999900001111"\nname = "evil"\nidentity = "team"\nroles = [{ name = "Deploy", mfa = true }]\n'
    )
    key_id, secret = team.home.practice.user_access_key
    keys = {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret}
    team.publish(text)
    done = team.home.run("xswitch", "catalog", "add", team.url)
    assert done.returncode == 0
    assert f"not consented: catalog wants identity team to use mfa_process: {program}" in done.stderr
    team.home.fails(5, "you have not consented", "xswitch", "exec", "evil/Deploy", "--", "true", **keys)
    assert not (tmp_path / "ran").exists()
    team.home.works("xswitch", "catalog", "sync", "--yes")
    team.home.fails(4, "", "xswitch", "exec", "evil/Deploy", "--", "true", **keys)
    assert (tmp_path / "ran").exists()
    (tmp_path / "ran").unlink()
    team.publish(text.replace(f'"{program}"', f'"{program} --other"'))
    assert "not consented" in team.home.run("xswitch", "catalog", "sync").stderr
    team.home.fails(5, "you have not consented", "xswitch", "exec", "evil/Deploy", "--", "true", **keys)
    assert not (tmp_path / "ran").exists()


def test_consent_to_one_catalog_is_none_to_another_and_ends_with_it(team: Team) -> None:
    evil = TEAM + '[identities.their]\nkind = "process"\naccount_id = "555566667777"\nprocess = "their-helper"\n'
    team.publish(evil)
    consents = team.home.paths.state / "consents.json"
    assert "not consented" in team.home.run("xswitch", "catalog", "add", team.url).stderr
    team.publish(TEAM)
    team.home.works("xswitch", "catalog", "add", team.url, "--name", "good", "--yes")
    assert not consents.exists(), "it asked for nothing"
    team.publish(evil)
    team.home.works("xswitch", "catalog", "sync", "catalog", "--yes")
    assert json.loads(consents.read_text()).keys() == {"catalog"}
    team.home.works("xswitch", "catalog", "remove", "catalog")
    assert json.loads(consents.read_text()) == {}


def test_nothing_of_a_repository_is_run_or_followed(team: Team, tmp_path: Path) -> None:
    secret = tmp_path / "secret.toml"
    secret.write_text("version = 1\n")
    for hook in ("post-checkout", "post-merge", "reference-transaction", "post-index-change"):
        file = team.work / "hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
        file.chmod(0o755)
    (team.work / ".gitattributes").write_text("*.toml filter=evil\n")
    (team.work / ".gitmodules").write_text(f'[submodule "x"]\npath = x\nurl = ext::sh -c "touch {tmp_path}/pwned"\n')
    (team.work / "catalog.d").mkdir()
    (team.work / "catalog.d" / "more.toml").write_text("")
    team.publish(TEAM)
    team.home.works("xswitch", "catalog", "add", team.url)
    found = sorted(path.name for path in (team.folder / "current").rglob("*"))
    assert found == ["catalog.d", "catalog.toml", "more.toml"]
    (team.work / "catalog.d" / "link.toml").symlink_to(secret)
    commit(team.work)
    team.home.fails(2, "link.toml", "xswitch", "catalog", "sync")
    (team.work / "catalog.d" / "link.toml").unlink()
    (team.work / "catalog.toml").unlink()
    (team.work / "catalog.d" / "more.toml").unlink()
    commit(team.work)
    team.home.fails(2, "holds no catalog", "xswitch", "catalog", "sync")
    assert not (tmp_path / "pwned").exists()
    assert "team-staging/ReadOnly" in team.targets() or "payments-staging/ReadOnly" in team.targets()


def at_once(team: Team, count: int, *argv: str) -> list[tuple[int, str]]:
    """Run a command in several processes at once; return each one's status and what it said on stderr."""
    started = [
        subprocess.Popen(argv, env=team.home.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
        for _ in range(count)
    ]  # fmt: skip
    said = [one.communicate(timeout=120)[1] for one in started]
    return sorted(zip((one.returncode for one in started), said, strict=True))


def test_processes_that_change_one_catalog_at_once_leave_it_whole(team: Team) -> None:
    for turn in range(2):
        made = team.publish(ELSEWHERE + f"# {turn}\n")
        first, *others = at_once(team, 3, "xswitch", "catalog", "add", team.url)
        assert first[0] == 0
        assert [status for status, _ in others] == [2, 2], others
        assert all("there is a shared catalog called catalog" in said for _, said in others)
        assert sorted(path.name for path in team.folder.iterdir()) == ["current", "git", "source.toml", f"v-{made}"]
        assert "team-staging/ReadOnly" in team.targets()
        made = team.publish(ELSEWHERE + f"# {turn} again\n")
        assert [status for status, _ in at_once(team, 2, "xswitch", "catalog", "sync")] == [0, 0]
        assert sorted(path.name for path in team.folder.iterdir()) == ["current", "git", "source.toml", f"v-{made}"]
        assert [status for status, _ in at_once(team, 2, "xswitch", "catalog", "remove", "catalog")] == [0, 1]
        assert list(team.folder.parent.iterdir()) == []


def test_what_was_left_half_done_is_no_obstacle(team: Team) -> None:
    team.publish(ELSEWHERE)
    team.home.works("xswitch", "catalog", "add", team.url)
    team.publish(ELSEWHERE.replace("ReadOnly", "Deploy"))
    (team.folder / "git" / "shallow.lock").touch()
    team.home.works("xswitch", "catalog", "sync")
    assert "team-staging/Deploy" in team.targets()
    (team.folder / "source.toml").write_text('url = "')
    done = team.home.fails(3, "source.toml", "xswitch", "catalog", "sync")
    assert "xswitch catalog remove catalog" in done.stderr
    team.home.works("xswitch", "catalog", "remove", "catalog")
    assert "team-staging/Deploy" not in team.targets()


def test_what_is_wrong_is_said(team: Team) -> None:
    home = team.home
    home.fails(2, "GIT-URL", "xswitch", "catalog", "add", "-x")
    for url in ("--upload-pack=touch pwned", "ext::sh -c 'touch pwned'", "/etc", "file:///etc", "http://127.0.0.1/x"):
        home.fails(2, "not the address of a repository", "xswitch", "catalog", "add", url)
    home.fails(2, "not a branch", "xswitch", "catalog", "add", team.url, "--ref=--upload-pack=x")
    home.fails(1, "there is no shared catalog", "xswitch", "catalog", "sync")
    home.fails(1, "no shared catalog is called", "xswitch", "catalog", "sync", "nobody")
    home.fails(1, "no shared catalog is called", "xswitch", "catalog", "remove", "nobody")
    team.publish(TEAM)
    for name in ("organizations", "aws-config"):
        done = home.fails(2, "is a source of xswitch's own", "xswitch", "catalog", "add", team.url, "--name", name)
        assert "hint: give another: --name team" in done.stderr
    home.fails(7, "git can't fetch", "xswitch", "catalog", "add", team.url, GIT_SSL_CAINFO="/dev/null")
    home.works("xswitch", "catalog", "add", team.url)
    home.fails(2, "there is a shared catalog called", "xswitch", "catalog", "add", team.url)
    home.fails(127, "git is not installed", f"{sys.executable}", "-m", "xswitch", "catalog", "sync", PATH="/nowhere")
