"""The person's AWS files as a renewing process may see them: without a ``default`` profile that gives credentials.

SDKs ask the ``default`` profile before the container endpoint. Where it would answer, they are pointed to copies. These
are not the person's text with lines struck out, which every SDK reads a little differently, but files written anew:
a setting is in them only if its name is known to be no secret, and of ``default`` none that leads to credentials.
Comments, unknown settings and access keys of every profile are left out.

Formats: "AWS SDKs and Tools Reference Guide", shared ``config`` and ``credentials`` files; botocore's configparser
takes ``:`` for ``=``, a lone carriage return for a line end and an indented header for a header, and so does this.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.own_files import BOTO, CONFIG, CREDENTIALS
from xswitch.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OTHERS: Final = ("AWS_CREDENTIAL_FILE", "AWS_SHARED_CONFIG_FILE")
"""Further variables that name a file with credentials: botocore reads the first, Terraform's S3 backend the second."""

_PLAIN: Final = frozenset((
    "account_id_endpoint_mode", "addressing_style", "api_versions", "auth_scheme_preference", "ca_bundle",
    "cloudwatch", "defaults_mode", "disable_request_compression", "ec2_metadata_service_endpoint",
    "ec2_metadata_service_endpoint_mode", "ec2_metadata_v1_disabled", "endpoint_discovery_enabled", "endpoint_url",
    "ignore_configured_endpoint_urls", "max_attempts", "metadata_service_num_attempts", "metadata_service_timeout",
    "output", "parameter_validation", "region", "request_checksum_calculation",
    "request_min_compression_size_bytes", "response_checksum_validation", "retry_mode", "s3", "s3api",
    "s3_disable_express_session_auth", "s3_disable_multiregion_access_points", "s3_us_east_1_regional_endpoint",
    "s3_use_arn_region", "sdk_ua_app_id", "services", "sigv4a_signing_region_set", "sts_regional_endpoints",
    "tcp_keepalive", "use_dualstack_endpoint", "use_fips_endpoint",
))  # fmt: skip
"""Settings that are no secret and lead to no credentials; so are those whose name begins with ``cli_``."""
_WAYS: Final = frozenset((
    "credential_process", "credential_source", "duration_seconds", "external_id", "login_session", "mfa_serial",
    "role_arn", "role_session_name", "source_profile", "sso_account_id", "sso_region", "sso_registration_scopes",
    "sso_role_name", "sso_session", "sso_start_url", "web_identity_token_file",
))  # fmt: skip
"""Settings that lead to credentials and are none themselves."""
_GIVES: Final = re.compile(r"key|secret|token|credential|role|sso|login|identity|profile|process|assume|saml")
"""Part of the name of every setting that gives credentials, or may in an SDK to come."""
_HIDDEN: Final = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{12,}|(?<![\w+/=.-])[A-Za-z0-9+/]{40}(?![\w+/=.-])|://[^/\s]*@", re.ASCII
)
"""An access key, a secret key or a password in a URL, in a value that should hold none."""
_TELLING: Final = re.compile(r"secret|passw|passphrase|token|access.?key", re.IGNORECASE)
"""Words of a command that holds a secret."""
_KEYS: Final = re.compile(r"key|secret|token|passw|process")
"""Part of the name of every setting that is a key, or prints one."""
_SHOWN: Final = 5
"""How many profiles are named at most."""
_PROFILE: Final = re.compile(r"profile\s+(.*)", re.DOTALL)
_SETTING: Final = re.compile(r"([^=:]*?)\s*[=:]\s*(.*)", re.DOTALL)
_REMARK: Final = re.compile(r"\s[#;].*", re.DOTALL)
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


@dataclass(slots=True)
class Section:
    """One section: its settings by name (lower case), each with the nested lines under it."""

    settings: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Copies:
    """What to hand to a process: the text of each copy, by the variable that names it, and what to tell the person."""

    texts: dict[str, str]
    notes: tuple[str, ...]


def copies(environ: Mapping[str, str]) -> Copies | None:
    """Return the copies that a renewing process needs, or None where its ``default`` profile gives no credentials.

    A file that can't be read or understood counts as one that does, and its copy is empty.
    """
    notes: list[str] = []
    files = {name: _parsed(path_of(name, environ), notes) for name in (CONFIG, CREDENTIALS)}
    gives = any(_gives(sections) for sections in files.values())
    texts: dict[str, str] = {}
    if gives or notes:
        texts = {name: _text(sections) for name, sections in files.items()}
        lost = _lost(files)
        if lost:
            more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
            notes.append(f"the copies hold no keys, so these profiles have none: {', '.join(lost[:_SHOWN])}{more}")
    if gives:
        without = f"{CONFIG} and {CREDENTIALS} name copies without it"
        notes.insert(0, f"the default profile gives credentials, which SDKs prefer: {without}")
    if _boto_gives(environ):
        texts[BOTO] = ""
        notes.append(f"the AWS CLI prefers the keys of boto's configuration: {BOTO} names an empty one")
    return Copies(texts, tuple(notes)) if texts else None


def path_of(name: str, environ: Mapping[str, str]) -> Path:
    """Return the file that ``CONFIG`` or ``CREDENTIALS`` stands for."""
    given = environ.get(name)
    home = environ.get("HOME")
    if given:
        return Path(home, given[2:]) if home and given.startswith("~/") else Path(given).expanduser()
    return (Path(home) if home else Path.home()) / ".aws" / ("config" if name == CONFIG else "credentials")


def _parsed(path: Path, notes: list[str]) -> dict[str, Section]:
    try:
        return parse(_read(path))
    except OSError as error:
        notes.append(f"{clean(str(path))} can't be read ({error.strerror or 'it is no file'}): its copy is empty")
    except ValueError as error:
        notes.append(f"{clean(str(path))} can't be understood ({error}): its copy is empty")
    return {}


def _read(path: Path) -> str:
    """Return the text of a file, "" where there is none. Raises OSError, ValueError."""
    if "$" in str(path):
        raise ValueError("botocore reads a $ in its name as a variable's")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    with os.fdopen(descriptor, "rb") as stream:
        kind = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(kind) or path.samefile(os.devnull)):
            raise OSError
        try:
            return stream.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError("it is not UTF-8") from None


def parse(text: str) -> dict[str, Section]:
    """Return the sections of an AWS file by name, those of one name laid over each other.

    Raises ValueError, with the number of the line, for what some SDK might read as something else.
    """
    sections: dict[str, Section] = {}
    section: Section | None = None
    nested: dict[str, str] | None = None
    indent = 0
    for number, line in enumerate(_LINE_END.split(text), 1):
        words = line.strip()
        if not words or words[0] in "#;":
            continue
        if len(line.splitlines()) > 1:
            raise ValueError(f"line {number}")  # to some SDK it is more than one
        if words[0] == "[":
            name, closed, _ = words[1:].partition("]")
            if not closed:
                raise ValueError(f"line {number}")
            section, nested = sections.setdefault(_name(name), Section()), None
            continue
        found = _SETTING.fullmatch(words)
        depth = len(line) - len(line.lstrip())
        if nested is not None and depth > indent:
            if found is not None:
                nested[found[1].lower()] = _REMARK.sub("", found[2])
            continue
        if found is None or section is None or not found[1]:
            raise ValueError(f"line {number}")
        indent, nested = depth, {}
        section.settings[found[1].lower()] = (_REMARK.sub("", found[2]), nested)
    return sections


def _name(header: str) -> str:
    """Return a section's name, ``default`` for every way to write that."""
    name = " ".join(header.split())
    profile = _PROFILE.fullmatch(name)
    bare = (profile[1] if profile else name).strip().strip("\"'").strip()
    return "default" if bare.lower() == "default" else name


def _gives(sections: Mapping[str, Section]) -> bool:
    """Tell whether ``default`` has a setting, or a nested line that some SDK might take for one, that leads to keys."""
    default = sections.get("default")
    if default is None:
        return False
    names = [name for setting, (_, nested) in default.settings.items() for name in (setting, *nested)]
    return any(_GIVES.search(name) for name in names)


def _boto_gives(environ: Mapping[str, str]) -> bool:
    """Tell whether a file of boto 2 gives credentials, or can't be told not to."""
    given = environ.get(BOTO)
    home = environ.get("HOME") or str(Path.home())
    for path in [Path(given).expanduser()] if given else [Path("/etc/boto.cfg"), Path(home, ".boto")]:
        try:
            sections = parse(_read(path))
        except (OSError, ValueError):
            return True
        if any(name.lower() == "credentials" for name in sections):
            return True
    return False


def _kept(name: str, section: Section) -> Iterable[tuple[str, str, dict[str, str]]]:
    """Yield what a copy has of a section."""
    any_name = name in ("plugins", "preview") or name.startswith("services ")
    for setting, (value, nested) in section.settings.items():
        plain = any_name or setting in _PLAIN or setting.startswith("cli_")
        if not plain and (name == "default" or setting not in _WAYS):
            continue
        if _HIDDEN.search(value) or (setting == "credential_process" and _TELLING.search(value)):
            continue
        inner = {key: said for key, said in nested.items() if not (_GIVES.search(key) or _HIDDEN.search(said))}
        yield setting, value, inner


def _text(sections: Mapping[str, Section]) -> str:
    lines: list[str] = []
    for name, section in sections.items():
        if not name:
            continue
        lines.append(f"[{name}]")
        for setting, value, nested in _kept(name, section):
            lines.append(f"{setting} = {value}".rstrip())
            lines += [f"    {key} = {said}".rstrip() for key, said in nested.items()]
    return "".join(f"{line}\n" for line in lines)


def _lost(files: Mapping[str, Mapping[str, Section]]) -> list[str]:
    """Return the profiles that the copies leave without credentials, ``default`` not counted, by name."""
    merged: dict[str, Section] = {}
    for sections in files.values():
        for name, section in sections.items():
            profile = _PROFILE.fullmatch(name)
            bare = profile[1].strip("\"'") if profile else name
            merged.setdefault(bare, Section()).settings.update(section.settings)
    lost = {"default"}
    for name, section in merged.items():
        kept = {setting for setting, _, _ in _kept(name, section)}
        if any(_KEYS.search(setting) for setting in section.settings.keys() - kept):
            lost.add(name)
    while True:
        more = {
            name
            for name, section in merged.items()
            if name not in lost and section.settings.get("source_profile", ("",))[0] in lost
        }
        if not more:
            return sorted(clean(name) for name in lost - {"default"})
        lost |= more
