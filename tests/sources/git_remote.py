"""A repository that any address leads to, over an ssh that is a script: for tests that run no server."""

from __future__ import annotations

import os
from pathlib import Path

from git_server import repository

from xswitch.sources import git

URL = "ssh://git@host.example/team/catalog.git"


class Remote:
    """A repository and the environment in which an address of any host leads to it."""

    def __init__(self, folder: Path) -> None:
        root = folder / "repositories"
        root.mkdir()
        self.work = repository(root, "catalog")
        self.bare = root / "catalog.git"
        self.store = folder / "store"
        self.ssh = folder / "ssh"
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_SSH_COMMAND": str(self.ssh)}
        self.answer(f"exec git-upload-pack {self.bare}")

    def answer(self, script: str) -> None:
        self.ssh.write_text(f'#!/bin/sh\ncase "$1" in -G) exit 1 ;; esac\n{script}\n')
        self.ssh.chmod(0o755)

    def fetch(self, *, ask: bool = False) -> git.Fetched:
        return git.fetch(URL, "", self.store, self.environ, ask=ask)
