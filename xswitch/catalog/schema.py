"""Which keys each table of a catalog takes, and the rule of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xswitch.catalog import fields
from xswitch.catalog.fields import FINE
from xswitch.tomlfile import Check, Fault, said

_ANYWHERE: Final[dict[str, Check]] = {
    "region": fields.region,
    "identity": fields.string,
    "duration": fields.duration,
    "session_name": fields.template,
}
"""What may stand in ``[defaults]``, on an account and on a role."""

DEFAULTS: Final[Mapping[str, Check]] = _ANYWHERE


def tables(value: object) -> tuple[Fault, ...]:
    """Take an array of tables."""
    if isinstance(value, list):
        return tuple(
            ((place,), *fields.refused("a table", item)[0][1:])
            for place, item in enumerate(value)
            if type(item) is not dict
        )
    return fields.refused(
        "an array of tables", value, "each entry begins with a header in double brackets, such as [[accounts]]"
    )


ACCOUNT: Final[Mapping[str, Check]] = {
    "id": fields.account_id,
    "name": fields.string,
    "ou": fields.string,
    "environment": fields.string,
    "tags": fields.tags,
    "roles": tables,
    **_ANYWHERE,
}

_ROLE: Final[dict[str, Check]] = {
    "name": fields.role_name,
    "via": fields.string,
    "mfa": fields.boolean,
    "external_id": fields.external_id,
    "source_identity": fields.template,
    "session_tags": fields.session_tags,
    "transitive_tags": fields.strings(fields.string),
    "policy": fields.policy,
    "policy_arns": fields.policy_arns,
    **_ANYWHERE,
}

ROLE: Final[Mapping[str, Check]] = {**_ROLE, "arn": fields.role_arn}
ROLE_SET: Final[Mapping[str, Check]] = {**_ROLE, "accounts": fields.selector}

ENVIRONMENT: Final[Mapping[str, Check]] = {
    "colour": fields.string,
    "confirm": fields.choice("no", "ask", "type"),
    "reason": fields.boolean,
    "max_duration": fields.duration,
}

_MFA: Final[dict[str, Check]] = {"mfa_serial": fields.mfa_serial, "mfa_process": fields.string}
_KIND: Final[dict[str, Check]] = {
    "kind": fields.choice("keys", "sso", "process", "profile", "environment"),
    "account_id": fields.account_id,
    "region": fields.region,
}

IDENTITY: Final[Mapping[str, Mapping[str, Check]]] = {
    "keys": {**_KIND, **_MFA},
    "sso": {**_KIND, "sso_session": fields.string, "start_url": fields.start_url, "sso_region": fields.region},
    "process": {**_KIND, **_MFA, "process": fields.string},
    "profile": {**_KIND, **_MFA, "profile": fields.string},
    "environment": {**_KIND, **_MFA},
}
"""For each kind of identity, the keys that it takes."""

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "keys": (),
    "sso": ("start_url", "sso_region"),
    "process": ("process",),
    "profile": ("profile",),
    "environment": (),
}

TOP: Final[Mapping[str, Check]] = {
    "version": lambda value: (
        FINE if type(value) is int else fields.refused("a whole number", value, "write version = 1")
    ),
    "defaults": lambda value: FINE if isinstance(value, dict) else fields.refused("a table", value),
    "identities": lambda value: _tables(value, "[identities.central]"),
    "environments": lambda value: _tables(value, "[environments.prod]"),
    "accounts": tables,
    "roles": tables,
}


def _tables(value: object, example: str) -> tuple[Fault, ...]:
    if not isinstance(value, dict):
        return fields.refused("a table of tables", value, f"each has a header of its own, such as {example}")
    return tuple(
        ((key,), f"has to be a table, and is {said(item)}", f"such as {example}")
        for key, item in value.items()
        if type(item) is not dict
    )
