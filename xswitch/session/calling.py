"""One call of a plan: with the external id from the vault and a code where it carries one, its answer checked.

Nothing is handed over that was not asked for: account and role of the answer are those of the request, or it is an
error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from xswitch.catalog.model import VaultRef
from xswitch.credentials import Credentials
from xswitch.errors import Denied
from xswitch.secret import Secret
from xswitch.session.asking import CodePrompt, call_with_code
from xswitch.session.codes import CodeGiver, SpentCodes
from xswitch.session.duration import HOUR
from xswitch.session.externals import external_id
from xswitch.session.learnt import Learnt
from xswitch.session.model import Hop, Person, Plan
from xswitch.session.permission_sets import is_session, learnt_as, user_in
from xswitch.session.portal import Portal
from xswitch.session.records import whole
from xswitch.session.store import RecordStore
from xswitch.session.sts import Issued, Sts
from xswitch.text import clean


@dataclass(frozen=True, slots=True)
class Calls:
    """What a call is made with. ``now`` gives AWS's time in epoch seconds, ``sleep`` waits for seconds."""

    vault: RecordStore
    sts: Sts
    portal: Portal
    learnt: Learnt
    code_of: CodeGiver
    spent: SpentCodes
    sleep: Callable[[float], None]
    now: Callable[[], float]

    def make(self, plan: Plan, place: int, credentials: Credentials | None, person: Person) -> Issued:
        """Make the call at ``place``, signed by ``credentials``, and return its answer once it is checked.

        A call of the portal is signed by nothing: ``credentials`` is None. What it teaches is noted, of a failure too.
        Blocks. Raises Denied, Unreachable, PersonNeeded, Cancelled, VaultUnavailable, InvalidConfig, Usage.
        """
        hop = plan.hops[place]
        try:
            if credentials is None:
                issued = self._by_login(plan, hop, person)
            else:
                issued = self._issue(plan, hop, credentials, person)
        finally:
            self.note_skew()
        if hop.kind == "portal":
            _check_set(plan, hop, issued)
            self._learn(plan, hop, issued)
        elif hop.kind == "assume-role":
            _check(hop, issued)
            if hop.duration > HOUR:
                self.learnt.learn_granted(hop.role_arn, hop.duration)
        return issued

    def note_skew(self) -> None:
        """Remember how far AWS's clock is from ours, if its last answer said so."""
        if self.sts.skew is not None:
            self.learnt.learn_skew(self.sts.skew)

    def _by_login(self, plan: Plan, hop: Hop, person: Person) -> Issued:
        """Get a session of a permission set, and ask whose it is: the portal does not say that."""
        person.note("asking AWS")
        identity = plan.identity
        credentials, request_id = self.portal.role_credentials(identity, hop)
        who = self.sts.who_am_i(
            credentials,
            identity=identity.name,
            partition=plan.target.partition,
            region=plan.region or identity.sso_region,
        )
        return Issued(credentials, who.arn, request_id, "")

    def _learn(self, plan: Plan, hop: Hop, issued: Issued) -> None:
        """Remember how long AWS lets sessions of a permission set last, and who is signed in, where that is news."""
        name, life = learnt_as(hop.account_id, hop.permission_set), whole(round(_end(issued) - self.now()))
        if self.learnt.maxima().get(name) != life:
            self.learnt.learn_maximum(name, life, read=True)
        caller = replace(plan.caller, identity=plan.identity.name, kind="role", user=user_in(issued.arn))
        if self.learnt.caller(caller.identity, caller.fingerprint) != caller:
            self.learnt.learn_caller(caller)

    def _issue(self, plan: Plan, hop: Hop, credentials: Credentials, person: Person) -> Issued:
        external = self._external_id(plan, hop)

        def call(code: Secret | None) -> Issued:
            person.note("asking AWS")
            return self.sts.issue(
                hop,
                credentials,
                identity=plan.identity.name,
                partition=plan.target.partition,
                region=plan.region or plan.identity.region,
                external_id=external,
                code=code,
            )

        if not hop.mfa_serial:
            return call(None)
        certain = hop.duration <= HOUR or self.learnt.certain(hop.role_arn, hop.duration)
        prompt = CodePrompt(plan, hop, certain, self.code_of, self.spent, self.sleep, self.now)
        return call_with_code(prompt, person, call)

    def _external_id(self, plan: Plan, hop: Hop) -> Secret | None:
        if isinstance(hop.external_id, VaultRef):
            return external_id(self.vault, hop.external_id, wanted_by=hop.target, origin=plan.target.origin)
        return Secret(hop.external_id) if hop.external_id else None


def _end(issued: Issued) -> float:
    return issued.credentials.expires or 0.0


def _check(hop: Hop, issued: Issued) -> None:
    """Compare the account and role that AWS answered with those asked for. Raises Denied; nothing is handed over."""
    partition, role = hop.role_arn.split(":")[1], hop.role_arn.rpartition("/")[2]
    wanted = f"arn:{partition}:sts::{hop.account_id}:assumed-role/{role}/"
    own_account = hop.role_arn.split(":")[4]
    if not (issued.arn.startswith(wanted) and own_account == hop.account_id):
        raise _another(hop, issued, "check the account id and the ARN of the role in the catalog")


def _check_set(plan: Plan, hop: Hop, issued: Issued) -> None:
    """Compare whose the portal's credentials are with what was asked for. Raises Denied; nothing is handed over."""
    _, partition, _, _, account_id, _ = plan.target.arn.split(":", 5)
    chained = hop is not plan.hops[-1]
    right = is_session(issued.arn, partition, hop.account_id, hop.permission_set)
    if not (right and (chained or account_id == hop.account_id)):
        raise _another(hop, issued, "check the account id and the permission set in the catalog")


def _another(hop: Hop, issued: Issued, look_at: str) -> Denied:
    return Denied(
        f"AWS answered with {clean(issued.arn) or 'no role'}, not with {clean(hop.target)}; nothing was handed over",
        f"{look_at}, and what AWS_ENDPOINT_URL points to",
        side="request",
        target=hop.target,
        request_id=issued.request_id,
    )
