"""What can change between two calls, and whether the fast commands may still answer afterwards.

``SERVED``: the fast answer is there, and equal to the whole program's. ``LEFT``: the fast commands leave it to the
whole program. A change that is LEFT needs not change the answer: the fast commands may always be the more careful.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fast_house import CHAINED, GUARDED, MFA, PLAIN, House

from xswitch.secret import Secret
from xswitch.session import ready
from xswitch.session.learnt import Learnt

SERVED, LEFT = True, False
NOBODY = "".join(("AKIA", "Z" * 16))


@dataclass(frozen=True)
class Change:
    """One change: what it does, to which target's session, and what `credential-process` and `env` do afterwards."""

    name: str
    make: Callable[[House], object]
    target: str
    document: bool
    assignments: bool

    @property
    def expected(self) -> dict[str, bool]:
        return {"credential-process": self.document, "env": self.assignments}


CHANGES: list[Change] = []


def change(outcome: bool, target: str = PLAIN, *, document: bool | None = None) -> Callable[..., Callable[..., object]]:
    """Register a change; ``document`` where `credential-process` differs from `env`."""

    def register(make: Callable[[House], object]) -> Callable[[House], object]:
        name = make.__name__.strip("_")
        CHANGES.append(Change(name, make, target, outcome if document is None else document, outcome))
        return make

    return register


def variable(outcome: bool, target: str = PLAIN, **variables: str | None) -> None:
    def make(house: House) -> None:
        for name, value in variables.items():
            house.environ.pop(name, None)
            if value is not None:
                house.environ[name] = value.replace("HOME", str(house.home))

    made = "_".join(f"{name}={value}"[:40] for name, value in variables.items())
    CHANGES.append(Change(made, make, target, outcome, outcome))


# Nothing that matters

variable(SERVED, EDITOR="vi")
variable(SERVED, TERM="dumb", COLORTERM=None)
variable(SERVED, SHELL="/usr/bin/fish")
variable(SERVED, TZ="Asia/Tokyo")
variable(
    SERVED,
    XSWITCH_TARGET="a/b",
    XSWITCH_DEPTH="2",
    XSWITCH_REGION="us-east-1",
    AWS_ACCESS_KEY_ID="ASIA",
    AWS_REGION="x",
)
variable(SERVED, AWS_PROFILE="theirs", AWS_CONFIG_FILE="/nowhere", AWS_CONTAINER_OF_TOMORROW="1")
variable(SERVED, XSWITCH_MFA_CODE="nonsense", XSWITCH_PASSPHRASE="wrong")
variable(SERVED, PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
variable(SERVED, XSWITCH_HOME="HOME/./", XSWITCH_CATALOG="HOME//config/./catalog.toml")
variable(SERVED, AWS_ENDPOINT_URL_S3="http://127.0.0.1:1")
variable(SERVED, GUARDED, EDITOR="vi")
variable(SERVED, MFA, EDITOR="vi")
variable(SERVED, CHAINED, EDITOR="vi")


@change(SERVED)
def _locked_while_the_key_is_in_a_file(house: House) -> None:
    house.engine().lock()


@change(SERVED)
def _ended_and_restored(house: House) -> None:
    house.engine().end(PLAIN)
    assert house.engine().restore(PLAIN)


@change(SERVED)
def _the_audit_log_can_not_be_written(house: House) -> None:
    house.paths.audit_log.unlink()
    house.paths.audit_log.mkdir()


@change(SERVED)
def _visits_can_not_be_written(house: House) -> None:
    shutil.rmtree(house.paths.state / "visits.json", ignore_errors=True)
    (house.paths.state / "visits.json").unlink(missing_ok=True)
    (house.paths.state / "visits.json.new").mkdir()


@change(SERVED)
def _a_lone_session_in_the_same_vault(house: House) -> None:
    house.rewrite(house.noted(CHAINED)[1].record, expires=1.0)


# The environment that a request depends on

variable(LEFT, AWS_ENDPOINT_URL="http://127.0.0.1:1")
variable(LEFT, AWS_ENDPOINT_URL=None)
variable(LEFT, AWS_ENDPOINT_URL_STS="http://127.0.0.1:1")
variable(LEFT, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true")
variable(LEFT, LOGNAME="eve")
variable(LEFT, LOGNAME=None, USER="eve")
variable(LEFT, LOGNAME=None, USER=None, LNAME=None, USERNAME=None)
variable(LEFT, XSWITCH_HOME="HOME/elsewhere")
variable(LEFT, XSWITCH_HOME="elsewhere")
variable(LEFT, XSWITCH_HOME=None)
variable(LEFT, XSWITCH_CATALOG="HOME/other.toml")
variable(LEFT, XSWITCH_CATALOG="~/other.toml")


@change(LEFT)
def _the_same_catalog_in_another_place(house: House) -> None:
    other = house.home / "other.toml"
    shutil.copy(house.paths.catalog_file, other)
    house.environ["XSWITCH_CATALOG"] = str(other)


# The catalog


def edit(name: str, *changes: tuple[str, str], target: str = PLAIN) -> None:
    def make(house: House) -> None:
        house.change_catalog(*changes)

    CHANGES.append(Change(f"catalog: {name}", make, target, LEFT, LEFT))


edit("touched", ("version = 1", "version = 1 "))
edit("another region", ('region = "eu-west-1"', 'region = "us-east-1"'))
edit("another duration", ('duration = "1h"', 'duration = "2h"'))
edit("another session name", ('session_name = "{user}"', 'session_name = "{user}-at-work"'))
edit("the account renamed", ('name = "web-dev"', 'name = "web-dev-renamed"'))
edit("another account of that name", ('id = "697658141357"', 'id = "697658141358"'))
edit("the role gone", ('roles = [{ name = "PowerUser" }]', ""))
edit(
    "another ARN",
    ('{ name = "PowerUser" }', '{ name = "PowerUser", arn = "arn:aws:iam::697658141357:role/x/PowerUser" }'),
)
edit("MFA", ('{ name = "PowerUser" }', '{ name = "PowerUser", mfa = true }'))
edit("an external id", ('{ name = "PowerUser" }', '{ name = "PowerUser", external_id = "agreed-upon" }'))
edit("a policy", ('{ name = "PowerUser" }', '{ name = "PowerUser", policy_arns = ["arn:aws:iam::aws:policy/X"] }'))
edit("tags", ('{ name = "PowerUser" }', '{ name = "PowerUser", session_tags = { a = "b" } }'))
edit("a way", ('{ name = "PowerUser" }', '{ name = "PowerUser", via = "identity-hub/Hub" }'))
edit("a guard", ("[environments.dev]", '[environments.dev]\nconfirm = "ask"'))
edit("a colour", ('colour = "green"', 'colour = "red"'))
edit("an environment's maximum", ("[environments.dev]", '[environments.dev]\nmax_duration = "30m"'))
edit("another environment", ('ou = "Workloads/Dev"\nenvironment = "dev"', 'ou = "Workloads/Dev"\nenvironment = "prod"'))
edit("no environment", ('ou = "Workloads/Dev"\nenvironment = "dev"\n', 'ou = "Workloads/Dev"\n'))
edit("another kind of identity", ('kind = "keys"\naccount_id = "111122223333"', 'kind = "environment"'))
edit("another device", ("mfa/ada", "mfa/ada-second"), target=MFA)
edit("broken", ("version = 1", "version = "))
edit("guard off", ('confirm = "type"', 'confirm = "no"'), target=GUARDED)
edit("a shorter grant", ('max_duration = "1h"', 'max_duration = "15m"'), target=GUARDED)
edit(
    "the way there renamed",
    ('roles = [{ name = "Hub" }]', 'roles = [{ name = "Hub", session_name = "x-{user}" }]'),
    target=CHAINED,
)


@change(LEFT)
def _a_file_in_catalog_d(house: House) -> None:
    house.paths.catalog_folder.mkdir()
    (house.paths.catalog_folder / "more.toml").write_text('[[accounts]]\nid = "111111111111"\nname = "more"\n')


@change(LEFT)
def _the_catalog_gone(house: House) -> None:
    house.paths.catalog_file.unlink()


@change(LEFT)
def _the_compiled_catalog_gone(house: House) -> None:
    shutil.rmtree(house.paths.compiled_catalog)


@change(LEFT)
def _the_compiled_catalog_anybodys(house: House) -> None:
    for file in house.paths.compiled_catalog.iterdir():
        file.chmod(0o666)


# Preferences


def preferences(name: str, text: str) -> None:
    def make(house: House) -> None:
        house.paths.preferences_file.write_text(text)

    CHANGES.append(Change(f"config: {name}", make, PLAIN, LEFT, LEFT))


preferences("theme", 'plaintext_key = true\nkernel_keyring = false\ntheme = "light"\n')
preferences("no plaintext any more", "plaintext_key = false\nkernel_keyring = false\n")
preferences("broken", "theme = [")
preferences("an unknown key", "plaintext_key = true\ntheme2 = 1\n")


@change(LEFT)
def _the_preferences_gone(house: House) -> None:
    house.paths.preferences_file.unlink()


@change(LEFT)
def _the_preferences_a_link_to_nowhere(house: House) -> None:
    house.paths.preferences_file.unlink()
    house.paths.preferences_file.symlink_to("/nowhere")


# What AWS taught


@change(LEFT)
def _a_maximum_learnt(house: House) -> None:
    Learnt(house.paths.state, time.time).learn_maximum("arn:aws:iam::697658141357:role/PowerUser", 900)


@change(LEFT)
def _another_roles_maximum_learnt(house: House) -> None:
    Learnt(house.paths.state, time.time).learn_maximum("arn:aws:iam::444455556666:role/Deploy", 900)


@change(LEFT)
def _a_clock_that_is_off(house: House) -> None:
    Learnt(house.paths.state, time.time).learn_skew(3000.0)


@change(LEFT)
def _the_caller_forgotten(house: House) -> None:
    Learnt(house.paths.state, time.time).forget_caller("central")


@change(LEFT)
def _what_was_learnt_damaged(house: House) -> None:
    (house.paths.state / "learnt.json").write_text("{")


@change(LEFT)
def _what_was_learnt_gone(house: House) -> None:
    (house.paths.state / "learnt.json").unlink()


@change(LEFT)
def _what_was_learnt_for_others_to_read(house: House) -> None:
    (house.paths.state / "learnt.json").chmod(0o644)


# Who calls


@change(LEFT)
def _another_key(house: House) -> None:
    house.engine().store_identity("central", NOBODY, Secret("z" * 40), "arn:aws:iam::111122223333:user/ada")


@change(LEFT)
def _the_same_key_stored_again(house: House) -> None:
    key, secret = house.organization.user_access_key
    house.engine().store_identity("central", key, Secret(secret), house.organization.caller_arn)


@change(LEFT)
def _no_key_any_more(house: House) -> None:
    house.engine().remove_identity("central")


@change(LEFT)
def _the_keys_record_damaged(house: House) -> None:
    path = house.paths.vault / "identity%2fcentral.rec"
    path.write_bytes(path.read_bytes()[:-1])


# The vault


def damage(name: str, make: Callable[[Path], object], target: str = PLAIN) -> None:
    CHANGES.append(Change(f"record: {name}", lambda house: make(house.file(target)), target, LEFT, LEFT))


def flipped(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


damage("gone", lambda path: path.unlink())
damage("cut short", lambda path: path.write_bytes(path.read_bytes()[:-1]))
damage("longer", lambda path: path.write_bytes(path.read_bytes() + b"x"))
damage("a bit of the header", lambda path: flipped(path, 50))
damage("a bit of the facts", lambda path: flipped(path, 160))
damage("a bit of the payload", lambda path: flipped(path, -30))
damage("for others to read", lambda path: path.chmod(0o644))
damage("a link", lambda path: (path.rename(path.with_name("moved")), path.symlink_to(path.with_name("moved"))))


@change(LEFT)
def _another_sessions_record_in_its_place(house: House) -> None:
    shutil.copy(house.file(CHAINED), house.file(PLAIN))


@change(LEFT)
def _the_vault_open_to_others(house: House) -> None:
    house.paths.vault.chmod(0o755)


@change(LEFT)
def _the_state_folder_open_to_others(house: House) -> None:
    house.paths.state.chmod(0o755)


def of_the_vault(name: str, content: bytes) -> None:
    def make(house: House) -> None:
        path = house.paths.vault / name
        path.write_bytes(content)

    CHANGES.append(Change(f"{name} is {content[:9]!r}", make, PLAIN, LEFT, LEFT))


of_the_vault("id", b"")
of_the_vault("id", b"0" * 32)
of_the_vault("key", b"0" * 64)
of_the_vault("key", b"nonsense")
of_the_vault("holder", b"")
of_the_vault("holder", b"file\n0123456789abcdef\n")
of_the_vault("holder", b"keyring x\n0123456789abcdef\n")


@change(LEFT)
def _the_key_for_others_to_read(house: House) -> None:
    (house.paths.vault / "key").chmod(0o644)


@change(LEFT)
def _ended(house: House) -> None:
    assert house.engine().end(PLAIN) == 1


def left(seconds: float, *, document: bool, assignments: bool) -> None:
    def make(house: House) -> None:
        house.rewrite(house.noted(PLAIN)[1].record, expires=seconds)

    CHANGES.append(Change(f"{seconds:.0f} seconds left", make, PLAIN, document, assignments))


left(930, document=SERVED, assignments=SERVED)
left(890, document=LEFT, assignments=SERVED)
left(90, document=LEFT, assignments=SERVED)
left(50, document=LEFT, assignments=LEFT)
left(-10, document=LEFT, assignments=LEFT)


def rewritten(name: str, kind: str = "", **facts: str) -> None:
    """Change what an authentic record says: it can't come so from xswitch, and is not served if it does."""

    def make(house: House) -> None:
        house.rewrite(house.noted(PLAIN)[1].record, kind, facts)

    CHANGES.append(Change(f"record: {name}", make, PLAIN, LEFT, LEFT))


rewritten("of another account", account_id="697658141358")
rewritten("of another role", role="Admin")
rewritten("with another ARN", arn="arn:aws:sts::697658141357:assumed-role/Admin/ada")
rewritten("of another kind", kind="session-token")


# The note


def note(name: str, make: Callable[[bytes], bytes]) -> None:
    def change_it(house: House) -> None:
        path = house.note()
        path.write_bytes(make(path.read_bytes()))

    CHANGES.append(Change(f"note: {name}", change_it, PLAIN, LEFT, LEFT))


note("empty", lambda data: b"")
note("cut short", lambda data: data[:-1])
note("of another format", lambda data: data.replace(b"xswready 1", b"xswready 2"))
note("a bit", lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:])


@change(LEFT)
def _the_note_of_another_request(house: House) -> None:
    shutil.copy(house.note(CHAINED), house.note(PLAIN))


@change(LEFT)
def _the_note_of_another_request_renamed(house: House) -> None:
    basis, found = house.noted(CHAINED)
    house.note(PLAIN).write_bytes(ready.encode(ready.Request(PLAIN), basis, found))


@change(LEFT)
def _a_note_that_anybody_may_write(house: House) -> None:
    house.note().chmod(0o622)


@change(LEFT)
def _a_note_that_is_a_link(house: House) -> None:
    house.note().rename(house.home / "moved")
    house.note().symlink_to(house.home / "moved")


@change(LEFT)
def _a_note_that_holds_no_longer(house: House) -> None:
    basis, found = house.noted()
    basis.until = time.time() - 1
    house.note().write_bytes(ready.encode(ready.Request(PLAIN), basis, found))


@change(LEFT)
def _a_note_from_the_future(house: House) -> None:
    basis, found = house.noted()
    basis.since = time.time() + 60
    house.note().write_bytes(ready.encode(ready.Request(PLAIN), basis, found))


@change(LEFT)
def _a_note_of_another_version(house: House) -> None:
    basis, found = house.noted()
    basis.place = ("0.0.0", *basis.place[1:])
    house.note().write_bytes(ready.encode(ready.Request(PLAIN), basis, found))


# Guards


@change(LEFT, GUARDED)
def _the_grant_gone(house: House) -> None:
    house.grant().unlink()


@change(LEFT, GUARDED)
def _the_grant_damaged(house: House) -> None:
    flipped(house.grant(), -20)


def grant(name: str, outcome: bool, issued: float | None, expires: float | None) -> None:
    def make(house: House) -> None:
        name = house.noted(GUARDED)[1].grant
        vault = house.engine().vault
        found = vault.read(name)
        assert found is not None
        now = time.time()
        since = found.header.issued if issued is None else now + issued
        until = (found.header.expires or 0.0) if expires is None else now + expires
        said = json.loads(found.payload)
        payload = json.dumps([*said[:3], since, until]).encode()
        vault.write(name, "grant", payload, issued=since, expires=until, facts=found.header.facts)

    CHANGES.append(Change(f"grant: {name}", make, GUARDED, outcome, outcome))


grant("half an hour old", SERVED, -1800, 1800)
grant("about to end", SERVED, -3500, 60)
grant("over", LEFT, -1800, -1)
grant("too old, whatever it says", LEFT, -3700, 1800)
grant("from a clock a little ahead", SERVED, 30, 1800)
grant("from the future", LEFT, 3000, 6000)


@change(LEFT, GUARDED)
def _another_roles_grant_in_its_place(house: House) -> None:
    shutil.copy(house.grant(MFA), house.grant(GUARDED))


@change(LEFT, GUARDED)
def _another_roles_grant_named_in_the_note(house: House) -> None:
    basis, found = house.noted(GUARDED)
    found.grant = house.noted(MFA)[1].grant
    house.note(GUARDED).write_bytes(ready.encode(ready.Request(GUARDED), basis, found))


@change(LEFT, GUARDED)
def _a_grant_that_is_over_by_the_clock_of_aws(house: House) -> None:
    basis, found = house.noted(GUARDED)
    found.skew = 3590.0 + 60
    house.rewrite(found.record, expires=20000.0)
    house.note(GUARDED).write_bytes(ready.encode(ready.Request(GUARDED), basis, found))


@change(LEFT)
def _a_plain_key_that_the_note_does_not_allow(house: House) -> None:
    basis, found = house.noted()
    found.plaintext_key = False
    house.note().write_bytes(ready.encode(ready.Request(PLAIN), basis, found))


@change(LEFT, GUARDED)
def _no_grant_named_in_the_note(house: House) -> None:
    basis, found = house.noted(GUARDED)
    found.grant = ""
    house.note(GUARDED).write_bytes(ready.encode(ready.Request(GUARDED), basis, found))


@change(LEFT, GUARDED, document=SERVED)
def _a_guarded_switch_that_can_not_be_logged(house: House) -> None:
    house.paths.audit_log.unlink()
    house.paths.audit_log.mkdir()


@change(LEFT)
def _an_hour_ahead_of_aws(house: House) -> None:
    """AWS's clock is ahead by more than what is left by ours: the note says so, once it is written anew."""
    Learnt(house.paths.state, time.time).learn_skew(3590.0)
