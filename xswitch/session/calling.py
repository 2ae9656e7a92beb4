"""One call of a plan: with the external id from the vault and a code where it carries one, its answer checked.

Nothing is handed over that was not asked for: account and role of the answer are those of the request, or it is an
error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
from xswitch.session.store import RecordStore
from xswitch.session.sts import Issued, Sts
from xswitch.text import clean


@dataclass(frozen=True, slots=True)
class Calls:
    """What a call is made with. ``now`` gives AWS's time in epoch seconds, ``sleep`` waits for seconds."""

    vault: RecordStore
    sts: Sts
    learnt: Learnt
    code_of: CodeGiver
    spent: SpentCodes
    sleep: Callable[[float], None]
    now: Callable[[], float]

    def make(self, plan: Plan, place: int, credentials: Credentials, person: Person) -> Issued:
        """Make the call at ``place``, signed by ``credentials``, and return its answer once it is checked.

        What it teaches is noted, of a failure too. Blocks. Raises Denied, Unreachable, PersonNeeded, Cancelled,
        VaultUnavailable, InvalidConfig, Usage.
        """
        hop = plan.hops[place]
        try:
            issued = self._issue(plan, hop, credentials, person)
        finally:
            self.note_skew()
        if hop.kind == "assume-role":
            _check(hop, issued)
            if hop.duration > HOUR:
                self.learnt.learn_granted(hop.role_arn, hop.duration)
        return issued

    def note_skew(self) -> None:
        """Remember how far AWS's clock is from ours, if its last answer said so."""
        if self.sts.skew is not None:
            self.learnt.learn_skew(self.sts.skew)

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


def _check(hop: Hop, issued: Issued) -> None:
    """Compare the account and role that AWS answered with those asked for. Raises Denied; nothing is handed over."""
    partition, role = hop.role_arn.split(":")[1], hop.role_arn.rpartition("/")[2]
    wanted = f"arn:{partition}:sts::{hop.account_id}:assumed-role/{role}/"
    own_account = hop.role_arn.split(":")[4]
    if issued.arn.startswith(wanted) and own_account == hop.account_id:
        return
    raise Denied(
        f"AWS answered with {clean(issued.arn) or 'no role'}, not with {clean(hop.target)}; nothing was handed over",
        "check the account id and the ARN of the role in the catalog, and what AWS_ENDPOINT_URL points to",
        side="request",
        target=hop.target,
        request_id=issued.request_id,
    )
