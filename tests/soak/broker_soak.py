"""Sessions: processes that serve and renew them as the installed program does, on an AWS that fails, while they are killed.

AWS is a process of its own. A session that was handed over and kept is noted in shared memory: from then on that role is
served by it or by one that was opened later, until its last quarter of an hour; and at the end AWS says of each key
whether it issued it, and for which role.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import time
from pathlib import Path
from random import Random

import fire
from board import Board
from crew import FAULTS, REFUSED, Crew

from xswitch.cli.demo import isolated
from xswitch.cli.person import Nobody
from xswitch.engine import Engine
from xswitch.errors import Unreachable, VaultUnavailable
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox, practice
from xswitch.secret import Secret
from xswitch.session.model import Session

TARGETS = (
    "web-dev/PowerUser",
    "web-dev/ReadOnly",
    "payments-dev/Admin",
    "payments-staging/ReadOnly",
    "identity-hub/Hub",
)
WORKERS = 6
_FAILURES = ("throttle", "fail", "unavailable", "garbage", "half", "reset", "reset-after", "slow")


class Aws:
    """The practice organization in a process of its own, with failures lying in wait from time to time."""

    def __init__(self, place: Path, seed: str) -> None:
        self._place = place
        self._asked, self._ask = os.pipe()
        self._told, tell = os.pipe()
        self._pid = fire.fork(lambda: self._serve(tell, Random(f"{seed} aws")))
        os.close(tell)
        self.facts = self._answer()

    def judged(self) -> dict[str, int]:
        """End it; return how many calls and failures there were, and how many keys it never issued for their role."""
        os.close(self._ask)
        found: dict[str, int] = self._answer()
        assert fire.join(self._pid) == 0, "the sandbox has a fault"
        return found

    def _answer(self) -> dict[str, object]:
        with os.fdopen(os.dup(self._told), encoding="utf-8") as answers:
            return json.loads(answers.readline())

    def _serve(self, tell: int, random: Random) -> None:
        signal.alarm(0)
        os.close(self._ask)
        made = practice.build()
        failures = 0
        with Sandbox(made.organization) as sandbox:
            key, secret = made.user_access_key
            facts = {
                "url": sandbox.url,
                "catalog": made.catalog_toml(),
                "key": key,
                "secret": secret,
                "arn": made.caller_arn,
            }
            os.write(tell, json.dumps(facts).encode() + b"\n")
            due = 5
            while not select.select([self._asked], [], [], 0.02)[0]:
                if len(sandbox.calls) >= due:
                    due = len(sandbox.calls) + random.randint(2, 12)
                    _lie_in_wait(sandbox, random)
                    failures += 1
            sandbox.faults.clear()
            assert sandbox.crashes == []
            issued = {key: session.owner for key, session in made.organization.sessions.items()}
        wrong = 0
        for line in (self._place / "handed-over").read_text().splitlines():
            key, arn = line.split()
            wrong += issued.get(key) != arn
        os.write(tell, json.dumps({"calls": len(sandbox.calls), "failures": failures, "wrong": wrong}).encode() + b"\n")


def _lie_in_wait(sandbox: Sandbox, random: Random) -> None:
    faults, kind, times = sandbox.faults, random.choice(_FAILURES), random.randint(1, 3)
    match kind:
        case "throttle":
            faults.throttle(times)
        case "fail":
            faults.fail(times)
        case "unavailable":
            faults.fail(times, status=503)
        case "garbage":
            faults.garbage(times)
        case "half":
            faults.half(times)
        case "reset" | "reset-after":
            faults.reset(times, after=kind == "reset-after")
        case _:
            faults.slow(random.uniform(0.05, 0.5), times)


class BrokerSoak:
    """One home, its AWS, and the oracle of its sessions."""

    def __init__(self, home: Path, seed: str) -> None:
        home.mkdir()
        self.kept = Board(len(TARGETS), WORKERS)
        self.crew = Crew(WORKERS, seed, 0.8, self.work)
        self.aws = Aws(home, seed)
        self._log = home / "handed-over"
        self._log.touch()
        self._environ = isolated(dict(os.environ), home, str(self.aws.facts["url"]), "")
        self._paths = Paths.of(self._environ)
        self._paths.config.mkdir(parents=True)
        self._paths.catalog_file.write_text(str(self.aws.facts["catalog"]))
        self._paths.preferences_file.write_text("plaintext_key = true\nkernel_keyring = false\n")
        facts = self.aws.facts
        self._engine().store_identity("central", str(facts["key"]), Secret(str(facts["secret"])), str(facts["arn"]))

    def run(self, seconds: float) -> dict[str, int]:
        """Work for so long; return what AWS says of it. Raises AssertionError where something is wrong."""
        self.crew.run(seconds)
        found = self.aws.judged()
        vault = self._engine().vault
        vault.sweep(time.time())
        assert vault.damaged() == ()
        assert not fire.leftovers(self._paths.vault)
        assert found["wrong"] == 0, "a key that AWS never issued for that role was handed over"
        return found

    def work(self, place: int, random: Random) -> None:
        """Serve or renew one session, in some cases on a disk that fails or until it is killed."""
        number = random.randrange(len(TARGETS))
        fresh = random.random() < 0.15
        point = random.randrange(120)
        least = max(self.kept.get(number, worker) for worker in range(WORKERS))
        engine = self._engine()
        plan = engine.plan(engine.resolve(TARGETS[number]))

        def serve() -> Session:
            return engine.open(plan, Nobody(), fresh=True) if fresh else engine.serve(plan, Nobody())

        failing = False
        try:
            match random.choices(("plain", "fail", "die"), (75, 12, 13))[0]:
                case "plain":
                    session = serve()
                case "fail":
                    failing = True
                    with fire.failing(point, random.choice((errno.ENOSPC, errno.EROFS, errno.EIO))) as faults:
                        session = serve()
                    self.crew.tally.add(place, FAULTS, bool(faults.failed))
                case _:
                    with fire.dying(point):
                        session = serve()
        except (Unreachable, VaultUnavailable) as error:
            assert failing or isinstance(error, Unreachable), "the vault failed on a disk that works"
            self.crew.tally.add(place, REFUSED)
            self.crew.tally.add(place, FAULTS, failing)
            return
        self._judge(session, number, least, plan.target.arn)
        if session.kept:
            self.kept.put(number, session.issued, place)

    def _judge(self, session: Session, number: int, least: float, arn: str) -> None:
        role = arn.rpartition("/")[2]
        assert session.target == TARGETS[number]
        assert session.arn.startswith(f"arn:aws:sts::{arn.split(':')[4]}:assumed-role/{role}/"), "another role"
        assert session.expires - time.time() > 900, "a session that is about to end"
        assert session.issued >= least or not session.kept, (
            f"the session of {session.target} is lost: an older one came"
        )
        assert session.kept or not session.fresh or session.issued > least - 60
        line = f"{session.credentials.access_key_id} {arn}\n".encode()
        descriptor = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def _engine(self) -> Engine:
        return Engine(self._paths, self._environ, time.time)
