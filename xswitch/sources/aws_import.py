"""Profiles of the AWS CLI as identities, accounts and roles; and what can't be carried over, each with its reason.

| a profile with | becomes |
| --- | --- |
| ``role_arn`` and ``source_profile`` | a role of its account, reached from what the source profile is |
| ``role_arn`` and ``credential_source = Environment`` | the same, reached from the environment |
| ``sso_account_id`` and ``sso_role_name`` | a permission set of its account, reached by a login |
| ``credential_process`` | an identity of kind process |
| an ``[sso-session]`` alone | an identity of kind sso |
| keys, ``login_session``, web identity | an identity of kind profile, which serves what the profile gives |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from xswitch.catalog import Identity, fields
from xswitch.sources.draft import Draft, DraftAccount, DraftIdentity, DraftRole, Setting
from xswitch.sources.names import account_names
from xswitch.sources.profiles import STATIC, AwsConfig, Profile, unnamed
from xswitch.text import clean, write_duration
from xswitch.tomlfile import Fault

OWN: Final = " credential-process "
"""What tells a ``credential_process`` of xswitch's own export, beside the program's name."""

_ROLE: Final = frozenset({
    "role_arn", "source_profile", "credential_source", "external_id", "mfa_serial", "duration_seconds",
    "role_session_name", "region",
})  # fmt: skip
_SSO: Final = frozenset({
    "sso_session", "sso_account_id", "sso_role_name", "sso_start_url", "sso_region", "sso_registration_scopes",
    "region",
})  # fmt: skip
_IDENTITY: Final = frozenset({
    "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "region", "credential_process",
    "login_session", "web_identity_token_file", "role_arn", "role_session_name",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Left:
    """What was not carried over: of which profile, where it stands, and why. All safe to show."""

    profile: str
    place: str
    why: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of the profiles, of which there are ``profiles``: a draft, how many were carried, and what was not.

    ``stays`` counts settings that are the AWS CLI's own business and go on holding where they are. ``targets`` has
    account id and role of every profile that became a target, by its name. ``lacking`` are profiles that became an
    identity because a role is reached from them, and hold no credentials so far. ``renamed`` are identities, by their
    names here, whose own names the catalog has for others.
    """

    draft: Draft
    carried: int
    left: tuple[Left, ...]
    stays: Mapping[str, int]
    targets: Mapping[str, tuple[str, str]]
    profiles: int
    lacking: tuple[Left, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)


def imported(config: AwsConfig, known: Mapping[str, Identity] | None = None) -> Imported:
    """Return what the profiles become. Nothing is dropped in silence; nothing raises.

    ``known`` are the identities that the catalog has from elsewhere, which come first: one of the same name is used
    where it gets the same credentials, and else keeps its name for itself.
    """
    return _Import(config, known or {}).run()


@dataclass(slots=True)
class _Account:
    """An account met in profiles: its roles by name, with the ARN and settings of each, and the profiles' names."""

    roles: dict[str, dict[str, Setting]] = field(default_factory=dict)
    profiles: list[tuple[str, str]] = field(default_factory=list)


class _Refused(Exception):
    """A profile can't be carried; ``why`` says it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class _Import:
    """One import. ``_targets`` has account id and role of each profile that became one; ``_open`` those under way."""

    def __init__(self, config: AwsConfig, known: Mapping[str, Identity]) -> None:
        self._config = config
        self._known = known
        self._renamed: dict[str, str] = {}
        self._accounts: dict[str, _Account] = {}
        self._identities: dict[str, dict[str, Setting]] = {}
        self._targets: dict[str, tuple[str, str]] = {}
        self._failed: dict[str, str] = {}
        self._open: set[str] = set()
        self._left: list[Left] = []
        self._empty: list[Profile] = []
        self._stays: Counter[str] = Counter()
        self._carried = 0

    def run(self) -> Imported:
        for profile in self._config.profiles.values():
            try:
                self._carried += self._carry(profile)
            except _Refused as refused:
                self._note(profile, refused.why)
        lacking = self._lacking()
        self._unused_logins()
        for section in self._config.others:
            self._left.append(Left("", section.place, unnamed(section.name)))
        names = account_names({account_id: account.profiles for account_id, account in self._accounts.items()})
        draft, left = self._draft(names), tuple(self._left)
        number = len(self._config.profiles)
        return Imported(draft, self._carried, left, dict(self._stays), self._targets, number, lacking, self._renamed)

    def _lacking(self) -> tuple[Left, ...]:
        """Return the profiles without credentials that are identities all the same, and note those that are nothing.

        It takes all profiles to tell: a role of a later one may be reached from them.
        """
        lacking: list[Left] = []
        used = {settings.get("profile") for settings in self._identities.values()}
        for profile in self._empty:
            if profile.name in used:
                why = "a role is reached from it, and it holds no credentials yet"
                lacking.append(Left(clean(profile.name), profile.place, why))
                self._count(profile, _IDENTITY)
                self._carried += 1
            else:
                self._note(profile, "it holds no credentials, only settings of the AWS CLI")
        return tuple(lacking)

    def _unused_logins(self) -> None:
        """Carry over the logins that no profile carried over names: each is a way to sign in all the same."""
        used = {settings.get("sso_session") for settings in self._identities.values()}
        for name, session in self._config.sso_sessions.items():
            if name in used:
                continue
            try:
                self._login(session, name)
            except _Refused as refused:
                self._left.append(Left("", session.place, f"the section [sso-session {clean(name)}]: {refused.why}"))

    def _draft(self, names: Mapping[str, str]) -> Draft:
        accounts = tuple(
            DraftAccount(account_id, names[account_id], roles=tuple(DraftRole(*one) for one in account.roles.items()))
            for account_id, account in self._accounts.items()
        )
        used = {str(one.get("identity", "")) for account in self._accounts.values() for one in account.roles.values()}
        identities = tuple(
            DraftIdentity(name, settings)
            for name, settings in self._identities.items()
            if name in used or settings["kind"] != "environment"
        )
        return Draft("the AWS config", accounts, identities, by="import")

    def _note(self, profile: Profile, why: str) -> None:
        left = Left(clean(profile.name), profile.place, why)
        if left not in self._left:  # a profile that several are reached from is read for each
            self._left.append(left)

    def _carry(self, profile: Profile) -> bool:
        """Carry one profile over; False leaves one without credentials for later. Raises _Refused."""
        if profile.is_target:
            self._target(profile)
            return True
        return self._identity(profile)

    # -- targets

    def _target(self, profile: Profile) -> tuple[str, str]:
        """Return account id and role of a profile that is a role, carrying it over at the first time."""
        known = self._targets.get(profile.name)
        if known is not None:
            return known
        if profile.name in self._failed:
            raise _Refused(self._failed[profile.name])
        if profile.name in self._open:
            raise _Refused("its source profiles lead back to it")
        self._open.add(profile.name)
        try:
            make = self._role if profile.text("role_arn") else self._permission_set
            account_id, role, settings = make(profile)
            self._targets[profile.name] = self._place(profile, account_id, role, settings)
        except _Refused as refused:
            self._failed[profile.name] = refused.why
            raise
        finally:
            self._open.discard(profile.name)
        return self._targets[profile.name]

    def _role(self, profile: Profile) -> tuple[str, str, dict[str, Setting]]:
        found = fields.ROLE_ARN.fullmatch(profile.text("role_arn"))
        if found is None:
            raise _Refused(f"{clean(profile.text('role_arn'))} is not the ARN of a role")
        settings: dict[str, Setting] = {}
        if profile.text("role_arn") != f"arn:aws:iam::{found[2]}:role/{found[4]}":
            settings["arn"] = profile.text("role_arn")
        serial = self._checked(profile, "mfa_serial", fields.mfa_serial)
        settings |= self._way(profile, serial)
        if serial and "identity" in settings:
            settings["mfa"] = True
        elif serial:
            self._note(profile, "mfa_serial: a code goes with a chain's first call, and that one names no device")
        self._take(profile, settings, "external_id", "external_id", fields.external_id)
        self._take(profile, settings, "role_session_name", "session_name", fields.template)
        self._take(profile, settings, "region", "region", fields.region)
        self._take(profile, settings, "duration_seconds", "duration", fields.duration, _span)
        self._count(profile, _ROLE)
        return found[2], found[4], settings

    def _way(self, profile: Profile, serial: str) -> dict[str, Setting]:
        """Return what a role is reached from: an identity, or another target. Raises _Refused."""
        source, ambient = profile.text("source_profile"), profile.text("credential_source")
        if source and ambient:
            raise _Refused("it has both source_profile and credential_source, which the AWS CLI refuses as well")
        if ambient == "Environment":
            return {"identity": self._named("environment", {"kind": "environment"}, serial)}
        if ambient:
            raise _Refused(f"credential_source = {clean(ambient)}: a machine's own role is no identity of a person")
        if not source:
            raise _Refused("it has a role_arn and neither source_profile nor credential_source")
        above = self._config.profiles.get(source)
        if above is None:
            raise _Refused(f"its source_profile {clean(source)} does not exist")
        if source == profile.name:
            raise _Refused("it is its own source_profile: move its keys to a profile of their own")
        if above.is_target:
            try:
                return {"via": "/".join(self._target(above))}
            except _Refused as refused:
                raise _Refused(f"its source_profile {clean(source)} is not carried over: {refused.why}") from None
        return {"identity": self._named(source, self._settings(above), serial)}

    def _named(self, wanted: str, settings: Mapping[str, Setting], serial: str = "") -> str:
        """Return the name of an identity with these settings and this MFA device, or none, making it if there is none.

        It is the one ``wanted``, with a number where another identity has that. Raises _Refused.
        """
        taken = False
        for number in range(1, 1000):
            name = wanted if number == 1 else f"{wanted}-{number}"
            other = self._known.get(name)
            if other is not None and not _same(other, settings, serial):
                taken = True
                continue
            made = self._identities.setdefault(name, dict(settings))
            if {key: value for key, value in made.items() if key != "mfa_serial"} != settings:
                continue
            if serial and made.setdefault("mfa_serial", serial) != serial:
                continue
            if taken:
                self._renamed[name] = wanted
            return name
        raise _Refused("too many identities would have one name")

    def _permission_set(self, profile: Profile) -> tuple[str, str, dict[str, Setting]]:
        account_id, role = profile.text("sso_account_id"), profile.text("sso_role_name")
        if not (account_id and role):
            raise _Refused("it has only one of sso_account_id and sso_role_name")
        if fields.account_id(account_id) or fields.role_name(role):
            raise _Refused(f"{clean(account_id)} and {clean(role)} are no account and permission set")
        settings: dict[str, Setting] = {"identity": self._login_of(profile)}
        self._take(profile, settings, "region", "region", fields.region)
        self._count(profile, _SSO)
        return account_id, role, settings

    def _login_of(self, profile: Profile) -> str:
        """Return the identity of the login that a profile names. Raises _Refused."""
        name = profile.text("sso_session")
        session = self._config.sso_sessions.get(name) if name else profile
        if session is None:
            raise _Refused(f"its [sso-session {clean(name)}] does not exist")
        return self._login(session, name)

    def _login(self, section: Profile, session: str) -> str:
        """Return the identity of the login of a section; ``session`` is its name, "" for a profile's own.

        Raises _Refused.
        """
        url, region = section.text("sso_start_url"), section.text("sso_region")
        if fields.start_url(url) or fields.region(region):
            raise _Refused("its login has no sso_start_url and sso_region that are an address and a region")
        settings: dict[str, Setting] = {"kind": "sso", "start_url": url, "sso_region": region}
        if session:
            settings["sso_session"] = session
        wanted = session or (urlsplit(url).hostname or "sso").partition(".")[0]
        return self._named(wanted, settings)

    def _place(self, profile: Profile, account_id: str, role: str, settings: dict[str, Setting]) -> tuple[str, str]:
        """Put a role into its account; one that is there with other settings stands beside it under another name."""
        account = self._accounts.setdefault(account_id, _Account())
        if account.roles.setdefault(role, settings) != settings:
            if profile.text("sso_role_name"):
                raise _Refused(self._one_target(account, role, settings))
            role, settings = _beside(account, profile, account_id, role, settings)
            account.roles[role] = settings
        account.profiles.append((profile.name, role))
        return account_id, role

    def _one_target(self, account: _Account, role: str, settings: Mapping[str, Setting]) -> str:
        """Say why a permission set is not carried over beside what has its name: AWS knows it by no other one."""
        first = clean(next(profile for profile, name in account.profiles if name == role))
        known = account.roles[role]
        if self._identities.get(str(known.get("identity")), {}).get("kind") != "sso":
            return (
                f"the role of the profile {first} has the name {clean(role)}, and a permission set can't have another"
            )
        key, word = ("identity", "login") if known["identity"] != settings["identity"] else ("region", "region")
        has, wants = (clean(str(one.get(key, "none"))) for one in (known, settings))
        what = f"the permission set {clean(role)} is one target, carried over from the profile {first}"
        return f"{what}, with the {word} {has}: this profile has {wants}"

    # -- identities

    def _identity(self, profile: Profile) -> bool:
        """Carry over a profile that is no role; False for one that gives no credentials. Raises _Refused."""
        settings = self._settings(profile)
        if settings["kind"] == "profile" and not profile.gives:
            self._empty.append(profile)
            return False
        self._named(profile.name, settings)
        self._count(profile, _IDENTITY)
        return True

    def _settings(self, profile: Profile) -> dict[str, Setting]:
        """Return the identity that a profile is. Raises _Refused for xswitch's own export."""
        command = profile.text("credential_process")
        if OWN in f" {command} " and "xswitch" in command:
            raise _Refused("it is one of xswitch's own, written by `catalog export`")
        settings: dict[str, Setting] = {"kind": "profile", "profile": profile.name}
        if command and STATIC not in profile.values:
            settings = {"kind": "process", "process": command}
        self._take(profile, settings, "region", "region", fields.region)
        return settings

    # -- settings

    def _checked(
        self,
        profile: Profile,
        key: str,
        rule: Callable[[object], tuple[Fault, ...]],
        written: Callable[[str], str] = str,
    ) -> str:
        """Return a setting as the catalog takes it; note one that it doesn't and return ""."""
        value = written(profile.text(key))
        if not value:
            return ""
        faults = rule(value)
        if faults:
            self._note(profile, f"{key}: {faults[0][1]}")
            return ""
        return value

    def _take(
        self,
        profile: Profile,
        settings: dict[str, Setting],
        key: str,
        name: str,
        rule: Callable[[object], tuple[Fault, ...]],
        written: Callable[[str], str] = str,
    ) -> None:
        value = self._checked(profile, key, rule, written)
        if value:
            settings[name] = value

    def _count(self, profile: Profile, known: frozenset[str]) -> None:
        self._stays.update(clean(key) for key in profile.values if key not in known)


def _same(other: Identity, settings: Mapping[str, Setting], serial: str) -> bool:
    """Tell whether an identity of the catalog gets its credentials as one with these settings and this MFA device."""
    ways = ("kind", "profile", "process", "start_url", "sso_region")
    return all(getattr(other, key) == settings.get(key, "") for key in ways) and serial in ("", other.mfa_serial)


def _beside(
    account: _Account, profile: Profile, account_id: str, role: str, settings: dict[str, Setting]
) -> tuple[str, dict[str, Setting]]:
    """Return a name for a second way to one role, made from the profile's, and settings that say which role it is."""
    named = {"arn": f"arn:aws:iam::{account_id}:role/{role}", **settings}
    own = "".join(letter if not fields.role_name(letter) else "-" for letter in profile.name)[:50].strip("-")
    number = 1
    while True:
        name = own if number == 1 else f"{own or role[:50]}-{number}"
        if name and account.roles.get(name, named) == named:
            return name, named
        number += 1


def _span(seconds: str) -> str:
    """Return seconds as a catalog has them; what is no number of seconds stays, to be refused."""
    return write_duration(int(seconds)) if seconds.isdecimal() and len(seconds) < 8 else seconds
