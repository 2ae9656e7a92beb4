"""Putting a source's file in place: the whole catalog is read with it first, and one that fails replaces nothing.

The file is the source's own, ``catalog.d/NAME.toml``; a file of that name that a person wrote is never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from xswitch.catalog import Catalog, Target, check_with, load_for_sync, load_with
from xswitch.catalog.origins import SYNCED
from xswitch.errors import InvalidConfig, Problem, VaultUnavailable
from xswitch.files import make_private_folder, write_atomically
from xswitch.paths import Paths
from xswitch.sources.draft import Draft
from xswitch.text import clean
from xswitch.tomlfile import parse_document


@dataclass(frozen=True, slots=True)
class Difference:
    """What a source's file changes, safe to show.

    Accounts stand as ``name (id)``, roles as ``account/role``; ``renamed`` and ``moved`` say from and to.
    """

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    roles_new: tuple[str, ...] = ()
    roles_gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.new, self.gone, self.renamed, self.moved, self.changed, self.roles_new, self.roles_gone))


def file_of(paths: Paths, name: str) -> Path:
    """Return the file of the source called ``name``."""
    return paths.catalog_folder / f"{name}.toml"


def difference(paths: Paths, name: str, draft: Draft) -> Difference:
    """Return what :func:`install` would change. Raises InvalidConfig for a file of that name that is a person's."""
    before = _before(file_of(paths, name))
    old = _accounts(parse_document(Path(name), before).data) if before else {}
    new = _accounts(parse_document(Path(name), draft.text().encode()).data)
    both = [(old[account_id], new[account_id]) for account_id in new if account_id in old]
    return Difference(
        new=tuple(_shown(new[one]) for one in new if one not in old),
        gone=tuple(_shown(old[one]) for one in old if one not in new),
        renamed=tuple(f"{_text(a, 'name')} -> {_text(b, 'name')}" for a, b in both if a.get("name") != b.get("name")),
        moved=tuple(
            f"{_text(b, 'name')}: {_text(a, 'ou') or 'no OU'} -> {_text(b, 'ou') or 'no OU'}"
            for a, b in both
            if a.get("ou") != b.get("ou")
        ),
        changed=tuple(_text(b, "name") for a, b in both if _rest(a) != _rest(b)),
        roles_new=tuple(role for a, b in both for role in _roles(b) if role not in _roles(a)),
        roles_gone=tuple(role for a, b in both for role in _roles(a) if role not in _roles(b)),
    )


def held(paths: Paths, name: str, draft: Draft) -> int:
    """Return how many accounts that are new to a source's file are in other files, and stay as they are but for tags.

    Raises InvalidConfig for a file of that name that is a person's, and for a catalog that does not load.
    """
    file = file_of(paths, name)
    content = _before(file)
    known = _accounts(parse_document(Path(name), content).data) if content else {}
    after = load_with(paths, file, draft.text().encode())
    if after is None:
        return 0
    was, will_be = (_effective(catalog) for catalog in (load_for_sync(paths), after))
    return sum(was.get(one.id) == will_be[one.id] for one in draft.accounts if one.id not in known)


def _effective(catalog: Catalog) -> dict[str, tuple[object, ...]]:
    """Return what every account is and opens, its tags aside, by its id."""
    targets: dict[str, list[Target]] = {}
    for target in catalog.targets:
        targets.setdefault(target.account.id, []).append(replace(target, account=replace(target.account, tags=())))
    return {one.id: (replace(one, tags=()), *targets.get(one.id, ())) for one in catalog.accounts}


def check(paths: Paths, name: str, draft: Draft, *, accountless: bool = False) -> None:
    """Raise InvalidConfig with every problem that the whole catalog would have with a source's file.

    With ``accountless`` it may hold no account yet. No line of that file is told: it is not there to be looked at.
    """
    file, content = file_of(paths, name), draft.text().encode()
    if _before(file) != content:
        _check(paths, file, content, accountless=accountless)


def _check(paths: Paths, file: Path, content: bytes, *, accountless: bool) -> None:
    shown = clean(str(file))
    problems = [
        replace(one, file=f"what is to be written to {shown}", line=None) if one.file == shown else one
        for one in check_with(paths, file, content, accountless=accountless)
    ]
    if problems:
        raise InvalidConfig(tuple(problems), "the catalog is as it was")


def install(paths: Paths, name: str, draft: Draft, *, accountless: bool = False) -> Path:
    """Write a source's file and return its path. Nothing is written where the whole catalog would not load with it.

    With ``accountless`` it may hold no account yet: identities alone are a beginning. Raises InvalidConfig with every
    problem, VaultUnavailable where it can't be written; then all is as it was.
    """
    file = file_of(paths, name)
    content = draft.text().encode()
    if _before(file) == content:
        return file
    _check(paths, file, content, accountless=accountless)
    try:
        make_private_folder(file.parent)
        write_atomically(file, content)
    except OSError as error:
        message = f"{clean(str(file))} can't be written: {(error.strerror or type(error).__name__).lower()}"
        raise VaultUnavailable(message, "the catalog is as it was") from None
    return file


def _before(file: Path) -> bytes:
    """Return what the source's file holds, b"" where there is none. Raises InvalidConfig for a person's own."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        message = f"can't be read: {(error.strerror or type(error).__name__).lower()}"
        raise InvalidConfig((Problem(clean(str(file)), None, "", message),)) from None
    if content and not content.startswith(SYNCED):
        hint = "move it away or give it another name: the source writes a file of that name"
        raise InvalidConfig((Problem(clean(str(file)), None, "", "is a file of your own", hint),))
    return content


Table = Mapping[str, object]


def _accounts(data: Table) -> dict[str, Table]:
    found = data.get("accounts")
    tables = found if isinstance(found, list) else []
    return {str(one.get("id")): one for one in tables if isinstance(one, dict)}


def _text(account: Table, key: str) -> str:
    return clean(str(account.get(key) or ""))


def _shown(account: Table) -> str:
    return f"{_text(account, 'name')} ({_text(account, 'id')})"


def _rest(account: Table) -> dict[str, object]:
    """Return what is neither a name, a place nor a role's coming and going: environment, tags, settings of roles."""
    rest = {key: value for key, value in account.items() if key not in ("name", "ou", "roles")}
    found = account.get("roles")
    roles = {str(one.get("name")): one for one in found if isinstance(one, dict)} if isinstance(found, list) else {}
    return rest | {"roles": roles} if roles else rest


def _roles(account: Table) -> list[str]:
    found = account.get("roles")
    roles = found if isinstance(found, list) else []
    return [f"{_text(account, 'name')}/{_text(one, 'name')}" for one in roles if isinstance(one, dict)]
