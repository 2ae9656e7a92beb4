"""Which target a text means: a name, ``id/role`` or a role's ARN. Exact, never by likeness."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from xswitch.catalog.model import UNLISTED, Account, Catalog, Environment, Target
from xswitch.catalog.rows import Targets
from xswitch.errors import InvalidConfig, NoSuchTarget, Usage
from xswitch.text import clean
from xswitch.tomlfile import Document, nearest, quoted, read_document
from xswitch.tomllines import Keys


def resolve(catalog: Catalog, text: str) -> Target:
    """Return the target that ``text`` names.

    A role's name holds no slash, so the last slash parts account and role, whatever the account is called. An ARN
    that the catalog does not hold gives a target of its own. Raises NoSuchTarget with the nearest name.
    """
    if text.startswith("arn:"):
        from xswitch.catalog.fields import ROLE_ARN

        found = ROLE_ARN.fullmatch(text)
        if found:
            return _by_arn(catalog, text, found)
    account, slash, role = text.rpartition("/")
    if slash:
        by_id: Target | None = None
        for place, (owner, name) in enumerate(_rows(catalog)):
            if name != role:
                continue
            if owner.name == account:
                return catalog.targets[place]
            if owner.id == account:
                by_id = by_id or catalog.targets[place]
        if by_id is not None:
            return by_id
    raise NoSuchTarget(f"no target is named {quoted(text)}", _hint(catalog, text))


def resolve_guarded(catalog: Catalog, text: str) -> tuple[Target, Environment | None]:
    """Return the target that ``text`` names, and the environment whose guard stands before it. Raises NoSuchTarget."""
    target = resolve(catalog, text)
    return target, catalog.environment_of(target)


def _rows(catalog: Catalog) -> Iterator[tuple[Account, str]]:
    """Return account and role of every target, without making the targets where they are not made yet."""
    targets = catalog.targets
    if isinstance(targets, Targets):
        for account, roles in zip(targets.accounts, targets.roles, strict=True):
            for role, _, _ in roles:
                yield account, role
    else:
        for target in targets:
            yield target.account, target.role


def _by_arn(catalog: Catalog, text: str, found: re.Match[str]) -> Target:
    """Return the target of an ARN: the one that bears the role's own name, if several have the ARN."""
    from xswitch.catalog.pasted import permission_set

    account_id, name = found[2], found[4]
    reserved = permission_set(name)
    fitting: list[Target] = []
    for place, (owner, role) in enumerate(_rows(catalog)):
        if owner.id != account_id:
            continue
        target = catalog.targets[place]
        if target.arn == text:
            if role == name:
                return target
            fitting.append(target)
        elif reserved and role == reserved and target.arn == f"arn:{found[1]}:iam::{account_id}:role/{role}":
            identity = catalog.identities.get(target.identity)
            if identity is not None and identity.kind == "sso" and not target.via:
                fitting.append(target)
    return fitting[0] if fitting else _unlisted(catalog, text, found)


def _unlisted(catalog: Catalog, text: str, found: re.Match[str]) -> Target:
    """Make a target of an ARN that the catalog does not hold: the default identity, the guard of its account."""
    if not catalog.default_identity:
        raise NoSuchTarget(
            f"the catalog does not hold {quoted(text)}, and there is no default identity to reach it with",
            'name one in catalog.toml: [defaults] identity = "NAME"',
        )
    account = next((account for account in catalog.accounts if account.id == found[2]), None)
    identity = catalog.identities.get(catalog.default_identity)
    return Target(
        account or Account(found[2], found[2], environment=UNLISTED.name),
        found[4],
        text,
        identity=catalog.default_identity,
        region=catalog.default_region,
        duration=None if identity is not None and identity.kind == "sso" else catalog.default_duration,
        session_name=catalog.default_session_name,
    )


def locate(target: Target) -> str:
    """Return ``file:line`` of where a target is written, by its file as it is now; the file alone if it moved."""
    if not target.origin:
        return ""
    file = clean(target.origin)
    try:
        document = read_document(Path(target.origin))
    except InvalidConfig:
        return file
    keys = _keys_of(document, target)
    return document.place(keys) if keys else file


def _keys_of(document: Document, target: Target) -> Keys:
    from xswitch.catalog.selector import Selector

    for place, account in _tables(document.data.get("accounts")):
        if account.get("id") == target.account.id:
            for number, role in _tables(account.get("roles")):
                if role.get("name") == target.role:
                    return ("accounts", place, "roles", number)
    for place, role in _tables(document.data.get("roles")):
        if role.get("name") == target.role:
            with contextlib.suppress(Usage):
                if Selector.parse(str(role.get("accounts", ""))).matches_account(target.account):
                    return ("roles", place)
    return ()


def _tables(value: object) -> list[tuple[int, dict[str, object]]]:
    if not isinstance(value, list):
        return []
    return [(place, table) for place, table in enumerate(value) if isinstance(table, dict)]


def _hint(catalog: Catalog, text: str) -> str:
    """Say which target is nearest to ``text``: the nearest account first, then the nearest role in it."""
    account, slash, role = text.rpartition("/")
    owners = {name: owner for owner in catalog.accounts for name in (owner.id, owner.name)}
    if not slash:
        account, role = text, ""
    near = owners.get(account) or owners.get(nearest(account, owners))
    if near is not None:
        roles = [name for owner, name in _rows(catalog) if owner.id == near.id]
        best = nearest(role, roles) if role else ""
        if best:
            return f"did you mean {quoted(f'{near.name}/{best}')}?"
        if roles:
            has = ", ".join(clean(name) for name in roles[:8]) + (", …" if len(roles) > 8 else "")
            return f"{quoted(near.name)} has {has}"
    run_together = _run_together(catalog, {_letters(text), _letters(account)})
    return f"did you mean {quoted(run_together)}?" if run_together else "`xswitch catalog list` shows them all"


def _run_together(catalog: Catalog, asked: set[str]) -> str:
    """Return the target that is called ``account-role`` by one who knows it as a profile of the AWS CLI, or ""."""
    for owner, role in _rows(catalog):
        if _letters(owner.name + role) in asked:
            return f"{owner.name}/{role}"
    return ""


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()
