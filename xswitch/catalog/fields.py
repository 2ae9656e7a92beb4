"""The rules of every value that a catalog may hold: AWS's own limits, and ours.

Each rule is a function of one value that returns what is wrong with it, or ``()``. Limits of STS are those of the
AssumeRole reference (AWS Security Token Service API Reference, 2011-06-15); tag limits are those of "Passing session
tags in AWS STS" (IAM User Guide).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from xswitch.errors import Usage
from xswitch.text import parse_duration
from xswitch.tomlfile import Check, Fault, nearest, quoted, said
from xswitch.tomllines import Keys

SHORTEST: Final = 15 * 60
"""Seconds of the shortest session that STS gives."""

LONGEST: Final = 12 * 60 * 60
"""Seconds of the longest session that a role can allow."""

PLACEHOLDERS: Final = ("user", "os_user", "host", "account", "role")
"""What a template may name in braces."""

COLOURS: Final = ("red", "orange", "yellow", "green", "teal", "blue", "violet")
"""The colours that every theme has for an environment."""

ACCOUNT_ID: Final = re.compile(r"[0-9]{12}", re.ASCII)
ROLE_NAME: Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
ROLE_ARN: Final = re.compile(
    r"arn:(aws[a-z0-9-]*):iam::([0-9]{12}):role/((?:[\x21-\x7e]+/)?)([\w+=,.@-]{1,64})", re.ASCII
)
POLICY_ARN: Final = re.compile(r"arn:aws[a-z0-9-]*:iam::(aws|[0-9]{12}):policy/[\x21-\x7e]{1,512}", re.ASCII)
_REGION: Final = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}", re.ASCII)
_SERIAL: Final = re.compile(r"[\w+=/:,.@-]{9,256}", re.ASCII)
_EXTERNAL_ID: Final = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_NAME_PART: Final = re.compile(r"[\w+=,.@-]*", re.ASCII)
_TAG: Final = re.compile(r"[\w\s.:/=+\-@]*")
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")

FINE: Final[tuple[Fault, ...]] = ()


def _fault(message: str, hint: str = "", keys: Keys = ()) -> tuple[Fault, ...]:
    return ((keys, message, hint),)


def refused(what: str, value: object, hint: str = "") -> tuple[Fault, ...]:
    """Return the fault of a value of a wrong type."""
    return _fault(f"has to be {what}, and is {said(value)}", hint)


def string(value: object) -> tuple[Fault, ...]:
    """Take a string that is not empty."""
    if not isinstance(value, str):
        return refused("a string", value)
    return FINE if value.strip() else _fault("is empty")


def boolean(value: object) -> tuple[Fault, ...]:
    """Take true or false."""
    return FINE if isinstance(value, bool) else refused("true or false", value, "write it without quotes")


def account_id(value: object) -> tuple[Fault, ...]:
    """Take the twelve digits of an account, as a string: a number would lose zeros at its front."""
    if isinstance(value, int) and not isinstance(value, bool):
        hint = f'write it in quotes: "{value}"' if 10**11 <= value < 10**12 else "write it in quotes, zeros included"
        return refused("a string of twelve digits", value, hint)
    if not isinstance(value, str):
        return refused("a string of twelve digits", value)
    if ACCOUNT_ID.fullmatch(value):
        return FINE
    digits = value.replace("-", "").replace(" ", "")
    if ACCOUNT_ID.fullmatch(digits):
        return _fault(f"{quoted(value)} is not twelve digits", f'write "{digits}"')
    count = f": it has {len(value)}" if value.isascii() and value.isdigit() else ""
    return _fault(f"{quoted(value)} is not twelve digits{count}", "an account id has twelve digits, zeros included")


def role_name(value: object) -> tuple[Fault, ...]:
    """Take a role's name: 1 to 64 of letters, digits and ``_+=,.@-`` (IAM, CreateRole). So it never holds a slash."""
    if not isinstance(value, str):
        return refused("a string", value)
    if ROLE_NAME.fullmatch(value):
        return FINE
    hint = "give the whole path in arn" if "/" in value else "1 to 64 of A-Z a-z 0-9 _ + = , . @ -"
    return _fault(f"{quoted(value)} is not a role name" if value else "is empty", hint)


def role_arn(value: object) -> tuple[Fault, ...]:
    """Take the ARN of an IAM role."""
    if not isinstance(value, str):
        return refused("a string", value)
    if ROLE_ARN.fullmatch(value):
        return FINE
    hint = "arn:aws:iam::<account id>:role/<path/><name>"
    if ":assumed-role/" in value:
        hint = "that is a session of a role; the role is " + hint
    return _fault(f"{quoted(value)} is not the ARN of a role", hint)


def duration(value: object) -> tuple[Fault, ...]:
    """Take a span from 15 minutes to 12 hours, such as ``1h``, ``90m`` or ``1h30m``."""
    if not isinstance(value, str):
        return refused("a string", value, 'write it as "1h", "90m" or "1h30m"')
    try:
        seconds = parse_duration(value)
    except ValueError:
        return _fault(f"{quoted(value)} is not a duration", 'write it as "1h", "90m" or "1h30m"')
    if SHORTEST <= seconds <= LONGEST:
        return FINE
    return _fault(f"{quoted(value)} is not within 15m to 12h", "STS gives sessions of 15 minutes to 12 hours")


def region(value: object) -> tuple[Fault, ...]:
    """Take the name of an AWS region; whether AWS has it is not known here."""
    if not isinstance(value, str):
        return refused("a string", value)
    return FINE if _REGION.fullmatch(value) else _fault(f"{quoted(value)} is not a region", "such as eu-west-1")


def choice(*words: str) -> Check:
    """Return the rule that takes one of ``words``."""

    def check(value: object) -> tuple[Fault, ...]:
        if not isinstance(value, str):
            hint = f'write "{words[0]}" for none' if value is False and words[0] == "no" else ""
            return refused("a string", value, hint)
        if value in words:
            return FINE
        near = nearest(value, words)
        hint = f"did you mean {quoted(near)}?" if near else f"one of: {', '.join(words)}"
        return _fault(f"{quoted(value)} is not one of {', '.join(words)}", hint)

    return check


def template(value: object) -> tuple[Fault, ...]:
    """Take a session name or source identity with placeholders: at most 64 of ``[A-Za-z0-9_+=,.@-]`` once filled."""
    if not isinstance(value, str):
        return refused("a string", value)
    if not value:
        return _fault("is empty")
    for name in _PLACEHOLDER.findall(value):
        if name not in PLACEHOLDERS:
            near = nearest(name, PLACEHOLDERS)
            known = ", ".join(f"{{{word}}}" for word in PLACEHOLDERS)
            return _fault(
                f"unknown placeholder {quoted('{' + name + '}')}", f"did you mean {{{near}}}?" if near else known
            )
    fixed = _PLACEHOLDER.sub("", value)
    if "{" in fixed or "}" in fixed:
        return _fault(f"{quoted(value)} has a brace that is not closed or not opened")
    if not _NAME_PART.fullmatch(fixed):
        return _fault(f"{quoted(value)} holds characters that STS refuses", "A-Z a-z 0-9 _ + = , . @ - are taken")
    length = len(fixed)
    if length > 64 or (length < 2 and fixed == value):
        return _fault(f"{quoted(value)} has {length} characters", "STS takes 2 to 64")
    return FINE


def external_id(value: object) -> tuple[Fault, ...]:
    """Take an external id, or the name that it has in the vault: ``{ vault = "name" }``. The id itself is not shown."""
    if isinstance(value, dict):
        faults = tuple(
            ((key,), f"unknown key {quoted(key)}", 'write it as { vault = "name" }') for key in value if key != "vault"
        )
        if "vault" not in value:
            return faults or _fault("names nothing in the vault", 'write it as { vault = "name" }')
        return faults + tuple((("vault", *keys), message, hint) for keys, message, hint in string(value["vault"]))
    if not isinstance(value, str):
        return refused('a string or { vault = "name" }', value)
    if _EXTERNAL_ID.fullmatch(value):
        return FINE
    if not 2 <= len(value) <= 1224:
        return _fault(f"has {len(value)} characters", "STS takes 2 to 1224")
    return _fault("holds characters that STS refuses", "A-Z a-z 0-9 _ + = , . @ : / - are taken")


def tags(value: object) -> tuple[Fault, ...]:
    """Take an account's tags: a table of strings."""
    if not isinstance(value, dict):
        return refused("a table", value, 'write it as { team = "payments" }')
    return tuple(
        ((key,), f"has to be a string, and is {said(item)}", "") for key, item in value.items() if type(item) is not str
    )


def session_tags(value: object) -> tuple[Fault, ...]:
    """Take session tags: at most 50, keys of 1 to 128 characters, no two that differ by case alone, values of 256."""
    faults = list(tags(value))
    if not isinstance(value, dict) or faults:
        return tuple(faults)
    if len(value) > 50:
        faults.append(((), f"has {len(value)} tags", "STS takes 50"))
    seen: dict[str, str] = {}
    for key, item in value.items():
        other = seen.setdefault(key.casefold(), key)
        if other != key:
            faults.append(((key,), f"is {quoted(other)} again", "STS takes keys that differ by case alone as one"))
        if not 1 <= len(key) <= 128:
            faults.append(((key,), f"its key has {len(key)} characters", "STS takes 1 to 128"))
        if len(item) > 256:
            faults.append(((key,), f"has {len(item)} characters", "STS takes 256"))
        if not _TAG.fullmatch(key) or not _TAG.fullmatch(item):
            faults.append(((key,), "holds characters that STS refuses", "letters, digits, blanks and _ . : / = + - @"))
        if key.casefold().startswith("aws:"):
            faults.append(((key,), "begins with aws:", "such keys are AWS's own"))
    return tuple(faults)


def strings(item: Check) -> Check:
    """Return the rule that takes an array whose items all pass ``item``, each only once."""

    def check(value: object) -> Iterable[Fault]:
        if not isinstance(value, list):
            hint = f"write it as [{quoted(value)}]" if isinstance(value, str) else ""
            return refused("an array of strings", value, hint)
        faults: list[Fault] = []
        for place, one in enumerate(value):
            faults += [((place, *keys), message, hint) for keys, message, hint in item(one)]
            if one in value[:place]:
                faults.append(((place,), f"{quoted(str(one))} stands here twice", ""))
        return tuple(faults)

    return check


def _policy_arn(value: object) -> tuple[Fault, ...]:
    if not isinstance(value, str):
        return refused("a string", value)
    if POLICY_ARN.fullmatch(value):
        return FINE
    return _fault(
        f"{quoted(value)} is not the ARN of a managed policy", "such as arn:aws:iam::aws:policy/ReadOnlyAccess"
    )


def policy_arns(value: object) -> Iterable[Fault]:
    """Take at most ten ARNs of managed policies."""
    faults = tuple(strings(_policy_arn)(value))
    if isinstance(value, list) and len(value) > 10:
        return (*faults, ((), f"has {len(value)} policies", "STS takes 10"))
    return faults


def policy(value: object) -> tuple[Fault, ...]:
    """Take a session policy: a JSON object with statements, at most 2,048 characters."""
    if not isinstance(value, str):
        return refused("a string that holds JSON", value)
    import json

    try:
        document = json.loads(value)
    except (ValueError, RecursionError) as error:
        where = getattr(error, "msg", "nested too deep")
        return _fault(
            f"is not JSON: {where[:1].lower()}{where[1:]}", f"at character {getattr(error, 'pos', 0) + 1} of it"
        )
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), (list, dict)):
        return _fault("is not a policy", 'it needs "Version" and "Statement"')
    if any(character > "\u00ff" for character in value):
        return _fault("holds characters past Latin-1", "STS refuses them in a session policy")
    if len(value) > 2048:
        return _fault(f"has {len(value)} characters", "STS takes 2,048, with the lengths of policy_arns")
    return FINE


def mfa_serial(value: object) -> tuple[Fault, ...]:
    """Take an MFA device: its ARN, or the serial number of a hardware device."""
    if not isinstance(value, str):
        return refused("a string", value)
    if not _SERIAL.fullmatch(value):
        return _fault(f"{quoted(value)} is not an MFA device", "such as arn:aws:iam::111122223333:mfa/ada")
    if ":u2f/" in value:
        return _fault("is a FIDO key", "STS takes codes only: register a virtual or hardware device that shows them")
    return FINE


def start_url(value: object) -> tuple[Fault, ...]:
    """Take the address of an access portal: https, or http on this machine alone."""
    if not isinstance(value, str):
        return refused("a string", value)
    right = re.fullmatch(
        r"https://[^\s/?#@]+[^\s]*|http://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]+)?(?:/[^\s]*)?", value
    )
    if right and _splits(value):
        return FINE
    return _fault(f"{quoted(value)} is not an https address", "such as https://acme.awsapps.com/start")


def _splits(address: str) -> bool:
    from urllib.parse import urlsplit

    try:
        return bool(urlsplit(address).hostname)
    except ValueError:  # a bracket that is no IPv6 address, or a letter that stands for a slash
        return False


def selector(value: object) -> tuple[Fault, ...]:
    """Take a selector of accounts."""
    if not isinstance(value, str):
        return refused("a string", value)
    from xswitch.catalog.selector import Selector

    try:
        parsed = Selector.parse(value)
    except Usage as error:
        return _fault(error.message, error.hint)
    odd = parsed.beyond_accounts
    return (
        _fault(f"{odd}: can't choose accounts", "a role set chooses by account, id, ou, env and tag") if odd else FINE
    )
