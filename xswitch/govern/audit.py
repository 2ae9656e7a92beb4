"""The local log of switches: one JSON object a line, appended in one write, never a secret.

A line leads from a CloudTrail event back to the person: it holds AWS's request id, the session's ARN and name, the
source identity, and who asked for it on this machine, when and why. The fast commands write it too, so nothing is
imported that they would have to wait for.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time

from xswitch import flatjson
from xswitch.files import make_private_folder
from xswitch.session.permission_sets import user_in
from xswitch.text import clean, iso8601

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

    from xswitch.flatjson import Value
    from xswitch.session.held import HeldSession
    from xswitch.session.model import Plan, Session


_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def line_of(plan: Plan, session: Session, *, now: float, os_user: str, reason: str = "") -> dict[str, Value]:
    """Return what the log keeps of a switch. Texts are made safe to show."""
    return entry(
        session,
        user=user_of(plan, session),
        session_name=name_of(plan, session),
        chain=[hop.target for hop in plan.hops if hop.target],
        mfa=bool(plan.mfa_serial),
        now=now,
        os_user=os_user,
        reason=reason,
    )


def user_of(plan: Plan, session: Session) -> str:
    """Return the name of the user behind a switch, "" where it is not known: a permission set's session bears it."""
    alone = plan.by_login and not plan.chained
    return user_in(session.arn) if alone else plan.caller.user


def name_of(plan: Plan, session: Session) -> str:
    """Return the session's name in CloudTrail."""
    return (plan.hops[-1].session_name if plan.hops else "") or user_in(session.arn)


def entry(
    session: HeldSession,
    *,
    user: str,
    session_name: str | None,
    chain: Sequence[str],
    mfa: bool,
    now: float,
    os_user: str,
    reason: str,
) -> dict[str, Value]:
    """Return what the log keeps of a switch: of the session, and of the plan that it came of."""
    said: dict[str, Value] = {
        "time": iso8601(now),
        "event": "switch",
        "target": session.target,
        "account_id": session.account_id,
        "role": session.role,
        "environment": session.environment or None,
        "arn": session.arn,
        "identity": session.identity,
        "user": user or None,
        "session_name": session_name,
        "source_identity": session.source_identity or None,
        "chain": [clean(target) for target in chain],
        "mfa": mfa,
        "from_vault": not session.fresh,
        "duration": session.duration,
        "expires": iso8601(session.expires),
        "request_id": session.request_id or None,
        "reason": clean(reason) or None,
        "os_user": os_user,
        "pid": os.getpid(),
    }
    return {name: clean(value) if isinstance(value, str) else value for name, value in said.items()}


def append(path: str | os.PathLike[str], line: Mapping[str, Value]) -> None:
    """Append one line: a single write to a file opened for appending, so that parallel writers never mix.

    After half a line of one that was killed or found the disk full, it begins on a line of its own. Raises OSError.
    """
    file = os.fspath(path)
    make_private_folder(file.rpartition("/")[0])
    data = (flatjson.compact(line) + "\n").encode()
    descriptor = os.open(file, _FLAGS, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a file")
        if _alone(descriptor) and _torn(descriptor):
            data = b"\n" + data
        written = os.write(descriptor, data)
        if written != len(data):
            raise OSError(f"{written} of {len(data)} bytes written")
    finally:
        os.close(descriptor)


def _alone(descriptor: int) -> bool:
    """Keep other writers out until the file is closed; False where one takes too long, or locks don't work here."""
    for _ in range(20):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.005)
        except OSError:
            return False
        else:
            return True
    return False


def _torn(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
