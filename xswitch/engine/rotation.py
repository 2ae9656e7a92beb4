"""Changing an IAM user's access key for another, so that at every moment the vault knows one that works.

::

    an earlier one unfinished? ── go on with it ─────────────────────────────┐
         │ no                                                                ▼
    room for a second key? ── CreateAccessKey ── into the vault, beside ── does it work? wait, IAM takes a while
         │ no                                                                │
    which key is in the way                        in place of the old one ──┘
                                                             │
                                       UpdateAccessKey: the old one Inactive ── done

Stopped or failed anywhere, the next call goes on from there. A user has two keys at most (IAM quotas).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from xswitch.credentials import Credentials
from xswitch.errors import Cancelled, Denied, PersonNeeded, Unreachable, Usage, VaultUnavailable, XswitchError
from xswitch.identity import stored, unfinished
from xswitch.identity.iam_keys import AccessKey, UserKeys
from xswitch.identity.unfinished import Unfinished
from xswitch.session.sts import WhoAmI
from xswitch.text import clean
from xswitch.vault import Vault
from xswitch.vault.locks import LockTimeout

WAITS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0)
"""Seconds between two looks whether a key works: what IAM changes is seen everywhere only after a while."""
SETTLED: Final = 1.0
"""Seconds until a key that worked once has to work again: another of AWS's servers may not know it yet."""
_MOST: Final = 2
_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Rotated:
    """What came of it: whose key, the id of the key in the vault, of the one deactivated, and of one deleted before."""

    name: str
    arn: str
    account_id: str
    access_key_id: str
    old_access_key_id: str
    deleted: str = ""

    @property
    def user(self) -> str:
        """The IAM user's name."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Hands:
    """What a rotation works with.

    ``keys_of`` gives a user's keys in IAM, by a key of theirs and whose it is; ``adopt`` notes whose key is in the
    vault now; ``clock`` gives epoch seconds, ``sleep`` waits for them.
    """

    vault: Vault
    who_am_i: Callable[[Credentials], WhoAmI]
    keys_of: Callable[[Credentials, WhoAmI], UserKeys]
    adopt: Callable[[Credentials, WhoAmI], object]
    note: Callable[[str], object]
    clock: Callable[[], float]
    sleep: Callable[[float], object]


def rotate(hands: Hands, name: str, *, delete_inactive: bool) -> Rotated:
    """Change the key of the identity ``name`` for another one. Blocks.

    ``delete_inactive`` allows to delete a second key that is inactive, where it is in the way. Raises Denied,
    Unreachable, PersonNeeded, Usage, VaultUnavailable; each says what is so far, and the next call goes on.
    """
    try:
        with hands.vault.lock(f"rotate/{name}", timeout=_PATIENCE, purpose=f"rotating the key of {name}"):
            return _Rotation(hands, name).run(delete_inactive=delete_inactive)
    except LockTimeout as error:
        raise Unreachable(error.message, error.hint) from None


class _Rotation:
    def __init__(self, hands: Hands, name: str) -> None:
        self._hands = hands
        self._name = name
        self._again = f"`xswitch identity rotate {name}` goes on from here"

    def run(self, *, delete_inactive: bool) -> Rotated:
        hands, name = self._hands, self._name
        current = stored.read(hands.vault, name)
        if current is None:
            raise PersonNeeded(f"the vault holds no access key for {name}", f"xswitch identity add {name}")
        open_one = unfinished.read(hands.vault, name)
        if open_one is not None and open_one.key is not None:
            if open_one.key.access_key_id == current.access_key_id:
                who = hands.who_am_i(current)
                return self._finish(open_one, current, who, hands.keys_of(current, who))
            if open_one.old_id == current.access_key_id:
                hands.note(f"going on with {open_one.key.access_key_id}, which was made before")
                return self._take_over(open_one, None, None)
        return self._begin(current, open_one is not None, delete_inactive=delete_inactive)

    def _begin(self, current: Credentials, stopped: bool, *, delete_inactive: bool) -> Rotated:
        """Make room, make a key, and put it into the vault beside the old one."""
        hands, old_id = self._hands, current.access_key_id
        who = hands.who_am_i(current)
        if ":user/" not in who.arn:
            raise Usage(
                f"the key of {self._name} is {clean(who.arn)}'s, and only an IAM user's key is rotated",
                "remove keys of the root user altogether",
            )
        keys = hands.keys_of(current, who)
        deleted = self._make_room(keys, old_id, stopped, delete_inactive=delete_inactive)
        unfinished.note(hands.vault, self._name, Unfinished(old_id), hands.clock())
        key, created = keys.create()
        made = Unfinished(old_id, key, created)
        try:
            unfinished.note(hands.vault, self._name, made, hands.clock())
        except VaultUnavailable as error:
            raise self._given_back(keys, key.access_key_id, error) from None
        return self._take_over(made, who, keys, deleted)

    def _make_room(self, keys: UserKeys, old_id: str, stopped: bool, *, delete_inactive: bool) -> str:
        """Return the id of the key that was deleted to make room, "" for none. Raises Usage where one is in the way."""
        listed = keys.listed()
        other = next((key for key in listed if key.id != old_id), None)
        if len(listed) < _MOST or other is None:
            return ""
        if other.active or not delete_inactive:
            raise self._in_the_way(other, old_id, stopped)
        keys.delete(other.id)
        return other.id

    def _in_the_way(self, other: AccessKey, old_id: str, stopped: bool) -> Usage:
        both = f"{self._name} has two access keys, the most that IAM allows: {old_id}, which is in the vault, and"
        if not other.active:
            return Usage(
                f"{both} {other.id}, which is inactive",
                f"`xswitch identity rotate {self._name} --delete-inactive` deletes {other.id} and goes on",
            )
        of = ", which a rotation that was stopped may have made" if stopped else ""
        return Usage(
            f"{both} {other.id}, which is active{of}",
            f"once nothing uses it: aws iam update-access-key --status Inactive --access-key-id {other.id}, "
            "then again with --delete-inactive",
        )

    def _given_back(self, keys: UserKeys, key_id: str, error: VaultUnavailable) -> VaultUnavailable:
        """Return the error for a vault that does not take a key which was just made: that one goes again."""
        try:
            keys.delete(key_id)
        except XswitchError:
            hint = f"the old key works on; delete the new one, {key_id}, whose secret nobody has"
            return VaultUnavailable(f"the new key can't be kept: {error.message}", hint)
        return VaultUnavailable(f"the new key can't be kept: {error.message}", "it was deleted; the old one works on")

    def _take_over(self, made: Unfinished, who: WhoAmI | None, keys: UserKeys | None, deleted: str = "") -> Rotated:
        """Wait until the key works, and put it in the place of the old one."""
        hands, key = self._hands, made.key
        assert key is not None
        found = self._working(key)
        if who is not None and found.arn != who.arn:
            raise Denied(
                f"AWS says that the new key is {clean(found.arn)}'s, not {clean(who.arn)}'s; the old one is kept",
                "check AWS_ENDPOINT_URL",
                side="request",
            )
        try:
            stored.keep(hands.vault, self._name, key, hands.clock(), made.created)
        except VaultUnavailable as error:
            message = f"the new key is in the vault, but not in the place of the old one yet: {error.message}"
            raise VaultUnavailable(message, self._again) from None
        hands.adopt(key, found)
        return self._finish(made, key, found, keys or hands.keys_of(key, found), deleted)

    def _working(self, key: Credentials) -> WhoAmI:
        """Return whose key it is once it has worked twice in a row. Raises Unreachable."""
        problem, before = "", None
        for wait in (*WAITS, None):
            try:
                found = self._hands.who_am_i(key)
            except (Denied, Unreachable) as error:
                if not problem:
                    self._hands.note(f"waiting until AWS knows the new key everywhere, {sum(WAITS):.0f}s at most")
                problem, before = error.message, None
            else:
                if before is not None:
                    return found
                before = found
            if wait is not None:
                self._hands.sleep(wait if before is None else SETTLED)
        raise Unreachable(
            f"the new key {key.access_key_id} does not work yet, so the old one stays in use: {problem}",
            f"it is kept in the vault; in a minute {self._again}",
        )

    def _finish(self, made: Unfinished, key: Credentials, who: WhoAmI, keys: UserKeys, deleted: str = "") -> Rotated:
        """Deactivate the old key, now that nothing of ours needs it."""
        still = f"the new key {key.access_key_id} is in use, but the old one {made.old_id} is still active"
        try:
            keys.deactivate(made.old_id)
        except Denied as denied:
            raise Denied(
                f"{still}: {denied.message}",
                self._again,
                aws_code=denied.aws_code,
                aws_message=denied.aws_message,
                request_id=denied.request_id,
                side=denied.side,
            ) from None
        except (Unreachable, PersonNeeded, VaultUnavailable, Cancelled) as error:
            raise type(error)(f"{still}: {error.message}", self._again) from None
        unfinished.forget(self._hands.vault, self._name)
        return Rotated(self._name, who.arn, who.account_id, key.access_key_id, made.old_id, deleted)
