"""The table: what people type, on an organization with look-alike names, and the row they expect on top."""

from __future__ import annotations

import pytest

from xswitch.catalog.model import Account, Target
from xswitch.catalog.search import Index, Result

NOW = 1_790_000_000.0
PAYMENTS = "444455556666"


def _accounts() -> list[tuple[str, str, str, dict[str, str]]]:
    """Name, OU, environment and tags of about 60 accounts, in the order of a file that a person keeps."""
    rows: list[tuple[str, str, str, dict[str, str]]] = [
        ("identity-hub", "Infrastructure", "shared", {"team": "platform"}),
        ("dns-shared", "Infrastructure/Network", "shared", {"team": "platform"}),
        ("network-transit", "Infrastructure/Network", "shared", {"team": "platform"}),
        ("backup-vault", "Infrastructure", "shared", {"team": "platform", "cost-centre": "cc-4410"}),
        ("log-archive", "Security", "security", {"team": "security"}),
        ("security-tooling", "Security", "security", {"team": "security"}),
        ("audit", "Security", "security", {"team": "security"}),
        ("forensics", "Security/Forensics", "security", {"team": "security"}),
        ("nonprod-shared", "Infrastructure", "nonprod", {"team": "platform"}),
        ("payments-ledger-prod", "Workloads/Prod", "prod", {"team": "ledger"}),
        ("payments-preprod", "Workloads/Staging", "staging", {"team": "payments"}),
        ("payments-prod", "Workloads/Prod", "prod", {"team": "payments"}),
        ("payments-staging", "Workloads/Staging", "staging", {"team": "payments"}),
        ("payments-dev", "Workloads/Dev", "dev", {"team": "payments"}),
        ("payroll-prod", "Workloads/Prod", "prod", {"team": "people"}),
        ("payroll-dev", "Workloads/Dev", "dev", {"team": "people"}),
        ("display-ads-prod", "Workloads/Prod", "prod", {"team": "ads"}),
        ("display-ads-dev", "Workloads/Dev", "dev", {"team": "ads"}),
        ("são-paulo-prod", "Workloads/Prod", "prod", {"team": "latam"}),
        ("Zürich Office", "Workloads/Prod", "prod", {"team": "dach"}),
        ("Платежи", "Workloads/Dev", "dev", {"team": "cis"}),
        ("東京-prod", "Workloads/Prod", "prod", {"team": "apac"}),
        ("acme saas vendor", "Third Party", "external", {"team": "procurement"}),
        ("$(touch pwned)", "Sandbox", "sandbox", {"team": "red"}),
    ]
    for name in ("billing", "checkout", "data-lake", "search", "warehouse", "web", "mobile-api", "identity"):
        for stage, environment in (("prod", "prod"), ("staging", "staging"), ("dev", "dev")):
            rows.append((f"{name}-{stage}", f"Workloads/{stage.title()}", environment, {"team": name.split("-")[0]}))
    people = ("ada", "grace", "linus", "margaret", "barbara", "ken", "dennis", "admin-training")
    rows.extend((f"sandbox-{person}", "Sandbox", "sandbox", {"owner": person}) for person in people)
    return rows


def _roles(name: str, environment: str) -> list[str]:
    if name == "identity-hub":
        return ["Hub", "Admin"]
    if name == "log-archive":
        return ["LogReader", "Audit", "PayProdReader"]
    if name == "acme saas vendor":
        return ["VendorIntegration"]
    if name == "data-lake-prod":
        return ["Analyst", "Audit", "ReadOnly", "BreakGlass"]
    if environment == "sandbox":
        return ["Admin", "PowerUser"]
    if environment == "security":
        return ["ReadOnly", "Audit", "SecurityAudit"]
    if environment == "prod":
        return ["Deploy", "ReadOnly", "Audit", "BreakGlass"]
    return ["Admin", "Deploy", "ReadOnly", "DatabaseMigration"]


def organization() -> list[Target]:
    """The organization's targets. Ids are made from the place in the list, but for the account people know by heart."""
    targets: list[Target] = []
    for place, (name, ou, environment, tags) in enumerate(_accounts()):
        number = PAYMENTS if name == "payments-prod" else f"{(place * 7_919_393_939 + 101_010_101_010) % 10**12:012d}"
        account = Account(number, name, ou, environment, tuple(tags.items()))
        for role in _roles(name, environment):
            path = "ci/" if role == "Deploy" else ""
            targets.append(Target(account, role, f"arn:aws:iam::{number}:role/{path}{role}"))
    return targets


TARGETS = organization()
ENVIRONMENTS = ("prod", "staging", "dev", "sandbox", "security", "shared", "nonprod", "external")
INDEX = Index(TARGETS, ENVIRONMENTS)
LIVE = frozenset({"payments-prod/ReadOnly", "sandbox-ada/Admin"})


def search(query: str, **more: object) -> Result:
    return INDEX.search(query, live=LIVE, now=NOW, **more)  # type: ignore[arg-type]


def names(query: str) -> list[str]:
    return [TARGETS[row].name for row in search(query).rows]


def id_of(account: str) -> str:
    return next(target.account.id for target in TARGETS if target.account.name == account)


HUB = id_of("identity-hub")
WEB = id_of("web-dev")

TABLE = [
    # words and abbreviations
    ("pay prod ro", "payments-prod/ReadOnly"),
    ("payprod", "payments-prod/Deploy"),
    ("payprod ro", "payments-prod/ReadOnly"),
    ("pay prod", "payments-prod/Deploy"),
    ("prod pay", "payments-prod/Deploy"),
    ("pay led ro", "payments-ledger-prod/ReadOnly"),
    ("payr prod", "payroll-prod/Deploy"),
    ("pay pre", "payments-preprod/Admin"),
    ("ads prod", "display-ads-prod/Deploy"),
    ("lake brkgl", "data-lake-prod/BreakGlass"),
    ("payments-prod brkgl", "payments-prod/BreakGlass"),
    ("payments-prod bg", "payments-prod/BreakGlass"),
    ("web stag dep", "web-staging/Deploy"),
    ("wh prod audit", "warehouse-prod/Audit"),
    ("dbmig check", "checkout-staging/DatabaseMigration"),
    ("hub", "identity-hub/Hub"),
    ("ident hub admin", "identity-hub/Admin"),
    ("sandbox ada", "sandbox-ada/Admin"),
    ("sb ada pu", "sandbox-ada/PowerUser"),
    ("vendor", "acme saas vendor/VendorIntegration"),
    ("nonprod", "nonprod-shared/Admin"),
    ("dep web", "web-prod/Deploy"),
    ("data ro", "data-lake-prod/ReadOnly"),
    ("logr", "log-archive/LogReader"),
    # exact names and ids are first
    ("payments-prod", "payments-prod/Deploy"),
    ("payments-prod/ReadOnly", "payments-prod/ReadOnly"),
    ("PAYMENTS-PROD/readonly", "payments-prod/ReadOnly"),
    ("pay-prod/ro", "payments-prod/ReadOnly"),
    ("audit", "audit/Audit"),
    ("identity-prod", "identity-prod/Deploy"),
    (PAYMENTS, "payments-prod/Deploy"),
    ("4444-5555-6666", "payments-prod/Deploy"),
    ("444455556666 read", "payments-prod/ReadOnly"),
    ("444455556666/Audit", "payments-prod/Audit"),
    ("44445555", "payments-prod/Deploy"),
    ("5556666 audit", "payments-prod/Audit"),
    # operators
    ("!sandbox admin", "identity-hub/Admin"),
    ("'prod ^pay !ledger !preprod audit", "payments-prod/Audit"),
    ("^web prod$", "web-prod/Deploy"),
    ("^payments-prod$ ^ReadOnly$", "payments-prod/ReadOnly"),
    ("'yroll-d", "payroll-dev/Admin"),
    ("ads !dev ro", "display-ads-prod/ReadOnly"),
    # fields
    ("ou:security audit", "audit/Audit"),
    ("ou:workloads/prod lake analyst", "data-lake-prod/Analyst"),
    ("ou:forensics", "forensics/ReadOnly"),
    ('ou:"third party"', "acme saas vendor/VendorIntegration"),
    ("env:prod pay ro", "payments-prod/ReadOnly"),
    ("env:sand !ada role:admin", "$(touch pwned)/Admin"),
    ("tag:team=ledger audit", "payments-ledger-prod/Audit"),
    ("tag:owner=grace", "sandbox-grace/Admin"),
    ("tag:cost-centre", "backup-vault/Admin"),
    ("cc-4410 ro", "backup-vault/ReadOnly"),
    ("role:ro account:web env:dev", "web-dev/ReadOnly"),
    ("id:6666", "payments-prod/Deploy"),
    ("id:4444-5555-6666 role:audit", "payments-prod/Audit"),
    ("live:yes", "payments-prod/ReadOnly"),
    ("live:yes ada", "sandbox-ada/Admin"),
    ("live:no payments-prod ro", "payments-prod/Deploy"),
    # pasted
    (f"arn:aws:iam::{PAYMENTS}:role/ReadOnly", "payments-prod/ReadOnly"),
    (f"arn:aws:iam::{PAYMENTS}:role/ci/Deploy", "payments-prod/Deploy"),
    (f'"arn:aws:iam::{PAYMENTS}:role/ReadOnly",', "payments-prod/ReadOnly"),
    (f"arn:aws:sts::{PAYMENTS}:assumed-role/Audit/ada@acme.example", "payments-prod/Audit"),
    (f"arn:aws:sts::{PAYMENTS}:assumed-role/AWSReservedSSO_Audit_0123456789abcdef/ada", "payments-prod/Audit"),
    (f"arn:aws:lambda:eu-west-1:{WEB}:function:resize", "web-dev/Admin"),
    (f"https://{PAYMENTS}-k3x9.eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1", "payments-prod/Deploy"),
    (f"https://{PAYMENTS}.signin.aws.amazon.com/console", "payments-prod/Deploy"),
    (
        f"https://signin.aws.amazon.com/switchrole?account={PAYMENTS}&roleName=ci/Deploy&displayName=x",
        "payments-prod/Deploy",
    ),
    (f"https://signin.aws.amazon.com/switchrole?roleName=Admin&account={HUB}", "identity-hub/Admin"),
    ("https://signin.aws.amazon.com/switchrole?account=web-dev&roleName=Deploy", "web-dev/Deploy"),
    (f"https://acme.awsapps.com/start/#/console?account_id={PAYMENTS}&role_name=ReadOnly", "payments-prod/ReadOnly"),
    (
        "https://eu-west-1.console.aws.amazon.com/cloudformation/home#/stacks/stackinfo?stackId="
        f"arn%3Aaws%3Acloudformation%3Aeu-west-1%3A{WEB}%3Astack%2Fweb%2F1",
        "web-dev/Admin",
    ),
    (f"https://{PAYMENTS}-ab.us-east-1.console.aws.amazon.com/iam/home#/roles/details/Audit?section=permissions",
     "payments-prod/Audit"),
    # typos, case, accents, other scripts, hostile names
    ("paymnets prod", "payments-prod/Deploy"),
    ("paymants-prod audit", "payments-prod/Audit"),
    ("secruity tooling", "security-tooling/SecurityAudit"),
    ("warehuose", "warehouse-prod/Deploy"),
    ("brekaglass lake", "data-lake-prod/BreakGlass"),
    ("PAY PROD RO", "payments-prod/ReadOnly"),
    ("sao paulo ro", "são-paulo-prod/ReadOnly"),
    ("SÃO-PAULO", "são-paulo-prod/Deploy"),
    ("zurich", "Zürich Office/Deploy"),
    ("zürich ro", "Zürich Office/ReadOnly"),
    ("платежи admin", "Платежи/Admin"),
    ("東京 ro", "東京-prod/ReadOnly"),
    ("touch", "$(touch pwned)/Admin"),
    ("$(touch pwned)", "$(touch pwned)/Admin"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "top"), TABLE, ids=[query for query, _ in TABLE])
def test_the_expected_row_is_on_top(query: str, top: str) -> None:
    found = names(query)
    assert found, "no match"
    assert found[0] == top, found[:6]


def test_the_organization_is_realistic() -> None:
    assert len({target.account.id for target in TARGETS}) == len(_accounts()) >= 55
    assert len({target.name for target in TARGETS}) == len(TARGETS) > 180
    assert len(TABLE) >= 40
