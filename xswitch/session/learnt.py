"""What AWS taught: roles' maxima and who may read them, whose keys an identity's are, how far its clock is from ours.

It is kept in ``state/learnt.json``, which holds no secret: callers go by the fingerprint of their key. Losing it costs
a question to AWS or two, so a damaged file is begun anew, and a file that can't be written is no reason to fail. It is
parsed again only when it has changed: a countdown asks for the time each second.
"""

from __future__ import annotations

import math
import threading
from binascii import crc32
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast, get_args

from xswitch.errors import VaultUnavailable
from xswitch.session.duration import RefusedFrom
from xswitch.session.model import Caller, CallerKind
from xswitch.vault import steady
from xswitch.vault.folder import Folder
from xswitch.vault.locks import hold

FILE: Final = "learnt.json"
KEPT: Final = 30 * 86400
"""Seconds that a role's maximum is believed: an administrator may raise it."""
SKEW_KEPT: Final = 86400
"""Seconds that a measured difference of the clocks is believed, unless one of ours was set meanwhile."""
DENIED_KEPT: Final = 86400
"""Seconds that a session which may not read roles is not asked again."""
_PATIENCE: Final = 5.0
_KINDS: Final = frozenset(get_args(CallerKind))
_SECTIONS: Final = ("roles", "readers", "callers", "clock")


class Learnt:
    """What was learnt, between processes. ``clock`` gives epoch seconds, UTC. Nothing here raises.

    ``beat`` is the clock that nobody sets: by it a difference of the clocks is known to be over once ours was set.
    """

    def __init__(self, state: Path, clock: Callable[[], float], beat: Callable[[], steady.Beat] = steady.beat) -> None:
        self._folder = Folder(str(state))
        self._clock = clock
        self._beat = beat
        self._parsed: tuple[tuple[int, ...], dict[str, Any]] = ((), {})
        self._mutex = threading.Lock()
        self._unsaved: dict[str, dict[str, Any]] = {}

    def maxima(self) -> Mapping[str, int]:
        """Return the most seconds to ask for, by role ARN, as GetRole told; RefusedFrom where AWS refused so many."""
        return {
            arn: RefusedFrom(entry["most"]) if entry.get("source") == "refused" else entry["most"]
            for arn, entry in self._known_roles().items()
        }

    def read_maximum(self, role_arn: str) -> int | None:
        """Return the role's maximum in seconds where GetRole told it, not a refusal alone; None where it did not."""
        entry = self._known_roles().get(role_arn, {})
        return entry["most"] if entry.get("source") == "read" else None

    def certain(self, role_arn: str, seconds: int) -> bool:
        """Tell whether AWS is known to give so many seconds of the role."""
        return max(self.granted(role_arn), self.read_maximum(role_arn) or 0) >= seconds

    def _known_roles(self) -> dict[str, dict[str, Any]]:
        now = self._clock()
        return {
            arn: entry
            for arn, entry in self._section("roles").items()
            if _whole(entry.get("most")) and _number(entry.get("at")) and 0 <= now - entry["at"] < KEPT
        }

    def granted(self, role_arn: str) -> int:
        """Return the most seconds that AWS ever gave a session of the role, 0 where none is known."""
        most = self._section("roles").get(role_arn, {}).get("granted")
        return most if isinstance(most, int) else 0

    def learn_maximum(self, role_arn: str, most: int, *, read: bool = False) -> None:
        """Remember that ``most`` seconds are the role's maximum, as GetRole says; else that AWS refused so many."""
        granted = self.granted(role_arn)
        if read or granted >= most:
            granted = 0
        source = "read" if read else "refused"
        self._change("roles", role_arn, {"most": most, "source": source, "at": self._clock(), "granted": granted})

    def reader(self, role_arn: str) -> bool | None:
        """Tell whether sessions of a role (its assumed-role ARN) may read roles; None where that is to be tried."""
        entry = self._section("readers").get(role_arn, {})
        if entry.get("can") is True:
            return True
        at: Any = entry.get("at")
        return False if _number(at) and 0 <= self._clock() - cast("float", at) < DENIED_KEPT else None

    def learn_reader(self, role_arn: str, *, can: bool) -> None:
        """Remember whether sessions of a role may read roles."""
        if self.reader(role_arn) is not can:
            self._change("readers", role_arn, {"can": can, "at": self._clock()})

    def learn_granted(self, role_arn: str, seconds: int) -> None:
        """Remember that AWS gave a session of so many seconds."""
        if seconds > self.granted(role_arn):
            self._change("roles", role_arn, {"granted": seconds})

    def caller(self, identity: str, fingerprint: str = "") -> Caller | None:
        """Return whose keys those of ``fingerprint`` are ("" for the last known), or None where it was not learnt."""
        entry = self._section("callers").get(identity)
        if entry is None or (fingerprint and entry.get("fingerprint") != fingerprint):
            return None
        kind = entry.get("kind")
        texts = [entry.get(name, "") for name in ("arn", "account_id", "user", "fingerprint")]
        if not isinstance(kind, str) or kind not in _KINDS or not all(isinstance(text, str) for text in texts):
            return None
        return Caller(identity, cast("CallerKind", kind), *texts)

    def learn_caller(self, caller: Caller) -> None:
        """Remember whose keys an identity's are."""
        names = ("kind", "arn", "account_id", "user", "fingerprint")
        self._change("callers", caller.identity, {name: getattr(caller, name) for name in names})

    def forget_caller(self, identity: str) -> None:
        """Forget whose keys an identity's are."""
        self._change("callers", identity, None)

    @property
    def skew(self) -> float:
        """Seconds that AWS's clock was ahead of ours when it was last seen; 0 where that is not known or long ago."""
        entry = self._section("clock").get("skew", {})
        seconds, at, boot, beat = (cast("Any", entry.get(name)) for name in ("seconds", "at", "boot", "beat"))
        if not (_number(seconds) and seconds and _number(at) and _number(beat) and isinstance(boot, str)):
            return 0.0
        now = self._clock()
        if not 0 <= now - at < SKEW_KEPT or not steady.kept_time(steady.Beat(boot, beat), at, now, self._beat()):
            return 0.0
        return float(seconds)

    def steady(self) -> tuple[float, float]:
        """Return since when and until when all that is in the file is believed, or is not, just as it is now.

        Both are epoch seconds by this machine's clock; what is learnt or forgotten meanwhile changes the file.
        """
        now = self._clock()
        turns = [-math.inf, math.inf]
        for name, kept in (("roles", KEPT), ("clock", SKEW_KEPT)):
            for entry in self._section(name).values():
                at: Any = entry.get("at")
                if _number(at):
                    turns += [at, at + kept]
        return max(turn for turn in turns if turn <= now), min(turn for turn in turns if turn > now)

    def clock_off(self) -> tuple[str, float]:
        """Return what :func:`xswitch.bootclock.kept` judges a difference of the clocks by; "" and 0 without one."""
        entry = self._section("clock").get("skew", {}) if self.skew else {}
        return (entry["boot"], entry["at"] - entry["beat"]) if entry else ("", 0.0)

    def learn_skew(self, seconds: float) -> None:
        """Remember how far the clocks are apart; differences of a few seconds are the network's."""
        if abs(seconds - self.skew) > 5:
            boot, beat = self._beat()
            entry = {"seconds": round(seconds), "at": self._clock(), "boot": boot, "beat": beat}
            self._change("clock", "skew", entry)

    def _section(self, name: str) -> dict[str, dict[str, Any]]:
        found = _entries(self._read().get(name))
        for key, entry in list(self._unsaved.get(name, {}).items()):
            if entry is None:
                found.pop(key, None)
            else:
                found[key] = found.get(key, {}) | entry
        return found

    def _read(self) -> dict[str, Any]:
        """Return what the file holds, for reading alone: parsed once, as long as the file stays the same."""
        import json

        try:
            status = self._folder.status(FILE)
            if status is None:
                return {}
            mark = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            if mark == self._parsed[0]:
                return self._parsed[1]
            content = self._folder.read(FILE)
            found = json.loads(content) if content else {}
            good = isinstance(found, dict) and found.pop("sum", None) in (None, _sum(found))
        except (VaultUnavailable, ValueError, RecursionError):
            return {}
        self._parsed = (mark, found if good else {})
        return self._parsed[1]

    def _change(self, section: str, key: str, entry: dict[str, Any] | None) -> None:
        """Change one entry in the file, under its lock; where that can't be, in this process alone."""
        import json

        with self._mutex:
            self._unsaved.setdefault(section, {})[key] = entry
            try:
                with hold(self._folder, f"{FILE}.lock", timeout=_PATIENCE, purpose="noting what AWS said"):
                    content: dict[str, Any] = {name: self._section(name) for name in _SECTIONS}
                    content["sum"] = _sum(content)
                    self._folder.write(FILE, json.dumps(content, indent=1, sort_keys=True).encode())
                    self._folder.clear_torn(FILE)
            except VaultUnavailable:
                return
            self._unsaved.clear()


def _sum(content: Mapping[str, Any]) -> str:
    """Return a checksum: a flipped bit in a name would be a wrong name in a request."""
    import json

    return f"{crc32(json.dumps(content, sort_keys=True).encode()):08x}"


def _entries(section: object) -> dict[str, dict[str, Any]]:
    if not isinstance(section, dict):
        return {}
    return {key: entry for key, entry in section.items() if isinstance(entry, dict)}


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 900 <= value <= 43200
