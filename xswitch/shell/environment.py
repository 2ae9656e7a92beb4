"""The environment of a switched process: what it gets, what is taken from it.

AWS_* is what the SDKs read ("AWS SDKs and Tools Reference Guide", environment variables). XSWITCH_* says what the
process is; the values of ``XSWITCH_TARGET`` and its siblings are names as the catalog has them, made safe to show but
not to paste into a prompt, and ``XSWITCH_TARGET`` always names its target (:func:`reference`). A prompt holds
``XSWITCH_PROMPT_*`` alone, which are limited to ``[A-Za-z0-9._/@+-]`` where they hold a name.

The fast commands come through here, so nothing is imported that they would have to wait for.
"""

from __future__ import annotations

from xswitch import own_files
from xswitch.countdown import thresholds
from xswitch.secret import scrubbed
from xswitch.shell import quoting
from xswitch.shell.styles import styles
from xswitch.text import clean, iso8601, prompt_safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final, NoReturn

    from xswitch.catalog.model import Environment
    from xswitch.secret import Secret
    from xswitch.session.held import HeldSession

KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION")
"""What a process that is not renewed holds its session in."""
REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
SHADOWS: Final = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_SESSION_NAME",
)  # fmt: skip
"""What would be taken for the session, or instead of it."""
CONTAINER: Final = (
    "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)  # fmt: skip
SESSION: Final = (*KEYS, *CONTAINER, "AWS_ACCOUNT_ID")
"""What a switched process holds its session in, one way or the other."""
GIVEN: Final = "/proc/self/environ"
"""Where Linux says what this process was given, whatever was changed since."""
_COERCED: Final = ("C.UTF-8", "C.utf8", "UTF-8")
PROMPT: Final = tuple(
    f"XSWITCH_PROMPT_{name}" for name in ("TARGET", "ENVIRONMENT", "GUARDED", "STYLES", "STEPS", "ENDS", "SKEW", "HINT")
)
PRACTICE: Final = (
    "XSWITCH_HOME", "XSWITCH_PRACTICE", "XSWITCH_PRACTICE_BIN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "HTTPS_PROXY",
    "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
    "HISTFILE", "fish_history",
)  # fmt: skip
"""What keeps the demo's credentials on this machine, and what is typed in it out of the person's own history: no
startup file of theirs may change it in the demo."""
MARKS: Final = (
    *(f"XSWITCH_{name}" for name in ("TARGET", "ACCOUNT_ID", "ACCOUNT", "ROLE", "ENVIRONMENT", "EXPIRES", "DEPTH")),
    "XSWITCH_REGION",
    "XSWITCH_RENEWING",
    *own_files.MARKS,
    *PROMPT,
)
"""What says which session it is, for people, prompts and xswitch itself."""


class Look:
    """How the marker shows a target's environment.

    ``theme`` is that of the TUI: dark, light, contrast, terminal or mono. ``skew`` is by how many seconds AWS's clock
    is ahead of this machine's, 0 where they agree: the time left is counted by AWS's.
    """

    __slots__ = ("colour", "guarded", "skew", "theme")

    def __init__(self, guarded: bool = False, colour: str = "", theme: str = "dark", skew: int = 0) -> None:
        self.guarded = guarded
        self.colour = colour
        self.theme = theme
        self.skew = skew

    def __repr__(self) -> str:
        return f"Look({self.guarded!r}, {self.colour!r}, {self.theme!r}, {self.skew!r})"

    @classmethod
    def of(cls, environment: Environment | None, theme: str = "dark", skew: int = 0) -> Look:
        """Return the look of a catalog's environment, or of none."""
        if environment is None:
            return cls(theme=theme, skew=skew)
        return cls(environment.guarded, environment.colour, theme, skew)


class Endpoint:
    """Where a renewed process fetches its session: a loopback URL, and the token that it has to send."""

    __slots__ = ("token", "url")

    def __init__(self, url: str, token: Secret) -> None:
        self.url = url
        self.token = token


class Changes:
    """What a switch does to an environment. ``assignments`` hold revealed secrets: pass them on and forget them."""

    __slots__ = ("assignments", "removals")

    def __init__(self, assignments: dict[str, str], removals: tuple[str, ...]) -> None:
        self.assignments = assignments
        self.removals = removals

    def __repr__(self) -> str:
        return f"Changes({', '.join(self.assignments)}; without {', '.join(self.removals)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("what holds secrets is not pickled")

    def applied(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return ``environ`` with these changes made."""
        gone = frozenset(self.removals)
        return {name: value for name, value in environ.items() if name not in gone} | self.assignments


def switched(
    session: HeldSession, environ: Mapping[str, str], look: Look | None = None, *, endpoint: Endpoint | None = None
) -> dict[str, str]:
    """Return the whole environment of a child that gets ``session``, one level deeper than ``environ``.

    With an ``endpoint`` the child gets no keys but the address where it fetches them.
    """
    made = changes(session, environ, look, deeper=True, endpoint=endpoint)
    inside = scrubbed(made.applied(environ))
    if coerced(environ):
        inside.pop("LC_CTYPE", None)
    return inside


def coerced(environ: Mapping[str, str]) -> bool:
    """Tell whether LC_CTYPE is Python's doing: it sets one where the locale is C, for its children too (PEP 538)."""
    if environ.get("LC_CTYPE") not in _COERCED or environ.get("LC_ALL"):
        return False
    if environ.get("LANG", "") not in ("", "C", "POSIX"):
        return False
    try:
        with open(GIVEN, "rb") as stream:  # noqa: PTH123 (the fast commands load no pathlib)
            return not any(one.startswith(b"LC_CTYPE=") for one in stream.read().split(b"\0"))
    except OSError:
        return True  # no Linux: nothing tells them apart, and who writes one such by hand writes LANG


def changes(
    session: HeldSession,
    environ: Mapping[str, str],
    look: Look | None = None,
    *,
    deeper: bool = False,
    endpoint: Endpoint | None = None,
) -> Changes:
    """Return what turns ``environ`` into one that holds ``session``; ``deeper`` where it is a new process's.

    Removals are names that may be set outside, whether they are or not, so that a shell unsets its own too.
    """
    keys = _keys(session) if endpoint is None else _endpoint(endpoint)
    assignments = keys | {"AWS_ACCOUNT_ID": session.account_id}
    if session.region:
        assignments |= dict.fromkeys(REGIONS, session.region)
    depth = depth_of(environ)
    assignments |= {
        "XSWITCH_TARGET": reference(session),
        "XSWITCH_ACCOUNT_ID": session.account_id,
        "XSWITCH_ACCOUNT": clean(session.account),
        "XSWITCH_ROLE": clean(session.role),
        "XSWITCH_ENVIRONMENT": clean(session.environment),
        "XSWITCH_EXPIRES": str(int(session.expires)),
        "XSWITCH_DEPTH": str(depth + 1 if deeper else max(depth, 1)),
        "XSWITCH_REGION": session.region,
    }
    if endpoint is not None:
        assignments["XSWITCH_RENEWING"] = "1"
    assignments |= _prompt(session, environ, look or Look())
    back = {name: own_files.own(name, environ) for name in own_files.COPIED if f"XSWITCH_OWN_{name}" in environ}
    assignments |= {name: value for name, value in back.items() if value}
    container = [name for name in environ if name.startswith("AWS_CONTAINER_") and name not in CONTAINER]
    regions = () if session.region else _regions_of_outer(environ)
    possible = (
        *KEYS, *SHADOWS, *CONTAINER, *container, *regions, "XSWITCH_RENEWING", *back, *own_files.MARKS, *PROMPT,
    )  # fmt: skip
    return Changes(assignments, tuple(name for name in possible if name not in assignments))


def in_place(session: HeldSession, environ: Mapping[str, str], look: Look | None = None, *, quietly: bool) -> Changes:
    """Return what renews the session of a shell where it stands.

    A region that the person chose inside stays theirs. ``quietly``, where nobody asked for it, so does all else that
    is no part of the session, such as a profile.
    """
    made = changes(session, environ, look)
    own = environ.get("XSWITCH_REGION")
    theirs = [name for name in REGIONS if own is not None and environ.get(name, "") != own]
    assignments = {name: value for name, value in made.assignments.items() if name not in theirs}
    parts = (*KEYS, *MARKS)
    return Changes(assignments, tuple(name for name in made.removals if name in parts) if quietly else made.removals)


def reference(session: HeldSession) -> str:
    """Return a TARGET that is safe to show and names the session's: by the account's id where its name is not safe."""
    safe = clean(session.target)
    return safe if safe == session.target else f"{session.account_id}/{clean(session.role)}"


def text(form: str, made: Changes) -> str:
    """Return ``made`` as lines of ``form``, one of :data:`quoting.FORMS`. Raises Usage where a value can't be written.

    What the marker shows is for a shell alone: a program that reads a file draws no prompt.
    """
    assignments = made.assignments
    if form not in quoting.SHELLS:
        assignments = {name: value for name, value in assignments.items() if name not in PROMPT}
    return quoting.text(form, assignments, made.removals)


def depth_of(environ: Mapping[str, str]) -> int:
    """Return how many switched shells this environment is inside of, 0 outside."""
    depth = environ.get("XSWITCH_DEPTH", "")
    if depth.isascii() and depth.isdigit() and len(depth) <= 4:
        return int(depth)
    return 1 if environ.get("XSWITCH_TARGET") else 0


def _keys(session: HeldSession) -> dict[str, str]:
    credentials = session.credentials
    keys = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key.reveal(),
    }
    if credentials.session_token is not None:
        keys["AWS_SESSION_TOKEN"] = credentials.session_token.reveal()
    if credentials.expires is not None:
        keys["AWS_CREDENTIAL_EXPIRATION"] = iso8601(credentials.expires)
    return keys


def _endpoint(endpoint: Endpoint) -> dict[str, str]:
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": endpoint.token.reveal(),
    }


def _regions_of_outer(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the region variables that an outer session set; a region that a person chose inside it is theirs."""
    if not depth_of(environ):
        return ()
    given = environ.get("XSWITCH_REGION")
    return tuple(name for name in REGIONS if given is None or environ.get(name) == given)


def _prompt(session: HeldSession, environ: Mapping[str, str], look: Look) -> dict[str, str]:
    import time

    word = prompt_safe(clean(session.environment))
    soon, ending = thresholds(session.duration or session.expires - session.issued)
    shown = {
        "XSWITCH_PROMPT_TARGET": prompt_safe(clean(session.target)),
        "XSWITCH_PROMPT_STYLES": ":".join(styles(look.colour, environ, guarded=look.guarded, theme=look.theme)),
        "XSWITCH_PROMPT_STEPS": f"{soon}:{ending}",
        "XSWITCH_PROMPT_ENDS": time.strftime("%H:%M", time.localtime(session.expires)),
        "XSWITCH_PROMPT_HINT": f"exit, then xswitch shell {quoting.quoted(reference(session))}",
    }
    if look.skew:
        shown["XSWITCH_PROMPT_SKEW"] = str(look.skew)
    if word:
        shown["XSWITCH_PROMPT_ENVIRONMENT"] = word.upper() if look.guarded else word.lower()
    if look.guarded:
        shown["XSWITCH_PROMPT_GUARDED"] = "1"
    return shown
