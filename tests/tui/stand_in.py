"""The organization of the pictures, and an engine that answers for it without a vault or AWS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from xswitch.catalog.model import Account, Catalog, Environment, Identity, Target, VaultRef
from xswitch.credentials import Credentials
from xswitch.engine import Ended, Live, Outlook, Practice
from xswitch.errors import Denied
from xswitch.govern.denial import Explanation, explain
from xswitch.paths import Paths
from xswitch.secret import Secret
from xswitch.session.model import Caller, CodeAsk, GuardAsk, Hop, Options, Person, Plan, Session

NOW = datetime(2026, 11, 12, 10, 42, 13, tzinfo=UTC).timestamp()
SENTINEL = "wJalrXUtnFEMI-SENTINEL-bPxRfiCYEXAMPLEKEY"

_ENVIRONMENTS = {
    "prod": Environment("prod", "red", "type", reason=True, max_duration=3600),
    "staging": Environment("staging", "yellow"),
    "dev": Environment("dev", "green"),
    "sandbox": Environment("sandbox", "teal"),
    "security": Environment("security", "violet"),
    "shared": Environment("shared", "blue"),
    "legal": Environment("legal", "orange", "ask"),
}
_IDS = {
    "payments-prod": "444455556666",
    "identity-hub": "222233334444",
    "payments-staging": "555566667777",
    "data-lake-prod": "317501555360",
    "sandbox-ada": "948470941925",
    "web-dev": "697658141357",
    "log-archive": "110915256266",
    "dns-shared": "533557765163",
    "network-transit": "324273166364",
    "billing-prod": "346495447609",
    "checkout-prod": "841175284682",
    "search-prod": "466375763959",
    "warehouse-prod-eu-central-2": "640192538630",
    "web-prod": "910104957019",
    "web-prod-assets": "178013655779",
}
_NAMED: dict[str, dict[str, tuple[str, ...]]] = {
    "Infrastructure": {
        "dns-shared": ("NetworkAdmin",),
        "identity-hub": ("Hub",),
        "network-transit": ("ReadOnly",),
        "registry-shared": ("Publisher", "ReadOnly"),
        "telemetry-shared": ("ReadOnly",),
        "vpn-shared": ("NetworkAdmin",),
    },
    "Workloads/Prod": {
        "billing-prod": ("Audit", "ReadOnly"),
        "checkout-prod": ("Deploy", "ReadOnly"),
        "data-lake-prod": ("Analyst", "Audit"),
        "payments-prod": ("Audit", "Deploy", "ReadOnly"),
        "search-prod": ("Deploy", "ReadOnly"),
        "warehouse-prod-eu-central-2": ("Deploy", "ReadOnly"),
        "web-prod": ("Deploy", "ReadOnly"),
        "web-prod-assets": ("ReadOnly",),
        "payments-ledger-prod": ("ReadOnly", "Deploy"),
        "payroll-prod": ("ReadOnly", "Audit"),
        "display-ads-prod": ("ReadOnly", "Deploy"),
    },
    "Workloads/Staging": {"payments-staging": ("Admin", "ProdMirror")},
    "Workloads/Dev": {"web-dev": ("PowerUser",), "payments-dev": ("ProdSnapshot", "Admin")},
    "Security": {"log-archive": ("LogReader", "PayProdReader"), "legal-hold": ("Reader",)},
    "Sandbox": {"sandbox-ada": ("Admin",)},
}
_SIZES = {
    "Infrastructure": ("shared", 9),
    "Workloads/Prod": ("prod", 38),
    "Workloads/Staging": ("staging", 41),
    "Workloads/Dev": ("dev", 57),
    "Security": ("security", 6),
    "Sandbox": ("sandbox", 61),
}
_WORDS = [
    "orders",
    "catalog",
    "invoice",
    "refund",
    "ledger",
    "quote",
    "stock",
    "label",
    "route",
    "fleet",
    "driver",
    "depot",
    "courier",
    "returns",
    "loyalty",
    "coupon",
    "email",
    "notify",
    "fraud",
    "risk",
    "score",
    "model",
    "vision",
    "voice",
    "chat",
    "forum",
    "review",
    "rating",
    "media",
    "image",
    "video",
    "stream",
    "encode",
    "docs",
    "wiki",
    "build",
    "runner",
    "cache",
    "queue",
    "events",
    "metrics",
    "traces",
    "alerts",
    "oncall",
    "status",
    "gateway",
    "edge",
    "config",
    "flags",
    "tenant",
    "ident",
    "consent",
    "export",
    "import",
    "billing2",
    "tax",
    "books",
    "hr",
    "desk",
    "field",
]
_ROLES = ("Admin", "Audit", "Billing", "Deploy", "LogReader", "ReadOnly", "Support", "Operator", "Analyst", "PowerUser")
TOTAL = 1284


def _account(name: str, ou: str, environment: str) -> Account:
    number = _IDS.get(name) or str(
        10**11 + sum(ord(letter) * 31**place for place, letter in enumerate(name)) % (8 * 10**11)
    )
    team = {"data-lake-prod": "data", "sandbox-ada": "ada", "warehouse-prod-eu-central-2": "logistics"}.get(name)
    first = name.split("-")[0]
    team = (
        team or {"shared": "platform", "security": "security"}.get(environment) or {"checkout": "web"}.get(first, first)
    )
    return Account(number, name, ou, "legal" if name == "legal-hold" else environment, (("team", team),))


def catalog() -> Catalog:
    """The organization: 212 accounts in six OUs, 1,284 targets."""
    accounts: list[Account] = []
    roles: dict[str, list[str]] = {}
    for ou, (environment, size) in _SIZES.items():
        named = _NAMED[ou]
        suffix = {"shared": "-shared", "security": "-audit"}.get(environment, f"-{environment}")
        names = [*named, *(f"{word}{suffix}" for word in _WORDS if f"{word}{suffix}" not in named)][:size]
        for name in names:
            accounts.append(_account(name, ou, environment))
            roles[name] = list(
                named.get(name, ("Deploy", "ReadOnly") if environment == "prod" else ("Admin", "ReadOnly"))
            )
    fillable = [
        one.name for one in accounts if one.environment in ("staging", "dev", "sandbox") and one.name not in _IDS
    ]
    missing, turn = TOTAL - sum(len(found) for found in roles.values()), 0
    while missing:
        found = roles[fillable[turn % len(fillable)]]
        extra = next(role for role in _ROLES if role not in found)
        found.append(extra)
        missing, turn = missing - 1, turn + 1
    targets = tuple(_target(account, role) for account in accounts for role in roles[account.name])
    identities = {"central": Identity("central", "keys", "111122223333", "arn:aws:iam::111122223333:mfa/ada")}
    return Catalog(targets, tuple(accounts), identities, _ENVIRONMENTS, "central")


def _target(account: Account, role: str) -> Target:
    base = Target(
        account,
        role,
        f"arn:aws:iam::{account.id}:role/{role}",
        "central",
        region="eu-west-1",
        source_identity="{user}",
        session_tags=account.tags,
    )
    if (account.name, role) == ("payments-prod", "Deploy"):
        return replace(
            base,
            via="identity-hub/Hub",
            mfa=True,
            duration=4 * 3600,
            external_id=VaultRef("payments-deploy"),
            transitive_tags=("team",),
            arn=f"arn:aws:iam::{account.id}:role/ci/Deploy",
        )
    if role == "Audit":
        return replace(base, duration=8 * 3600)
    return replace(base, mfa=role in ("Admin", "Deploy", "PowerUser"))


def _hop(target: Target, duration: int, serial: str = "") -> Hop:
    return Hop(
        "assume-role",
        duration,
        target.name,
        target.arn,
        target.account.id,
        "ada",
        target.external_id,
        "ada",
        target.session_tags,
        target.transitive_tags,
        mfa_serial=serial,
    )


class StandIn:
    """An engine whose clock stands still until a test moves ``time``, AWS's; this machine's is ``skew`` behind it."""

    first_run = False

    def __init__(
        self, home: Path = Path("/nonexistent"), now: float = NOW, *, sessions: str = "picker", skew: float = 0.0
    ) -> None:
        self.paths = Paths(home / "config", home / "state", home / "cache", home / "config" / "catalog.toml")
        self.environ: Mapping[str, str] = {"LANG": "C.UTF-8", "SHELL": "/bin/bash", "PATH": "/nonexistent"}
        self.time = now
        self.skew = skew
        self.catalog = catalog()
        self.by_name = {target.name: target for target in self.catalog.targets}
        self._live: list[Live] = _SESSIONS[sessions](self)
        self._ended: list[Ended] = []
        if sessions == "board":
            self._ended.append(Ended("billing-prod/Audit", self.clock() - 20, by_person=True, restorable=True))
            self._ended.append(Ended("web-dev/PowerUser", now - 18 * 60, by_person=False, restorable=False))
        self._pins = ["payments-prod/ReadOnly", "payments-prod/Deploy", "identity-hub/Hub"]
        self._visits = _visits(self.clock())
        self.granted: dict[str, float] = {}
        self.opened: list[tuple[str, bool]] = []
        self.codes: list[str] = []
        self.reasons: list[str] = []
        self.shells: list[str] = []
        self.shell_status = 0
        self.asks: list[CodeAsk] = []
        self.raises: Exception | None = None
        self.hold: threading.Event | None = None
        self.shown: Practice | None = None

    def clock(self) -> float:
        """This machine's clock."""
        return self.time - self.skew

    def now(self) -> float:
        """AWS's."""
        return self.time

    def live(self) -> tuple[Live, ...]:
        return tuple(sorted((one for one in self._live if one.expires > self.time), key=lambda one: one.expires))

    def ended(self) -> tuple[Ended, ...]:
        return tuple(self._ended)

    def pins(self) -> tuple[str, ...]:
        return tuple(self._pins)

    def toggle_pin(self, target: str) -> bool:
        if target in self._pins:
            self._pins.remove(target)
            return False
        self._pins.append(target)
        return True

    def visits(self) -> Mapping[str, tuple[float, int, float]]:
        return self._visits

    def plan(self, target: Target) -> Plan:
        guard = self.catalog.environment_of(target)
        guard = guard if guard is not None and guard.guarded else None
        serial = self.catalog.identities["central"].mfa_serial if target.mfa else ""
        caller = Caller("central", "user", "arn:aws:iam::111122223333:user/ada", "111122223333", "ada")
        hops: list[Hop] = (
            [Hop("session-token", 12 * 3600, account_id="111122223333", mfa_serial=serial)] if serial else []
        )
        duration, why, asked = (
            target.duration or 3600,
            "as the catalog says" if target.duration else "AWS's default",
            None,
        )
        if target.via:
            hops.append(_hop(self.by_name[target.via], 3600))
            duration, why, asked = 3600, "as every chain does", target.duration
        elif guard is not None and guard.max_duration and target.duration is None:
            duration, why = guard.max_duration, "production's maximum"
        hops.append(_hop(target, duration))
        return Plan(
            target, self.catalog.identities["central"], caller, tuple(hops), duration, why, asked, guard, target.region
        )

    def outlook(self, target: Target, options: Options | None = None) -> Outlook:
        plan = self.plan(target)
        live = next((one for one in self.live() if one.target == target.name), None)
        granted = self.granted.get(target.name)
        return Outlook(
            plan, live, bool(plan.mfa_serial) and live is None, plan.guard is not None and granted is None, granted
        )

    def open(self, plan: Plan, person: Person, *, fresh: bool = False) -> Session:
        name = plan.target.name
        self.opened.append((name, fresh))
        if plan.guard is not None and name not in self.granted:
            answer = person.guard(GuardAsk(plan.target, plan.guard, plan.guard.max_duration or 3600))
            assert answer.typed == plan.target.account.name
            self.reasons.append(answer.reason)
            self.granted[name] = self.time + 3600
        for ask in self.asks if plan.mfa_serial else ():
            self.codes.append(person.code(ask))
        person.note("asking AWS")
        if self.hold is not None:
            self.hold.wait(20)
        if self.raises is not None:
            raise self.raises
        self._live = [one for one in self._live if one.target != name]
        self._live.append(self._session(name, plan.duration, plan.duration, "no code", ()))
        return self.session(plan)

    def session(self, plan: Plan) -> Session:
        account = plan.target.account
        keys = Credentials("ASIAEXAMPLE", Secret(SENTINEL), Secret(SENTINEL), self.time + plan.duration)
        return Session(
            plan.target.name,
            account.id,
            account.name,
            plan.target.role,
            account.environment,
            plan.target.arn,
            "central",
            plan.region,
            keys,
            self.time,
            plan.duration,
        )

    _kept: list[Live] = []  # noqa: RUF012 - replaced, never changed

    def end(self, target: str) -> int:
        before = len(self._live)
        self._kept = [one for one in self._live if one.target == target]
        self._live = [one for one in self._live if one.target != target]
        self._ended.insert(0, Ended(target, self.clock(), by_person=True, restorable=True))
        return before - len(self._live)

    def restore(self, target: str) -> bool:
        self._live += self._kept
        self._ended = [one for one in self._ended if one.target != target]
        return bool(self._kept)

    def shell(self, session: Session, program: str = "", *, ending: Callable[[int], None] | None = None) -> int:
        self.shells.append(session.target)
        return self.shell_status

    def environment_text(self, session: Session, form: str) -> str:
        return f"export AWS_SECRET_ACCESS_KEY='{session.credentials.secret_access_key.reveal()}'  # {form}\n"

    def explain(self, denied: Denied, plan: Plan) -> Explanation:
        return explain(denied, plan, now=self.time)

    def practice(self) -> Practice | None:
        return self.shown

    def _session(
        self, name: str, left: float, duration: int, renewal: str, uses: tuple[tuple[str, float], ...]
    ) -> Live:
        target = self.by_name[name]
        account = target.account
        return Live(
            name,
            account.id,
            account.name,
            target.role,
            account.environment,
            target.arn,
            "central",
            target.region,
            self.time + left - duration,
            self.time + left,
            duration,
            renewal,  # type: ignore[arg-type]
            tuple((words, self.clock() - ago) for words, ago in uses),
        )


def _picker(engine: StandIn) -> list[Live]:
    return [
        engine._session("data-lake-prod/Analyst", 24 * 60, 3600, "no code", ()),
        engine._session("payments-prod/ReadOnly", 42 * 60, 3600, "no code", (("shell", 1080),)),
        engine._session("payments-staging/Admin", 3 * 3600 + 12 * 60, 4 * 3600, "no code", ()),
        engine._session("sandbox-ada/Admin", 6 * 3600 + 5 * 60, 8 * 3600, "no code", ()),
    ]


def _board(engine: StandIn) -> list[Live]:
    uses = (("shell", 1080.0), ("shell", 60.0), ("exec terraform", 12.0))
    why = "the role's maximum"
    return [
        engine._session("identity-hub/Hub", 168, 3600, "no code", (("shell", 57 * 60),)),
        engine._session("data-lake-prod/Analyst", 11 * 60, 3600, "confirmation", (("shell", 49 * 60),)),
        replace(engine._session("payments-prod/ReadOnly", 42 * 60, 3600, "no code", uses), why=why, asked=4 * 3600),
        engine._session("log-archive/LogReader", 51 * 60, 3600, "a login", ()),
        engine._session("payments-staging/Admin", 3 * 3600 + 12 * 60, 4 * 3600, "by itself", (("shell", 48 * 60),)),
        engine._session("sandbox-ada/Admin", 6 * 3600 + 5 * 60, 8 * 3600, "a code", ()),
    ]


_SESSIONS: dict[str, Callable[[StandIn], list[Live]]] = {"picker": _picker, "board": _board, "none": lambda engine: []}


def _visits(now: float) -> dict[str, tuple[float, int, float]]:
    hour, day = 3600.0, 86400.0
    return {
        "payments-prod/ReadOnly": (20, 52, now - 20),
        "payments-prod/Deploy": (9, 14, now - 2 * day - 1.5 * hour),
        "identity-hub/Hub": (8, 31, now - 2 * day - 2 * hour),
        "payments-staging/Admin": (7, 18, now - 1.2 * hour),
        "data-lake-prod/Analyst": (6, 9, now - 30),
        "sandbox-ada/Admin": (5, 40, now - 4.3 * hour),
        "web-dev/PowerUser": (4, 12, now - 1 * day),
        "log-archive/LogReader": (3, 5, now - 6 * day),
        "network-transit/ReadOnly": (0.5, 3, now - 8 * day),
        "billing-prod/ReadOnly": (0.4, 2, now - 10 * day),
        "payments-prod/Audit": (0.1, 1, now - 34 * day),
        "web-prod/ReadOnly": (0.6, 2, now - 3 * day),
    }
