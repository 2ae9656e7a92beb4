"""A role's maximum, read from IAM before it is exceeded.

GetRole can only be asked by a session in the role's own account, so it is asked where one is in the vault anyway, for
whatever role there; it is asked once before a session is opened, and only where more than an hour is wanted and AWS
has not shown yet what the role allows. A session that may not read roles is not asked again for a day. Where nobody
can read it, the refusal teaches: see :mod:`xswitch.session.broker`.
"""

from __future__ import annotations

from collections.abc import Callable

from xswitch.credentials import Credentials
from xswitch.errors import RecordDamaged, Unreachable
from xswitch.session.duration import BELOW, HOUR, LONGEST
from xswitch.session.learnt import Learnt
from xswitch.session.limits import MIN_LEFT
from xswitch.session.model import Hop, Person, Plan
from xswitch.session.records import SESSION, credentials_in
from xswitch.session.store import RecordStore
from xswitch.session.sts import Sts
from xswitch.vault.record import Header


class Maxima:
    """What roles allow at most. ``now`` gives AWS's time in epoch seconds."""

    def __init__(self, vault: RecordStore, sts: Sts, learnt: Learnt, now: Callable[[], float]) -> None:
        self._vault = vault
        self._sts = sts
        self._learnt = learnt
        self._now = now

    def read(self, plan: Plan, place: int, names: tuple[str, ...], person: Person) -> bool:
        """Ask IAM for the maximum of the role at ``place``, where that helps; tell whether it is known by now.

        One call at most. It may block. Raises VaultUnavailable.
        """
        hop = plan.hops[place]
        if not (self._unknown(hop) or self._only_refused(plan, place, names)):
            return False
        reader, credentials = self._reader(hop)
        if credentials is None:
            return False
        person.note("asking AWS how long the role may last")
        try:
            most = self._sts.role_maximum(credentials, hop.role_arn, partition=plan.target.partition)
        except Unreachable:
            return False
        self._learnt.learn_reader(reader, can=most is not None)
        if most is None or not HOUR <= most <= LONGEST:
            return False
        self._learnt.learn_maximum(hop.role_arn, most, read=True)
        return True

    def _unknown(self, hop: Hop) -> bool:
        """Tell whether more is about to be asked for than AWS is known to give."""
        return (
            hop.kind == "assume-role" and hop.duration > HOUR and not self._learnt.certain(hop.role_arn, hop.duration)
        )

    def _only_refused(self, plan: Plan, place: int, names: tuple[str, ...]) -> bool:
        """Tell whether a refusal is all that keeps the session shorter, and a longer one asks for no more codes.

        A longer session needs a code of its own, which is not asked for while one that serves every role is live.
        """
        hop = plan.hops[place]
        if place != len(plan.hops) - 1 or not plan.why.startswith(BELOW) or not plan.asked:
            return False
        if self._learnt.read_maximum(hop.role_arn) is not None:
            return False
        return not plan.mfa_serial or bool(hop.mfa_serial) or not self._live(names[place - 1])

    def _live(self, name: str) -> bool:
        try:
            header = self._vault.header(name)
        except RecordDamaged:
            return False
        return header is not None and (header.expires or 0.0) - self._now() >= MIN_LEFT

    def _reader(self, hop: Hop) -> tuple[str, Credentials | None]:
        """Return a session in the role's account that may read roles, as far as is known, and what to call it.

        Who could before goes first, then who lasts longest.
        """
        found: list[tuple[bool, float, str, Header]] = []
        now = self._now()
        for header in self._vault.headers(SESSION):
            reader = str(header.facts.get("arn", "")).rpartition("/")[0]
            ends, can = header.expires or 0.0, self._learnt.reader(reader)
            if self._may_ask(header, hop) and ends - now >= MIN_LEFT and can is not False:
                found.append((can is True, ends, reader, header))
        for _, _, reader, header in sorted(found, key=lambda one: one[:3], reverse=True):
            try:
                record = self._vault.read(header.name)
                if record is not None:
                    return reader, credentials_in(record)
            except (RecordDamaged, ValueError):
                continue
        return "", None

    def _may_ask(self, header: Header, hop: Hop) -> bool:
        """Tell whether a session is one of the role's account, opened at the very AWS that is about to be asked."""
        facts = header.facts
        partition = str(facts.get("arn", "")).split(":")[1:2]
        return (
            facts.get("account_id") == hop.account_id
            and partition == hop.role_arn.split(":")[1:2]
            and facts.get("endpoint", "") == self._sts.endpoint
        )
