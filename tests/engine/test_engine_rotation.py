"""Rotating an IAM user's key: wherever it stops or fails, the vault knows a key that works, and the next call goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from company_engine import Office

from xswitch.aws import boto
from xswitch.cli.person import Nobody
from xswitch.credentials import Credentials
from xswitch.engine.own_keys import OwnKeys
from xswitch.engine.rotation import SETTLED, WAITS, Hands, Rotated
from xswitch.engine.rotation import rotate as change
from xswitch.errors import Denied, PersonNeeded, Unreachable, Usage, VaultUnavailable, XswitchError
from xswitch.identity import stored, unfinished
from xswitch.sandbox.practice_accounts import IDENTITY_ID
from xswitch.sandbox.state import AccessKey
from xswitch.secret import Secret
from xswitch.session.sts import WhoAmI
from xswitch.vault import Vault

MOTO = Path(__file__).parents[2] / ".cache" / "moto" / "bin" / "python"
WHOLE = [
    "GetCallerIdentity ok", "ListAccessKeys ok", "CreateAccessKey ok", "GetCallerIdentity ok", "GetCallerIdentity ok",
    "UpdateAccessKey ok",
]  # fmt: skip


class Person(Nobody):
    """Types what the authenticator shows; hears what is said."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self.office = office
        self.codes = 0
        self.said: list[str] = []

    def code(self, ask: object) -> str:
        self.codes += 1
        return self.office.practice.code()

    def note(self, words: str) -> None:
        self.said.append(words)


@pytest.fixture(autouse=True)
def aged(office: Office) -> None:
    """The person's key is not of today."""
    for key in keys(office).values():
        key.created -= 86400


@pytest.fixture
def person(office: Office) -> Person:
    return Person(office)


def keys(office: Office) -> dict[str, AccessKey]:
    """Return ada's keys as IAM has them."""
    return office.practice.organization.account(IDENTITY_ID).users["ada"].keys


def held(office: Office) -> str:
    """Return the id of the key in the vault."""
    found = stored.read(office.engine().vault, "central")
    assert found is not None
    return found.access_key_id


def works(office: Office) -> bool:
    """Tell whether the key in the vault works, by its secret too."""
    return office.serve("ReadOnly").arn.endswith("/ada")


def waiting(office: Office) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        office.shift += seconds

    return sleep


def rotate(office: Office, person: Person | None = None, *, delete_inactive: bool = False) -> Rotated:
    """Rotate as a process that starts now would."""
    who = person or Nobody()
    engine = office.engine()
    engine.own_keys(who)
    return OwnKeys(engine, who, sleep=waiting(office)).rotate("central", delete_inactive=delete_inactive, note=who.note)


def root(office: Office, action: str, **params: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = office.practice.organization.root(IDENTITY_ID).iam(
        action, UserName="ada", **params
    )
    return found


def policy(office: Office, document: str) -> None:
    root(office, "PutUserPolicy", PolicyName="Extra", PolicyDocument=document)


def deny(office: Office, *actions: str, unless_mfa: bool = False) -> None:
    condition = ', "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}' if unless_mfa else ""
    names = ", ".join(f'"iam:{action}"' for action in actions)
    policy(
        office,
        f'{{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", "Action": [{names}], "Resource": "*"{condition}}}}}',
    )


def test_a_key_is_made_checked_stored_and_the_old_one_deactivated(office: Office) -> None:
    old = held(office)
    done = rotate(office)
    assert office.calls() == WHOLE
    assert done.old_access_key_id == old
    assert {key.id: key.active for key in keys(office).values()} == {old: False, done.access_key_id: True}
    assert held(office) == done.access_key_id != old
    assert works(office)
    assert office.calls() == ["AssumeRole ok"], "whose key it is is known"
    assert unfinished.read(office.engine().vault, "central") is None
    (view,) = office.engine().identities()
    assert (view.key_age_days, view.key_age_known, view.arn) == (0, True, office.practice.caller_arn)


def test_iam_takes_its_time_and_the_old_key_serves_meanwhile(office: Office, person: Person) -> None:
    office.practice.organization.keys_known_after = 20
    old = held(office)
    done = rotate(office, person)
    calls = office.calls()
    assert calls.count("GetCallerIdentity InvalidClientTokenId") == 6
    assert calls[-3:] == WHOLE[-3:], "twice in a row, and only then is the old one touched"
    assert (done.old_access_key_id, person.said) == (
        old,
        ["waiting until AWS knows the new key everywhere, 56s at most"],
    )


def test_a_key_that_works_once_and_not_again_is_waited_for(office: Office) -> None:
    engine = office.engine()
    engine.own_keys(Nobody())
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 1:
            office.faults.deny(action="GetCallerIdentity")

    OwnKeys(engine, Nobody(), sleep=sleep).rotate("central")
    assert office.calls()[3:-1] == [
        "GetCallerIdentity ok", "GetCallerIdentity AccessDenied", "GetCallerIdentity ok", "GetCallerIdentity ok",
    ]  # fmt: skip
    assert slept == [SETTLED, WAITS[1], SETTLED]


def test_a_key_of_somebody_else_is_not_taken(office: Office) -> None:
    """What answers is no AWS, or another one than before."""
    vault, mine, other = office.engine().vault, "arn:aws:iam::1:user/ada", "arn:aws:iam::1:user/eve"
    old = held(office)
    keys_of = SimpleNamespace(listed=lambda: (), create=lambda: (Credentials("AKIANEW0000000000001", Secret("s")), 1.0))

    def go(arns: dict[str, str]) -> None:
        hands = Hands(
            vault,
            who_am_i=lambda key: WhoAmI(arns[key.access_key_id[:7]], "1", ""),
            keys_of=lambda *_: keys_of,  # type: ignore[arg-type,return-value]
            adopt=lambda *_: None,
            note=lambda _: None,
            clock=office.clock,
            sleep=lambda _: None,
        )
        change(hands, "central", delete_inactive=False)

    with pytest.raises(Denied, match=f"the new key is {other}'s, not {mine}'s; the old one is kept"):
        go({old[:7]: mine, "AKIANEW": other})
    assert held(office) == old
    unfinished.forget(vault, "central")
    with pytest.raises(Usage, match="only an IAM user's key is rotated"):
        go({old[:7]: "arn:aws:iam::1:root"})
    assert unfinished.read(vault, "central") is None, "nothing was begun"


def test_a_key_that_does_not_work_in_time_is_kept_beside_and_taken_up_by_the_next_call(office: Office) -> None:
    office.practice.organization.keys_known_after = sum(WAITS) + 5
    old = held(office)
    with pytest.raises(Unreachable, match="does not work yet, so the old one stays in use") as caught:
        rotate(office)
    assert "xswitch identity rotate central` goes on" in caught.value.hint
    assert held(office) == old and works(office)
    office.shift += 10
    office.calls()
    done = rotate(office)
    assert office.calls() == ["GetCallerIdentity ok", "GetCallerIdentity ok", "UpdateAccessKey ok"], "none is made anew"
    assert len(keys(office)) == 2
    assert held(office) == done.access_key_id and works(office)


@pytest.mark.parametrize("action", ["ListAccessKeys", "CreateAccessKey"])
def test_who_may_not_is_told_and_all_is_as_it_was(office: Office, action: str) -> None:
    office.roles("")
    catalog = office.paths.catalog_file
    catalog.write_text(catalog.read_text().replace("mfa_serial", "# mfa_serial"))
    deny(office, action)
    old = held(office)
    with pytest.raises(Denied, match=f"AWS denied {action} .*explicit deny"):
        rotate(office)
    assert (held(office), list(keys(office))) == (old, [old])
    deny(office, "Nothing")
    assert rotate(office).old_access_key_id == old, "what was noted before is not in the way"


def test_where_iam_wants_mfa_one_code_does_for_all_calls(office: Office, person: Person) -> None:
    deny(office, "CreateAccessKey", "UpdateAccessKey", unless_mfa=True)
    done = rotate(office, person)
    assert person.codes == 1
    assert office.calls() == [
        "GetCallerIdentity ok", "ListAccessKeys ok", "CreateAccessKey AccessDenied", "GetSessionToken ok",
        "CreateAccessKey ok", "GetCallerIdentity ok", "GetCallerIdentity ok", "UpdateAccessKey ok",
    ]  # fmt: skip
    assert held(office) == done.access_key_id and works(office)


def test_where_iam_wants_mfa_and_nobody_can_be_asked_nothing_is_made(office: Office) -> None:
    deny(office, "*", unless_mfa=True)
    with pytest.raises(PersonNeeded, match="MFA code"):
        rotate(office)
    assert len(keys(office)) == 1


def test_an_old_key_that_stays_active_is_said_and_deactivated_by_the_next_call(office: Office) -> None:
    old = held(office)
    catalog = office.paths.catalog_file
    catalog.write_text(catalog.read_text().replace("mfa_serial", "# mfa_serial"))
    deny(office, "UpdateAccessKey")
    with pytest.raises(Denied, match=f"is in use, but the old one {old} is still active: AWS denied") as caught:
        rotate(office)
    assert "goes on from here" in caught.value.hint
    assert held(office) != old and works(office)
    deny(office, "Nothing")
    office.calls()
    assert rotate(office).old_access_key_id == old
    assert office.calls() == ["GetCallerIdentity ok", "UpdateAccessKey ok"]
    assert [key.active for key in keys(office).values()] == [False, True]


def test_an_old_key_that_somebody_deleted_meanwhile_is_as_good_as_deactivated(office: Office) -> None:
    old = held(office)
    office.faults.fail(None, action="UpdateAccessKey", status=503)
    with pytest.raises(Unreachable, match=f"the old one {old} is still active"):
        rotate(office)
    office.faults.clear()
    root(office, "DeleteAccessKey", AccessKeyId=old)
    office.calls()
    assert rotate(office).old_access_key_id == old
    assert office.calls() == ["GetCallerIdentity ok", "UpdateAccessKey NoSuchEntity"]


def test_a_second_key_that_is_active_is_named_and_left_alone(office: Office) -> None:
    other = root(office, "CreateAccessKey")["AccessKey"]["AccessKeyId"]
    for delete in (False, True):
        with pytest.raises(Usage, match=f"two access keys.*{held(office)}.*and {other}, which is active$"):
            rotate(office, delete_inactive=delete)
    assert len(keys(office)) == 2 and all(key.active for key in keys(office).values())


def test_a_second_key_that_is_inactive_is_deleted_on_demand_alone(office: Office) -> None:
    first = held(office)
    second = rotate(office).access_key_id
    with pytest.raises(Usage, match=f"{first}, which is inactive") as caught:
        rotate(office)
    assert f"--delete-inactive` deletes {first}" in caught.value.hint
    done = rotate(office, delete_inactive=True)
    assert (done.deleted, done.old_access_key_id) == (first, second)
    assert list(keys(office)) == [second, done.access_key_id]


def test_an_answer_that_is_lost_leaves_a_key_that_the_next_call_names(office: Office) -> None:
    office.faults.reset(action="CreateAccessKey", after=True)
    old = held(office)
    with pytest.raises(Unreachable, match="IAM did not answer") as caught:
        rotate(office)
    assert "the next try names it" in caught.value.hint
    lost = next(key for key in keys(office) if key != old)
    with pytest.raises(Usage, match=f"{lost}, which is active, which a rotation that was stopped may have made"):
        rotate(office)
    assert held(office) == old and works(office)


def test_throttling_is_waited_out(office: Office) -> None:
    office.faults.throttle(2, action="CreateAccessKey")
    office.faults.throttle(2, action="UpdateAccessKey")
    rotate(office)
    assert works(office)


class Stopped(BaseException):
    """The process is killed here."""


class Fails:
    """Makes the nth write of the vault fail, or every one from there on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException, *, after: bool = False) -> None:
        self.left = at
        write = Vault.write

        def failing(vault: Vault, *given: object, **named: object) -> None:
            self.left -= 1
            if self.left == 0 and not after:
                raise error
            write(vault, *given, **named)  # type: ignore[arg-type]
            if self.left == 0:
                raise error

        monkeypatch.setattr(Vault, "write", failing)


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_write_the_vault_s_key_works_and_the_next_call_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch, at: int, after: bool
) -> None:
    with monkeypatch.context() as patch:
        Fails(patch, at, Stopped(), after=after)
        with pytest.raises(Stopped):
            rotate(office)
    assert works(office)
    if (at, after) == (2, False):
        with pytest.raises(Usage, match="a rotation that was stopped may have made"):
            rotate(office)
        return
    done = rotate(office)
    assert held(office) == done.access_key_id and works(office)
    assert sorted(key.active for key in keys(office).values()) == [False, True]


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_vault_that_can_t_be_written_loses_no_key(office: Office, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    old = held(office)
    with monkeypatch.context() as patch:
        Fails(patch, at, VaultUnavailable("the disk is full"))
        with pytest.raises(VaultUnavailable, match="the disk is full") as caught:
            rotate(office)
    assert held(office) == old and works(office)
    assert len(keys(office)) == {1: 1, 2: 1, 3: 2}[at]
    if at == 2:
        assert "it was deleted; the old one works on" in caught.value.hint
    assert rotate(office).old_access_key_id == old
    assert works(office)


def test_a_key_that_was_added_by_hand_meanwhile_goes_before_one_under_way(office: Office) -> None:
    office.practice.organization.keys_known_after = 1000
    with pytest.raises(Unreachable):
        rotate(office)
    office.practice.organization.keys_known_after = 0
    for key_id in list(keys(office)):
        root(office, "DeleteAccessKey", AccessKeyId=key_id)
    made = root(office, "CreateAccessKey")["AccessKey"]
    office.engine().own_keys(Nobody()).add("central", made["AccessKeyId"], Secret(made["SecretAccessKey"]))
    assert rotate(office).old_access_key_id == made["AccessKeyId"]
    assert works(office)


def test_adding_the_key_that_is_under_way_by_hand_leaves_the_old_one_to_the_next_call(office: Office) -> None:
    office.practice.organization.keys_known_after = 1000
    old = held(office)
    with pytest.raises(Unreachable):
        rotate(office)
    office.practice.organization.keys_known_after = 0
    made = next(key for key in keys(office).values() if key.id != old)
    office.engine().own_keys(Nobody()).add("central", made.id, Secret(made.secret))
    assert rotate(office).old_access_key_id == old
    assert [key.active for key in keys(office).values()] == [False, True]


def test_what_has_no_key_here_is_not_rotated(office: Office) -> None:
    for name, error, words in (
        ("nobody", XswitchError, "no identity nobody"),
        ("central", PersonNeeded, "holds no access key"),
    ):
        if name == "central":
            office.engine().remove_identity("central")
        with pytest.raises(error, match=words):
            office.engine().own_keys(Nobody()).rotate(name)


def test_two_at_once_are_one_after_the_other(office: Office) -> None:
    engine = office.engine()
    with (
        engine.vault.lock("rotate/central", timeout=0, purpose="rotating the key of central"),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("xswitch.engine.rotation._PATIENCE", 0.0)
        with pytest.raises(Unreachable, match="rotating the key of central"):
            rotate(office)
    assert len(keys(office)) == 1


def test_no_message_and_no_repr_has_a_secret(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    person = Person(office)
    office.practice.organization.keys_known_after = 1000
    with pytest.raises(Unreachable) as caught:
        rotate(office, person)
    pending = unfinished.read(office.engine().vault, "central")
    assert pending is not None and pending.key is not None
    secret = pending.key.secret_access_key.reveal()
    assert secret in {key.secret for key in keys(office).values()}
    assert secret not in repr((pending, caught.value, caught.value.hint, person.said))
    content = b"".join(path.read_bytes() for path in office.paths.vault.glob("*.rec"))
    assert pending.key.access_key_id.encode() not in content and secret.encode() not in content


@contextmanager
def moto() -> Iterator[str]:
    """Serve an IAM and an STS that nobody here wrote; give their address."""
    assert MOTO.exists(), "run `make test`, which brings moto's server"
    server = subprocess.Popen(
        [str(MOTO), str(MOTO.parents[3] / "tests" / "sources" / "moto_organization.py"), "1"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def test_an_iam_that_nobody_here_wrote(office: Office) -> None:
    with moto() as url:
        anybody = Credentials("AKIAPRACTICE0000000A", Secret("practice" * 5))
        admin = boto.client("iam", {"AWS_ENDPOINT_URL": url}, region="us-east-1", credentials=anybody)
        admin.create_user(UserName="ada")
        first = admin.create_access_key(UserName="ada")["AccessKey"]
        office.environ["AWS_ENDPOINT_URL"] = url
        catalog = office.paths.catalog_file
        catalog.write_text(catalog.read_text().replace('account_id = "111122223333"', ""))
        added = (
            office.engine().own_keys(Nobody()).add("central", first["AccessKeyId"], Secret(first["SecretAccessKey"]))
        )
        done = rotate(office)
        assert added.arn == done.arn
        assert done.arn.endswith(":user/ada")
        status = {
            one["AccessKeyId"]: one["Status"] for one in admin.list_access_keys(UserName="ada")["AccessKeyMetadata"]
        }
        assert status == {first["AccessKeyId"]: "Inactive", done.access_key_id: "Active"}
        with pytest.raises(Usage, match="which is inactive"):
            rotate(office)
        assert rotate(office, delete_inactive=True).deleted == first["AccessKeyId"]
        assert len(admin.list_access_keys(UserName="ada")["AccessKeyMetadata"]) == 2
