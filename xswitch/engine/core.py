"""The headless core: everything that the command line and the TUI do, they do through :class:`Engine`.

It knows the clock, the environment and the folders; it writes nothing to a terminal and asks only through a
:class:`~xswitch.session.model.Person`. Methods that may call AWS, the keyring or a helper program say that they block;
the TUI calls those in a thread.
"""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from xswitch.catalog import Catalog, Environment, Target
from xswitch.engine.left import SDK_PATIENCE
from xswitch.errors import Denied, PersonNeeded, VaultUnavailable
from xswitch.paths import Paths
from xswitch.preferences import Preferences
from xswitch.session.model import GuardAnswer, Options, Person, Plan, Session

if TYPE_CHECKING:
    from xswitch.catalog import Identity
    from xswitch.credentials import Credentials
    from xswitch.engine.board import Board
    from xswitch.engine.own_keys import OwnKeys
    from xswitch.engine.people import People
    from xswitch.engine.renewing import Kept
    from xswitch.engine.switch import Switch
    from xswitch.engine.views import Ended, IdentityView, Live, Outlook, Practice
    from xswitch.govern.denial import Explanation
    from xswitch.secret import Secret
    from xswitch.session.broker import Seen
    from xswitch.shell.environment import Look
    from xswitch.vault import Vault


class Engine:
    """One person's xswitch on one machine."""

    def __init__(self, paths: Paths, environ: Mapping[str, str], clock: Callable[[], float]) -> None:
        self.paths = paths
        self.environ = environ
        self.clock = clock
        self.unattended = False
        """Nobody is there: the vault's keyring opens no window to ask for its password."""
        self.asked = Options()
        """What a switch asks for where it is not told otherwise."""
        self.given = GuardAnswer()
        """What was said of guards before anybody was asked: an account's name, a reason; "" where nothing was."""
        self._person: Person | None = None

    def now(self) -> float:
        """Return AWS's time in epoch seconds: this machine's, corrected where AWS's last answer showed it to be off."""
        return self.people.broker.now()

    @property
    def skew(self) -> float:
        """Seconds that AWS's clock is ahead of this machine's, as it was last seen; 0 where that is not known."""
        return self.people.broker.skew

    # What there is

    @cached_property
    def preferences(self) -> Preferences:
        """The person's preferences. Raises InvalidConfig."""
        from xswitch.preferences import load

        return load(self.paths)

    @property
    def first_run(self) -> bool:
        """Tell whether there is no catalog at all yet."""
        from xswitch.catalog import is_first_run

        return is_first_run(self.paths)

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog, read once. Raises InvalidConfig."""
        from xswitch.catalog import load

        return load(self.paths)

    def resolve(self, text: str) -> Target:
        """Return the target that ``text`` names exactly. Raises NoSuchTarget, InvalidConfig."""
        from xswitch.catalog import resolve

        return resolve(self.catalog, text)

    def guards(self, environment: str) -> bool:
        """Tell whether the environment of that name is guarded."""
        found = self.environment_named(environment)
        return found is not None and found.guarded

    def environment_named(self, name: str) -> Environment | None:
        """Return an environment by its name; a role that the catalog does not hold has one of its own."""
        from xswitch.catalog import UNLISTED

        return UNLISTED if name == UNLISTED.name else self.catalog.environments.get(name)

    def environment_of(self, target: Target) -> Environment | None:
        """Return the environment whose guard and colours hold for ``target``."""
        return self.catalog.environment_of(target)

    def pins(self) -> tuple[str, ...]:
        """Return the names of the pinned targets, in the order they were pinned."""
        from xswitch.catalog import pins

        return pins.load(self.paths.state / "pins.json")

    def toggle_pin(self, target: str) -> bool:
        """Pin or unpin a target; return whether it is pinned now. Raises VaultUnavailable."""
        from xswitch.catalog import pins

        try:
            return pins.toggle(self.paths.state / "pins.json", target)
        except OSError as error:
            raise VaultUnavailable(f"the pin can't be written: {error.strerror}", str(self.paths.state)) from None

    def visits(self) -> Mapping[str, tuple[float, int, float]]:
        """Return, for each visited target, its frecency sum, its number of visits and when the last one was."""
        from xswitch.catalog import visits

        return visits.load(self.paths.state / "visits.json")

    # What is live

    @cached_property
    def _board(self) -> Board:
        from xswitch.engine.board import Board

        return Board(self)

    def live(self) -> tuple[Live, ...]:
        """Return the live sessions, soonest to end first. Does not block."""
        return self._board.live()

    def ended(self) -> tuple[Ended, ...]:
        """Return sessions that ended within the last hour, latest first. Does not block."""
        return self._board.ended()

    def end(self, target: str) -> int:
        """Forget the sessions of ``target`` here; return how many. AWS honours them to their end. Does not block."""
        return self._board.end(target)

    def restore(self, target: str) -> bool:
        """Bring back what :meth:`end` forgot less than half a minute ago; return whether it could."""
        return self._board.restore(target)

    # A switch

    def plan(self, target: Target, options: Options | None = None) -> Plan:
        """Say which calls will open ``target``. Does not block. Raises Usage, NoSuchTarget."""
        return self.people.plan(target, options or self.asked)

    def outlook(self, target: Target, options: Options | None = None) -> Outlook:
        """Say what opening ``target`` will do. Does not block."""
        return self._board.outlook(self.plan(target, options))

    def open(
        self,
        plan: Plan,
        person: Person,
        *,
        fresh: bool = False,
        min_left: int = 0,
        strict: bool = True,
        seen: Seen | None = None,
    ) -> Session:
        """Pass the guard, get the session (``fresh``: a new one even if one is live), check it, log it. Blocks.

        ``min_left`` is the number of seconds that the session has to have left; unless ``strict``, a new one that AWS
        gave for less will do. ``seen`` is what :meth:`seen` told before it was found that a new one is due: what others
        opened since will do. Raises any of :mod:`xswitch.errors`.
        """
        self._person = person
        return self._switch.open(plan, person, fresh=fresh, min_left=min_left, strict=strict, seen=seen)

    def seen(self, plan: Plan) -> Seen | None:
        """Return what there is of a plan now, for :meth:`open`; None where it is not known yet who calls."""
        return self.people.seen(plan)

    def serve(self, plan: Plan, person: Person, *, patience: float = SDK_PATIENCE) -> Session:
        """Return a session for an SDK: a live one with 15 minutes left, a new one, or what is left of the old. Blocks.

        ``patience`` is how many seconds to wait for another process that opens the same. Raises as :meth:`open` does.
        """
        self._person = person
        return self._switch.serve(plan, person, patience=patience)

    def keep(self, plan: Plan, person: Person, alone: Person, *, min_left: int = 0) -> Kept:
        """Open ``plan`` so that it is renewed while a program runs; ``alone`` stands for the person from then on.

        Blocks. Raises what :meth:`open` does, and PersonNeeded where the first renewal would need a person already.
        """
        from xswitch.engine.renewing import Hands, keep

        hands = Hands(self.people, self._switch.renewed, self._look)
        kept = keep(self, hands, plan, person, alone, min_left=min_left)
        self._person = alone
        return kept

    def newer(self, plan: Plan, person: Person, since: float) -> Session | None:
        """Return the session in the vault if it ends after ``since`` (epoch seconds), within a live grant. Blocks.

        Neither AWS nor the person is asked, but for the vault's passphrase. Raises VaultUnavailable.
        """
        self._person = person
        return self.people.newer(plan, since)

    def explain(self, denied: Denied, plan: Plan) -> Explanation:
        """Explain a denial, from AWS's answer and from what was sent. Does not block."""
        from xswitch.govern.denial import explain

        return explain(denied, plan, now=self.now())

    def change_for(self, denied: Denied, plan: Plan) -> str:
        """Return the smallest change that would mend a denial, in a line; its own hint where that can't be told."""
        from xswitch.govern.denial import smallest_change

        return smallest_change(denied, plan)

    # What a session is given to

    def shell(
        self,
        session: Session,
        program: str = "",
        options: Options | None = None,
        typed: str = "",
        *,
        ending: Callable[[int], None] | None = None,
    ) -> int:
        """Run a subshell with the session injected, on this process's terminal; return its exit status. Blocks.

        ``options`` and ``typed``, the TARGET as the person wrote it, are those that the session was opened with.
        ``ending`` is called with signals that asked this process to end meanwhile, and reached the shell.
        """
        from xswitch.shell import detect, launch
        from xswitch.shell.again import Again

        found = detect.find(program, self.environ)
        state = self.paths.state
        again = Again.of(session, options or self.asked, typed, state)
        return launch.subshell(
            found,
            session,
            self.environ,
            self._look(session),
            state=state,
            clock=self.clock,
            again=again,
            ending=ending,
        )

    def run(self, session: Session, command: list[str]) -> int:
        """Become ``command`` with the session injected. Raises NotFound, NotExecutable."""
        from xswitch.shell import launch

        launch.command(command, session, self.environ, self._look(session), state=self.paths.state, clock=self.clock)

    def environment_text(self, session: Session, form: str, *, renews: bool = False, quietly: bool = False) -> str:
        """Return assignments for ``form`` (bash, zsh, fish, powershell, dotenv, docker, json). Holds secrets.

        ``renews`` where the shell has a session of the same target, ``quietly`` where its person did not ask for it.
        """
        from xswitch.shell.environment import changes, in_place, text

        look = self._look(session)
        made = (
            in_place(session, self.environ, look, quietly=quietly) if renews else changes(session, self.environ, look)
        )
        return text(form, made)

    def _look(self, session: Session) -> Look:
        from xswitch.shell.environment import Look

        environment = self.environment_named(session.environment)
        skew = round(self.now() - self.clock())
        return Look.of(environment, self.preferences.theme, skew)

    # Who opens it, and with which key

    @cached_property
    def os_user(self) -> str:
        """The person's name on this machine."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return "unknown"

    @cached_property
    def host(self) -> str:
        """This machine's name."""
        return socket.gethostname()

    @cached_property
    def vault(self) -> Vault:
        """The vault; it touches nothing before it is used."""
        from xswitch.vault import open_vault

        return open_vault(
            self.paths,
            self.environ,
            kernel_keyring=self.preferences.kernel_keyring,
            plaintext_key=self.preferences.plaintext_key,
            ask=None if self.unattended else self._ask_passphrase,
            note=self.note,
        )

    @cached_property
    def people(self) -> People:
        """Who opens sessions: for the rest of the engine."""
        from xswitch.engine.people import People

        return People(self)

    @cached_property
    def _switch(self) -> Switch:
        from xswitch.engine.switch import Switch

        return Switch(self)

    def credentials_of(self, identity: Identity, person: Person) -> Credentials:
        """Return an identity's own credentials, for calls that are no switch. Blocks; raises as :meth:`open` does."""
        self._person = person
        return self.people.own_credentials(identity)

    def _ask_passphrase(self, first: bool) -> str:
        try:
            if self._person is None:
                raise PersonNeeded("nobody")
            return self._person.passphrase(first=first)
        except PersonNeeded:
            raise VaultUnavailable(
                "the vault wants its passphrase, and nobody can be asked",
                "set XSWITCH_PASSPHRASE, or run it in a terminal",
            ) from None

    def note(self, words: str) -> None:
        """Tell whoever is asked at present what is being waited for, or what came of it."""
        if self._person is not None:
            self._person.note(words)

    def lock(self) -> None:
        """Forget the vault's key, here and in the kernel keyring."""
        self.vault.forget_key()

    def identities(self) -> tuple[IdentityView, ...]:
        """Return the identities of the catalog and what is known of each. Does not block."""
        return self.people.identities()

    def own_keys(self, person: Person) -> OwnKeys:
        """Return what keeps, rotates and forgets the person's access keys and external ids. ``person`` is asked."""
        from xswitch.engine.own_keys import OwnKeys

        self._person = person
        return OwnKeys(self, person)

    def store_identity(self, name: str, access_key_id: str, secret: Secret, arn: str) -> None:
        """Keep an access key whose owner is known to be ``arn``, without asking AWS."""
        self.people.keep(name, access_key_id, secret, arn)

    def remove_identity(self, name: str) -> None:
        """Forget the key of an identity. Raises NoSuchTarget."""
        self.people.remove(name)

    def store_secret(self, name: str, value: Secret) -> None:
        """Keep a value that the catalog refers to by ``{ vault = name }``."""
        self.people.store_secret(name, value)

    def practice(self) -> Practice | None:
        """Return what the practice authenticator shows, or None outside the demo. Blocks briefly (loopback)."""
        from xswitch.engine.practice import authenticator

        return authenticator(self.environ)
