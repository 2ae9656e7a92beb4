"""A person whose company has IAM Identity Center, with the installed program and a browser that is a script."""

from __future__ import annotations

import json
import shutil
import sys
from hashlib import sha1
from pathlib import Path
from typing import Any

from practice_home import PracticeHome
from terminal import Terminal

CATALOG = """
[identities.corp]
kind = "sso"
sso_session = "acme"
start_url = "https://acme.awsapps.com/start"
sso_region = "eu-west-1"
"""
BROWSER = """\
import os, sys, urllib.request
with open(sys.argv[0] + ".seen", "a") as seen:
    print(sys.argv[1], sorted(name for name in os.environ if name.startswith("XSWITCH")), file=seen)
page = urllib.request.urlopen(sys.argv[1]).read().decode()
open(sys.argv[0] + ".page", "w").write(page)
"""
CONFIG = """\
[default]
sso_session = acme
sso_account_id = 555566667777
sso_role_name = ViewOnly
region = eu-west-1
[sso-session acme]
sso_region = eu-west-1
sso_start_url = https://acme.awsapps.com/start
"""
VIEWER = "arn:aws:sts::555566667777:assumed-role/AWSReservedSSO_ViewOnly_"


class LoginHome(PracticeHome):
    """Tokens lie in the person's own ``~/.aws``; nobody's keyring is asked."""

    def __init__(self, program: str, environ: dict[str, str], folder: Path) -> None:
        super().__init__(environ, folder)
        self.program = program
        self.directory = self.practice.organization.directory
        self.directory.poll_seconds = 1
        self.home = Path(environ["HOME"])
        self.script = folder / "browser.py"
        self.script.write_text(BROWSER)
        self.environ |= {"BROWSER": f"{sys.executable} {self.script}", "XSWITCH_PRACTICE": ""}
        catalog = self.paths.catalog_file
        catalog.write_text(catalog.read_text() + CATALOG)
        self.aws_config.write_text(CONFIG)

    def close(self) -> None:
        super().close()
        shutil.rmtree(self.home / ".aws", ignore_errors=True)

    @property
    def file(self) -> Path:
        return self.home / ".aws" / "sso" / "cache" / f"{sha1(b'acme').hexdigest()}.json"

    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text())
        return found

    def terminal(self, *arguments: str, **environ: str) -> Terminal:
        return Terminal([self.program, *arguments], self.environ | environ, columns=160)

    def sign_in(self) -> None:
        with self.terminal("identity", "login", "corp") as screen:
            assert screen.end() == 0, screen.text()

    def expires(self, name: str = "corp") -> str | None:
        found = json.loads(self.works("xswitch", "identity", "list", "--json"))
        expires: str | None = next(one["expires"] for one in found if one["name"] == name)
        return expires
