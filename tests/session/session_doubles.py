"""Stand-ins for what sessions stand on: a store in memory, an STS that counts, a person with answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from xswitch.catalog.model import Account, Catalog, Environment, Identity, Target
from xswitch.credentials import Credentials, key_fingerprint
from xswitch.errors import VaultUnavailable
from xswitch.preferences import MfaSession
from xswitch.secret import Secret
from xswitch.session.model import Caller, CodeAsk, GuardAnswer, GuardAsk, Hop, Options, Plan
from xswitch.session.plan import plan
from xswitch.session.portal import Granted
from xswitch.session.sts import Issued, WhoAmI
from xswitch.vault.locks import LockTimeout
from xswitch.vault.record import Header, Record

NOW = 1_790_000_010.0
SERIAL = "arn:aws:iam::111122223333:mfa/ada"
KEYS = Credentials("AKIAADA0000000000001", Secret("ada-secret-sentinel"))
ADA = Caller(
    "central", "user", "arn:aws:iam::111122223333:user/ada", "111122223333", "ada", key_fingerprint(KEYS.access_key_id)
)
CENTRAL = Identity("central", "keys", account_id="111122223333", mfa_serial=SERIAL)
PROD = Environment("prod", colour="red", confirm="type", reason=True, max_duration=3600)
PAYMENTS = Account("444455556666", "payments-prod", "Workloads/Prod", "prod")
HUB = Account("222233334444", "identity-hub", "Infrastructure")
DEV = Account("555566667777", "web-dev", "Workloads/Dev")


def a_target(account: Account = DEV, role: str = "ReadOnly", **settings: object) -> Target:
    given: dict[str, object] = {"arn": f"arn:aws:iam::{account.id}:role/{role}", "identity": "central"} | settings
    return Target(account, role, **given)  # type: ignore[arg-type]


def a_catalog(*targets: Target, identities: tuple[Identity, ...] = (CENTRAL,)) -> Catalog:
    accounts = tuple({target.account.id: target.account for target in targets}.values())
    return Catalog(targets, accounts, {one.name: one for one in identities}, {"prod": PROD})


def planned(
    target: Target,
    *others: Target,
    options: Options | None = None,
    caller: Caller = ADA,
    learnt: Mapping[str, int] | None = None,
    identities: tuple[Identity, ...] = (CENTRAL,),
    mfa_session: MfaSession = "auto",
) -> Plan:
    catalog = a_catalog(target, *others, identities=identities)
    return plan(
        catalog,
        target,
        options or Options(),
        caller,
        learnt or {},
        os_user="ada.l",
        host="tower",
        mfa_session=mfa_session,
    )


class Clock:
    """A clock that stands still until it is told otherwise, or goes on by ``step`` seconds whenever it is looked at."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now
        self.step = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class MemoryStore:
    """A vault in memory. ``broken`` holds the operations that fail; ``trail`` what was written and locked, in order."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.broken: set[str] = set()
        self.trail: list[str] = []
        self.held: set[str] = set()
        self._mutex = threading.Condition()

    def read(self, name: str) -> Record | None:
        self._fail("read")
        return self.records.get(name)

    def header(self, name: str) -> Header | None:
        record = self.records.get(name)
        return record.header if record else None

    def headers(self, kind: str | None = None) -> tuple[Header, ...]:
        return tuple(one.header for one in self.records.values() if kind in (None, one.header.kind))

    def write(
        self,
        name: str,
        kind: str,
        payload: bytes | bytearray,
        *,
        issued: float,
        expires: float | None,
        facts: Mapping[str, str | int | float],
    ) -> None:
        self._fail(f"write {kind}")
        self._fail("write")
        self.trail.append(f"write {kind}")
        header = Header(name, kind, "0" * 32, issued, expires, json.dumps(dict(facts)).encode())
        self.records[name] = Record(header, bytes(payload))

    def remove(self, name: str) -> bool:
        self.trail.append("remove")
        return self.records.pop(name, None) is not None

    @contextmanager
    def lock(self, name: str, *, timeout: float, purpose: str) -> Iterator[None]:
        with self._mutex:
            if not self._mutex.wait_for(lambda: name not in self.held, timeout):
                raise LockTimeout(f"process 4711, which is {purpose}, holds the lock", "wait for it", pid=4711)
            self.held.add(name)
        self.trail.append(f"lock {purpose}")
        try:
            yield
        finally:
            with self._mutex:
                self.held.discard(name)
                self._mutex.notify_all()

    def of_kind(self, kind: str) -> list[Record]:
        return [one for one in self.records.values() if one.header.kind == kind]

    def _fail(self, operation: str) -> None:
        if operation in self.broken:
            raise VaultUnavailable(f"the vault can't {operation}: the disk is full", "free some space")


Answer = Callable[[Hop, Secret | None], Issued]


class FakeSts:
    """Answers every call after its kind, counts them, and does what the next of ``script`` says first."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.endpoint = ""
        self.skew: float | None = 0.0
        self.calls: list[tuple[Hop, str, str]] = []
        self.external_ids: list[str] = []
        self.regions: list[str] = []
        self.script: list[Exception | Callable[[], None] | None] = []
        self.who = WhoAmI(ADA.arn, ADA.account_id, "AIDA")
        self.asked_who = 0
        self.role_maxima: dict[str, int | Exception] = {}
        self.asked_maximum: list[tuple[str, str]] = []
        self.session_arn: str | None = None
        self.life: int | None = None
        self._mutex = threading.Lock()

    def issue(
        self,
        hop: Hop,
        credentials: Credentials,
        *,
        identity: str,
        partition: str,
        region: str = "",
        external_id: Secret | None = None,
        code: Secret | None = None,
    ) -> Issued:
        with self._mutex:
            self.calls.append((hop, credentials.access_key_id, code.reveal() if code else ""))
            self.external_ids.append(external_id.reveal() if external_id else "")
            self.regions.append(region)
            number = len(self.calls)
            step = self.script.pop(0) if self.script else None
        if isinstance(step, Exception):
            raise step
        if step is not None:
            step()
        return self._issued(hop, number)

    def who_am_i(self, credentials: Credentials, *, identity: str, partition: str = "", region: str = "") -> WhoAmI:
        self.asked_who += 1
        return self.who

    def role_maximum(
        self, credentials: Credentials, role_arn: str, *, partition: str = "", region: str = ""
    ) -> int | None:
        """Answer what ``role_maxima`` has for the role, None where it has nothing; an exception there is raised."""
        self.asked_maximum.append((role_arn, credentials.access_key_id))
        most = self.role_maxima.get(role_arn)
        if isinstance(most, Exception):
            raise most
        return most

    @property
    def kinds(self) -> list[str]:
        """What was asked of it: ``token`` or the target, with ``+code`` where one went along, and the seconds."""
        return [f"{hop.target or 'token'}{'+code' if code else ''} {hop.duration}" for hop, _, code in self.calls]

    def _issued(self, hop: Hop, number: int) -> Issued:
        life = self.life if self.life is not None else hop.duration
        keys = Credentials(
            f"ASIA{number:016}", Secret(f"made-secret-{number}"), Secret(f"token-{number}"), self.clock() + life
        )
        role = hop.role_arn.rpartition("/")[2]
        arn = f"arn:aws:sts::{hop.account_id}:assumed-role/{role}/{hop.session_name}" if role else ""
        return Issued(keys, arn if self.session_arn is None else self.session_arn, f"req-{number}", "")


class FakePortal:
    """Gives sessions of permission sets and counts them; ``sts`` says whose they are. Does first what ``script`` says.

    ``life`` is how many seconds they last, ``digits`` what AWS put behind the name of the role.
    """

    def __init__(self, clock: Clock, sts: FakeSts) -> None:
        self.clock = clock
        self.sts = sts
        self.endpoint = ""
        self.life = 28800
        self.digits = "0123456789abcdef"
        self.user = "ada@acme.example"
        self.calls: list[tuple[str, str, str]] = []
        self.script: list[Exception] = []

    def role_credentials(self, identity: Identity, hop: Hop) -> Granted:
        self.calls.append((identity.name, hop.account_id, hop.permission_set))
        if self.script:
            raise self.script.pop(0)
        number = len(self.calls)
        role = f"AWSReservedSSO_{hop.permission_set}_{self.digits}"
        self.sts.who = WhoAmI(f"arn:aws:sts::{hop.account_id}:assumed-role/{role}/{self.user}", hop.account_id, "AROA")
        keys = Credentials(
            f"ASIAPORTAL{number:010}", Secret(f"set-secret-{number}"), Secret("t"), self.clock() + self.life
        )
        return Granted(keys, f"portal-req-{number}")


class FakePerson:
    """Answers with ``codes`` in turn, and remembers what was asked."""

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)
        self.asks: list[CodeAsk] = []
        self.notes: list[str] = []

    def code(self, ask: CodeAsk) -> str:
        self.asks.append(ask)
        if not self.codes:
            raise AssertionError(f"asked once too often: {ask}")
        return self.codes.pop(0)

    def guard(self, ask: GuardAsk) -> GuardAnswer:
        raise AssertionError("the broker does not ask for guards")

    def passphrase(self, *, first: bool) -> str:
        raise AssertionError("the broker does not open the vault")

    def note(self, words: str) -> None:
        self.notes.append(words)
