"""The access keys of an IAM user, as IAM has them: listed, made, deactivated, deleted by the user's own calls.

IAM API reference: ListAccessKeys, CreateAccessKey, UpdateAccessKey, DeleteAccessKey, each without a user's name, which
means whoever signs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from xswitch.aws.patience import Failed, Patience, Throttled
from xswitch.credentials import Credentials
from xswitch.errors import Denied, Unreachable
from xswitch.secret import Secret

Call = Callable[..., Mapping[str, Any]]
"""Makes one call by its API name: see :func:`xswitch.aws.boto.caller`."""
LIST: Final = "ListAccessKeys"
_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key as IAM lists it; ``created`` is in epoch seconds."""

    id: str
    active: bool
    created: float


def keys_in(answer: Mapping[str, Any]) -> tuple[AccessKey, ...]:
    """Return the keys of an answer to ListAccessKeys, oldest first."""
    keys = (
        AccessKey(one["AccessKeyId"], one["Status"] == "Active", one["CreateDate"].timestamp())
        for one in answer["AccessKeyMetadata"]
    )
    return tuple(sorted(keys, key=lambda key: key.created))


class UserKeys:
    """The keys of the user who signs. Each method blocks and raises Denied, Unreachable.

    ``call_with`` returns what makes calls with given credentials. Where IAM denies the user's plain key, ``stronger``
    gives credentials that carry MFA, and the call is made again with those: many companies let nobody change keys
    without. None where there is no device. ``sleep`` waits for seconds.
    """

    def __init__(
        self,
        call_with: Callable[[Credentials], Call],
        credentials: Credentials,
        stronger: Callable[[], Credentials] | None,
        sleep: Callable[[float], object],
    ) -> None:
        self._call_with = call_with
        self._call = call_with(credentials)
        self._stronger = stronger
        self._patience = Patience(lambda seconds: bool(sleep(seconds)) and False)

    def listed(self) -> tuple[AccessKey, ...]:
        """Return the user's keys, oldest first: two at most."""
        return keys_in(self._tried(LIST))

    def create(self) -> tuple[Credentials, float]:
        """Make a key; return it, and when IAM made it. Sent once: a key whose answer is lost can't be had again."""
        for attempt in range(_TRIES):
            try:
                made = self._made("CreateAccessKey")["AccessKey"]
            except Throttled as busy:
                self._patience.pause(busy.after or 2.0**attempt)
            except Failed as failed:
                raise Unreachable(
                    f"IAM did not answer when it was asked for a key: {failed.why}",
                    "it may have made one all the same: if so the next try names it, and it can be deleted",
                ) from None
            else:
                key = Credentials(made["AccessKeyId"], Secret(made["SecretAccessKey"]))
                return key, made["CreateDate"].timestamp()
        raise Unreachable("AWS kept throttling the request for a key", "try again later")

    def deactivate(self, key_id: str) -> None:
        """Make a key useless, so that it could still be brought back; one that is gone is as good."""
        self._unless_gone("UpdateAccessKey", AccessKeyId=key_id, Status="Inactive")

    def delete(self, key_id: str) -> None:
        """Delete a key for good; one that is gone is as good."""
        self._unless_gone("DeleteAccessKey", AccessKeyId=key_id)

    def _unless_gone(self, action: str, **params: str) -> None:
        try:
            self._tried(action, **params)
        except Denied as denied:
            if denied.aws_code != "NoSuchEntity":
                raise

    def _tried(self, action: str, **params: str) -> Mapping[str, Any]:
        return self._patience.call(action, lambda: self._made(action, **params))

    def _made(self, action: str, **params: str) -> Mapping[str, Any]:
        try:
            return self._call(action, **params)
        except Denied as denied:
            if denied.aws_code != "AccessDenied" or self._stronger is None:
                raise
            self._call, self._stronger = self._call_with(self._stronger()), None
            return self._call(action, **params)
