"""What a pasted ARN or web address names: an account, and at times a role in it.

Shapes, by AWS's own pages: IAM identifiers (``arn:aws:iam::ID:role/path/Name`` and
``arn:aws:sts::ID:assumed-role/Name/session``), the switch-role link (``/switchrole?account=ID&roleName=Name``), the
access portal's link (``#/console?account_id=ID&role_name=Name``), the multi-session console
(``ID-suffix.region.console.aws.amazon.com``) and the account's sign-in page (``ID.signin.aws.amazon.com``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

_ARN: Final = re.compile(r"arn:([\w-]+):([\w-]*):([\w-]*):(\d{0,12})(?::(.*))?", re.ASCII | re.DOTALL)
_ID: Final = re.compile(r"(?<!\d)\d{12}(?!\d)", re.ASCII)
_HOST_ID: Final = re.compile(r"(\d{12})(?:[.-]|$)", re.ASCII)
_ROLE_PAGE: Final = re.compile(r"/roles(?:/details)?/([\w+=,.@-]{1,64})", re.ASCII)
_RESERVED: Final = re.compile(r"AWSReservedSSO_(.+)_[0-9a-f]{16}", re.ASCII)
_ACCOUNT_KEYS: Final = ("account_id", "accountid", "account")
_ROLE_KEYS: Final = ("role_name", "rolename", "role")


@dataclass(frozen=True, slots=True)
class Place:
    """What a pasted text names. Empty fields are not named.

    ``arn`` is a role's own; ``begun`` is an ARN that is still half-typed; ``accounts`` are the ids that may be meant
    (a web address can hold several numbers of 12 digits); ``alias`` stands for the id in a link; ``role`` is a role's
    name or, in a link, a path and name.
    """

    accounts: tuple[str, ...] = ()
    alias: str = ""
    role: str = ""
    arn: str = ""
    begun: str = ""

    @property
    def empty(self) -> bool:
        """Tell whether nothing was recognized."""
        return not (self.accounts or self.alias or self.role or self.arn or self.begun)


def locate(text: str) -> Place:
    """Return what ``text``, an ARN or a web address, names; an empty place for nothing. Never raises."""
    return _of_arn(text) if text.lower().startswith("arn:") else _of_address(text)


def permission_set(role: str) -> str:
    """Return the permission set's name of a role that IAM Identity Center made, or "" for any other role."""
    found = _RESERVED.fullmatch(role)
    return found[1] if found else ""


def _of_arn(text: str) -> Place:
    found = _ARN.fullmatch(text)
    if found is None or len(found[4]) < 12:
        return Place(begun=text)
    account, resource = found[4], found[5] or ""
    if found[2] == "sts" and resource.startswith("assumed-role/"):
        return Place((account,), role=resource.split("/")[1])
    if found[2] == "iam" and resource.startswith("role/"):
        return Place((account,), role=resource.rpartition("/")[2], arn=text)
    if found[2] in ("iam", "sts") and ("role/".startswith(resource) or "assumed-role/".startswith(resource)):
        return Place(begun=text)
    return Place((account,))


def _of_address(text: str) -> Place:
    try:
        address = urlsplit(text if "://" in text else f"https://{text}")
        host = address.hostname or ""
    except ValueError:  # a bracket that is no IPv6 address
        return Place()
    fragment_path, _, fragment_query = address.fragment.partition("?")
    values = {key.lower(): value for key, value in parse_qsl(f"{address.query}&{fragment_query}")}
    role = next((values[key] for key in _ROLE_KEYS if values.get(key)), "")
    named = next((values[key] for key in _ACCOUNT_KEYS if values.get(key)), "")
    if not role:
        page = _ROLE_PAGE.search(f"{unquote(address.path)}{unquote(fragment_path)}")
        role = page[1] if page else ""
    if re.fullmatch(r"\d{12}", named.replace("-", ""), re.ASCII):
        return Place((named.replace("-", ""),), role=role)
    if named:
        return Place(alias=named, role=role)
    in_host = _HOST_ID.match(host)
    if in_host:
        return Place((in_host[1],), role=role)
    return Place(tuple(dict.fromkeys(_ID.findall(unquote(unquote(text))))), role=role)
