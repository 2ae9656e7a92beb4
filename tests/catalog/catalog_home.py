"""An XSWITCH_HOME with a catalog, for the tests of this room."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from xswitch.catalog import Catalog, check, load
from xswitch.errors import InvalidConfig, Problem
from xswitch.paths import Paths

HEAD = """\
version = 1
[defaults]
identity = "central"
[identities.central]
kind = "keys"
account_id = "111122223333"
mfa_serial = "arn:aws:iam::111122223333:mfa/ada"
[environments.prod]
confirm = "type"
"""


def late() -> int:
    """A clock at which no file that exists is young any more."""
    return time.time_ns() + 10**10


@dataclass
class Home:
    """An XSWITCH_HOME of its own."""

    paths: Paths

    def write(self, text: str | bytes, name: str = "catalog.toml") -> Path:
        """Write a file of the catalog; ``name`` is relative to the folder of the configuration, or absolute."""
        path = self.paths.config / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def share(self, name: str, text: str, file: str = "catalog.toml") -> Path:
        return self.write(text, str(self.paths.state / "shared" / name / "current" / file))

    def load(self, clock: Callable[[], int] = late) -> Catalog:
        return load(self.paths, clock=clock)

    def problems(self) -> list[Problem]:
        """What ``load`` says is wrong; it is the same that ``check`` says."""
        with pytest.raises(InvalidConfig) as raised:
            self.load()
        problems = raised.value.problems
        assert check(self.paths)[0] == problems
        assert all(str(problem).isprintable() and "\n" not in problem.hint for problem in problems)
        return list(problems)

    def warnings(self) -> list[tuple[int | None, str]]:
        errors, warnings = check(self.paths)
        assert errors == ()
        return [(problem.line, problem.message) for problem in warnings]

    def names(self) -> list[str]:
        return [target.name for target in self.load().targets]
