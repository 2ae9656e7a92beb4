"""Reading an organization or an access portal with the person's own credentials, for ``catalog sync``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from xswitch.aws import boto
from xswitch.aws.patience import Patience, workers
from xswitch.catalog import load_for_sync
from xswitch.errors import Denied, NoSuchTarget, Usage
from xswitch.sources import identity_center as portal
from xswitch.sources import install, org_draft, rules
from xswitch.sources.checkpoint import Checkpoint
from xswitch.sources.organizations import Crawl
from xswitch.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xswitch.catalog import Catalog, Identity
    from xswitch.credentials import Credentials
    from xswitch.engine.core import Engine
    from xswitch.session.model import Person
    from xswitch.sources.draft import Draft
    from xswitch.sources.install import Difference
    from xswitch.sources.reading import Progress

ORGANIZATIONS: Final = "organizations"
IDENTITY_CENTER: Final = "identity-center"
_REGION: Final = "us-east-1"
"""Where AWS Organizations of the partition ``aws`` is; its client knows the others' by their regions."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a sync is asked: whose credentials (an identity, or a target to go through), and whether to list roles.

    ``fresh`` passes over what an interrupted sync left.
    """

    identity: str = ""
    via: str = ""
    roles: bool = False
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync found: its catalog file and the difference; ``throttled`` calls were made again.

    ``name`` is the file's; ``states`` has how many accounts are in which state, nothing where that is not told;
    ``left`` what could not be taken into the file; ``held`` how many of the new accounts are in other files already,
    and stay as they are but for tags.
    """

    name: str
    draft: Draft
    changes: Difference
    resumed: int
    throttled: int
    states: Mapping[str, int]
    left: tuple[str, ...] = ()
    held: int = 0


def organizations(engine: Engine, request: Request, person: Person, progress: Progress) -> Synced:
    """Read the organization, and write nothing of the catalog yet. Blocks for as long as AWS throttles.

    Raises Denied, Unreachable, PersonNeeded, Usage, InvalidConfig; what was read until then is kept for the next.
    """
    catalog = load_for_sync(engine.paths)
    told = rules.load(engine.paths, catalog)
    if request.roles and not told.reader_role:
        raise Usage("--roles needs a role that may list them", 'name it in config.toml: [sync] reader_role = "…"')
    identity = _identity(catalog, request)
    credentials = _credentials(engine, identity, request, person)
    region = catalog.default_region or _REGION
    client = boto.client(ORGANIZATIONS, engine.environ, region=region, credentials=credentials)
    owner = f"{identity.name} {request.via} {client.meta.endpoint_url}"
    checkpoint = Checkpoint(_checkpoint(engine, ORGANIZATIONS), owner, engine.clock, fresh=request.fresh)
    own = engine.people.who_am_i(credentials, identity).account_id if request.roles else ""
    reader = _reader(engine, identity, credentials, told.reader_role, own) if request.roles else None
    with workers() as pool:
        patience = Patience(pool.stopped.wait)
        crawl = Crawl(boto.caller(client, "the organization"), patience, pool, checkpoint, progress, reader)
        members = crawl.run()
    checkpoint.clear()  # it was not interrupted: the next one reads what there is then
    draft = org_draft.draft_of(members, told, identity=request.identity)
    changes = install.difference(engine.paths, ORGANIZATIONS, draft)
    states = Counter(member.state for member in members)
    held = install.held(engine.paths, ORGANIZATIONS, draft)
    return Synced(ORGANIZATIONS, draft, changes, checkpoint.resumed, patience.throttled, states, held=held)


def identity_center(engine: Engine, request: Request, progress: Progress) -> Synced:
    """Read what the person may open by a login, and write nothing of the catalog yet. Blocks as above.

    Raises PersonNeeded where nobody is signed in, or the login ends meanwhile; Denied, Unreachable, Usage,
    NoSuchTarget, InvalidConfig. What was read until then is kept for the next.
    """
    catalog = load_for_sync(engine.paths)
    told = rules.load(engine.paths, catalog)
    identity = _login(catalog, request.identity)
    doing = f"the access portal of {clean(identity.name)}"
    client = boto.client("sso", engine.environ, region=identity.sso_region)
    api = portal.Bearer(boto.caller(client, doing), identity, engine.people.token_of)
    name = portal.file_name(identity.name)
    owner = f"{identity.start_url} {identity.sso_session} {client.meta.endpoint_url}"
    checkpoint = Checkpoint(_checkpoint(engine, name), owner, engine.clock, fresh=request.fresh)
    with workers() as pool:
        patience = Patience(pool.stopped.wait)
        found = portal.Assignments(api, patience, pool, checkpoint, progress).run()
    checkpoint.clear()
    draft, left = portal.draft_of(found, told, identity=identity.name, region=identity.sso_region)
    changes = install.difference(engine.paths, name, draft)
    held = install.held(engine.paths, name, draft)
    return Synced(name, draft, changes, checkpoint.resumed, patience.throttled, {}, left, held)


def _login(catalog: Catalog, name: str) -> Identity:
    """Return the login whose portal is read: the one named, else the default identity, else the only one."""
    if name:
        found = _named(catalog, name)
        if found.kind != "sso":
            raise Usage(f"{clean(name)} is of kind {found.kind}, and no login of IAM Identity Center")
        return found
    logins = [one for one in catalog.identities.values() if one.kind == "sso"]
    chosen = [one for one in logins if one.name == catalog.default_identity] or logins
    if not chosen:
        raise Usage(
            "there is no login of IAM Identity Center to read the portal of",
            'add one: [identities.NAME] with kind = "sso", start_url and sso_region',
        )
    if len(chosen) > 1:
        known = ", ".join(clean(one.name) for one in chosen)
        raise Usage("there is more than one login of IAM Identity Center", f"add --identity with one of: {known}")
    return chosen[0]


def _identity(catalog: Catalog, request: Request) -> Identity:
    """Return whose credentials read the organization. Raises NoSuchTarget, Usage."""
    name = request.identity or catalog.default_identity
    if not name:
        raise Usage("no identity is given to read the organization with", "add --identity NAME")
    return _named(catalog, name)


def _named(catalog: Catalog, name: str) -> Identity:
    found = catalog.identities.get(name)
    if found is None:
        known = ", ".join(clean(one) for one in catalog.identities) or "none"
        raise NoSuchTarget(f"no identity is called {clean(name)}", f"known: {known}")
    return found


def _credentials(engine: Engine, identity: Identity, request: Request, person: Person) -> Credentials:
    if request.via:
        return engine.open(engine.plan(engine.resolve(request.via)), person).credentials
    return engine.credentials_of(identity, person)


def _checkpoint(engine: Engine, name: str) -> Path:
    return engine.paths.state / "sync" / f"{name}.json"


def check(engine: Engine, synced: Synced) -> None:
    """Raise InvalidConfig where :func:`keep` would, and write nothing."""
    install.check(engine.paths, synced.name, synced.draft)


def keep(engine: Engine, synced: Synced) -> str:
    """Write the catalog file of a sync; return the file's path. Raises InvalidConfig."""
    return str(install.install(engine.paths, synced.name, synced.draft))


def _reader(
    engine: Engine, identity: Identity, credentials: Credentials, role: str, own: str
) -> Callable[[str], Iterable[str]]:
    """Return what lists the roles of an account, through the reader role there.

    ``own`` is the account of ``credentials``: where the role can't be opened there, they list the roles themselves. It
    is often the one that manages the organization, where StackSets put no role.
    """

    def roles_of(account_id: str) -> list[str]:
        try:
            session = engine.people.read_as(identity, credentials, f"arn:aws:iam::{account_id}:role/{role}")
        except Denied:
            if account_id != own:
                raise
            session = credentials
        api = boto.caller(boto.client("iam", engine.environ, region=_REGION, credentials=session), clean(role))
        found: list[Any] = []
        marker: dict[str, str] = {}
        while True:
            page = api("ListRoles", MaxItems=1000, **marker)
            found += page["Roles"]
            if not page.get("IsTruncated"):
                return org_draft.openable(found)
            marker = {"Marker": str(page["Marker"])}

    return roles_of
