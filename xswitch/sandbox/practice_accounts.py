"""The accounts of the practice organization: names, ids, places in the tree, and the roles of their own.

One account is named to attack a shell, in an OU named to attack a terminal, with a tag that turns the writing around:
wherever a name is shown, it has to come out harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

IDENTITY_ID: Final = "111122223333"
MANAGEMENT_ID: Final = "805312947761"
DENIED_NAME: Final = "denied-on-purpose"
PARTNER_NAME: Final = "partner-metrics"
HOSTILE_NAME: Final = "$(touch pwned)"
HOSTILE_UNIT: Final = "Labs \x1b]0;pwned\x07\x1b[31m"
HOSTILE_TAG: Final = "\u202egnp.eciovni\u202c\u200b"


@dataclass(frozen=True, slots=True)
class Place:
    """One account: its environment "" where it has none; ``roles`` beyond those that its environment gives."""

    id: str
    name: str
    ou: str
    environment: str
    team: str
    roles: tuple[str, ...] = ()
    region: str = ""


PLACES: Final = (
    Place(IDENTITY_ID, "identity-hub", "Infrastructure", "shared", "platform", ("Hub",)),
    Place("533557765163", "dns-shared", "Infrastructure", "shared", "platform", ("NetworkAdmin",)),
    Place("324273166364", "network-transit", "Infrastructure", "shared", "platform", ("NetworkAdmin",)),
    Place("719204418853", "ci-runners", "Infrastructure", "shared", "platform"),
    Place("260871349915", "artifacts-shared", "Infrastructure", "shared", "platform"),
    Place("438116502297", "observability", "Infrastructure", "shared", "platform"),
    Place("110915256266", "log-archive", "Security", "security", "security", ("LogReader",)),
    Place("587430916642", "security-audit", "Security", "security", "security", ("SecurityAudit",)),
    Place("902645178830", "threat-detection", "Security", "security", "security"),
    Place("375918046271", "backup-vault", "Security", "security", "security"),
    Place("444455556666", "payments-prod", "Workloads/Prod", "prod", "payments"),
    Place("283640917758", "payments-ledger-prod", "Workloads/Prod", "prod", "payments"),
    Place("346495447609", "billing-prod", "Workloads/Prod", "prod", "billing"),
    Place("841175284682", "checkout-prod", "Workloads/Prod", "prod", "web"),
    Place("466375763959", "search-prod", "Workloads/Prod", "prod", "search"),
    Place("317501555360", "data-lake-prod", "Workloads/Prod", "prod", "data", ("Analyst",)),
    Place("640192538630", "warehouse-prod-eu-central-2", "Workloads/Prod", "prod", "logistics", region="eu-central-2"),
    Place("910104957019", "web-prod", "Workloads/Prod", "prod", "web"),
    Place("178013655779", "web-prod-assets", "Workloads/Prod", "prod", "web"),
    Place("655820371149", "payroll-prod", "Workloads/Prod", "prod", "people"),
    Place("528917340066", "display-ads-prod", "Workloads/Prod", "prod", "marketing"),
    Place("555566667777", "payments-staging", "Workloads/Staging", "staging", "payments"),
    Place("791356024418", "billing-staging", "Workloads/Staging", "staging", "billing"),
    Place("206483917752", "checkout-staging", "Workloads/Staging", "staging", "web"),
    Place("413975208861", "search-staging", "Workloads/Staging", "staging", "search"),
    Place("867204159933", "data-lake-staging", "Workloads/Staging", "staging", "data", ("Analyst",)),
    Place("692047318854", "web-staging", "Workloads/Staging", "staging", "web"),
    Place("159346820771", "payments-dev", "Workloads/Dev", "dev", "payments"),
    Place("748261930552", "billing-dev", "Workloads/Dev", "dev", "billing"),
    Place("320586194477", "checkout-dev", "Workloads/Dev", "dev", "web"),
    Place("976130452288", "search-dev", "Workloads/Dev", "dev", "search"),
    Place("581749036625", "data-lake-dev", "Workloads/Dev", "dev", "data", ("Analyst",)),
    Place("697658141357", "web-dev", "Workloads/Dev", "dev", "web", ("PowerUser",)),
    Place("948470941925", "sandbox-ada", "Sandbox", "sandbox", "ada"),
    Place("235817604499", "sandbox-grace", "Sandbox", "sandbox", "grace"),
    Place("604918273355", "sandbox-linus", "Sandbox", "sandbox", "linus"),
    Place("830275916644", "sandbox-shared", "Sandbox", "sandbox", "platform"),
    Place("192837465500", DENIED_NAME, "Sandbox", "sandbox", "platform"),
    Place("666013131313", HOSTILE_NAME, f"Sandbox/{HOSTILE_UNIT}", "sandbox", HOSTILE_TAG),
    Place("423058716699", PARTNER_NAME, "Partners", "partner", "platform", ("Ingest",)),
    Place("517390264488", "partner-payroll", "Partners", "partner", "people"),
)
"""Every account but the management account, in the order in which they are listed."""

BY_ENVIRONMENT: Final = {
    "prod": ("ReadOnly", "Deploy", "BreakGlass", "Audit"),
    "staging": ("ReadOnly", "Deploy", "Admin", "Audit"),
    "dev": ("ReadOnly", "Admin", "Audit"),
    "sandbox": ("ReadOnly", "Admin"),
    "security": ("ReadOnly",),
    "shared": ("ReadOnly",),
    "partner": (),
}
"""The roles that every account of an environment has."""

DENIALS: Final = {
    "WantsExternalId": "the trust policy wants an external id, and the catalog sends none",
    "DeniedByScp": "a service control policy on the OU of identity-hub denies it",
    "NotInMyPolicy": "no policy of ada's allows it",
    "TrustsSomebodyElse": "the trust policy names another role",
    "OutsideMyBoundary": "ada's permissions boundary does not reach it",
    "NeverCreated": "there is no such role, which AWS answers like one that does not trust you",
    "WantsSourceIdentity": "the trust policy wants a source identity, and the catalog sends none",
    "OneHourAtMost": "the catalog asks for 4h, the role's maximum is 1h",
    "WantsMfaDownTheChain": "MFA is wanted on the second hop of a chain, where no session can have it",
}
"""The roles of ``denied-on-purpose``, each with what denies it."""
