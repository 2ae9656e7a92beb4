"""A selector that matches nothing: the hint names what is near, or what there is."""

from __future__ import annotations

import pytest

from xswitch.catalog import Account, Catalog, Selector, Target, unmatched

_ACCOUNTS = (
    Account("111111111111", "payments-prod", "Workloads/Prod", "prod", (("team", "payments"),)),
    Account("222222222222", "payments-dev", "Workloads/Dev", "dev", (("team", "payments"),)),
    Account("333333333333", "Team A: tools", "", "", ()),
)
CATALOG = Catalog(
    tuple(
        Target(account, role, f"arn:aws:iam::{account.id}:role/{role}")
        for account in _ACCOUNTS
        for role in ("Admin", "ReadOnly")
    ),
    _ACCOUNTS,
    {},
    {},
)


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("env:nope", "env: is one of prod, dev"),
        ("env:prd", "nearest: env:prod, 2 targets"),
        ("ou:Workload", "nearest: ou:Workloads, 4 targets"),
        ("ou:Sandbox", "ou: is one of Workloads, Prod, Dev"),
        ("role:admn payments", "nearest: role:Admin, 3 targets"),
        ("tag:team=payment", "nearest: tag:team=payments, 4 targets"),
        ("'payments", "nearest: payments, 4 targets"),
        ("'payments*'", "nearest: account:payments*, 4 targets"),
        ("payments*", "nearest: account:payments*, 4 targets"),
        ("paymets-prod", "nearest: payments-prod, 2 targets"),
        ('account:"team b: tools"', 'nearest: account:"Team A: tools", 2 targets'),
        ("id:111111111112", "nearest: id:111111111111, 2 targets"),
        ("zzzzzz", "a word is looked for in names, ids, OUs, environments and tags, letter by letter"),
        ("live:yes", "`xswitch sessions` lists the live sessions"),
        ("!role:*", "every target matches role:*"),
        ("env:prod ou:Dev", "each of its words matches something, and no target matches them all"),
    ],
)
def test_the_hint_names_what_is_near_or_what_there_is(selector: str, hint: str) -> None:
    assert not any(Selector.parse(selector).matches(target) for target in CATALOG.targets)
    error = unmatched(CATALOG, selector, ())
    assert (error.message, error.hint, error.exit_status) == (f"nothing matches {selector}", hint, 1)


def test_a_catalog_without_a_role_has_no_target() -> None:
    assert unmatched(Catalog((), _ACCOUNTS, {}, {}), "", ()).message == "there is no target"


def test_the_nearest_is_a_selector_that_matches() -> None:
    hint = unmatched(CATALOG, 'account:"team b: tools"', ()).hint
    near = hint.removeprefix("nearest: ").rpartition(", ")[0]
    assert sum(Selector.parse(near).matches(target) for target in CATALOG.targets) == 2
