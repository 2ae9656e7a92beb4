"""`identity login` and `identity logout` by the installed program on a terminal."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from login_home import LoginHome


@pytest.fixture
def home(xswitch: str, newcomer: dict[str, str], tmp_path: Path) -> Iterator[LoginHome]:
    made = LoginHome(xswitch, newcomer, tmp_path / "practice")
    yield made
    made.close()


def test_a_login_in_the_browser_and_a_logout(home: LoginHome) -> None:
    handed = {"XSWITCH_PASSPHRASE": "hidden words", "XSWITCH_MFA_CODE": "482913"}
    with home.terminal("identity", "login", "corp", **handed) as screen:
        assert screen.end() == 0, screen.text()
        said = screen.text()
    assert "Sign in to acme.awsapps.com in the browser" in said
    assert re.search(
        r"signed in to corp; the token ends at \d\d:\d\d( tomorrow)? \(in (1h|59m)\), and renews itself", said
    )
    address, _, names = Path(f"{home.script}.seen").read_text().partition(" ")
    assert address in said.replace("\n", "")
    assert "XSWITCH_HOME" in names
    assert "MFA_CODE" not in names
    assert "PASSPHRASE" not in names
    assert "You can go back to the terminal" in Path(f"{home.script}.page").read_text()
    data = home.data()
    assert home.file.stat().st_mode & 0o777 == 0o600
    assert not [
        name for name, value in data.items() if name.endswith(("Token", "Secret")) and value in screen.raw.decode()
    ]
    assert home.expires() == data["expiresAt"]
    assert home.expires("central") is None
    assert "renews itself" in home.works("xswitch", "identity", "list")
    out = home.run("xswitch", "identity", "logout", "corp", "--json")
    assert json.loads(out.stdout) == {"name": "corp", "signed_out": True, "told_aws": True}
    assert not home.file.exists()
    assert home.calls("Logout") == 1
    assert home.expires() is None
    assert "nobody was signed in to corp" in home.works("xswitch", "identity", "logout", "corp")


@pytest.mark.parametrize(
    ("arguments", "environ"), [(["--device"], {}), ([], {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"})]
)
def test_a_login_by_a_code_opens_no_browser(home: LoginHome, arguments: list[str], environ: dict[str, str]) -> None:
    with home.terminal("identity", "login", "corp", "--json", *arguments, **environ) as screen:
        code = screen.wait(r"shows this code: +(\w{4}-\w{4})")[1]
        screen.wait("Waiting for you there, 10m at most")
        assert home.directory.decide(code, allow=True)
        assert screen.end() == 0, screen.text()
        said = screen.text()
    found = json.loads(said[said.index("{") : said.index("}") + 1])
    assert found == {"name": "corp", "expires": home.data()["expiresAt"], "renewable": True}
    assert not Path(f"{home.script}.seen").exists()


def test_ctrl_c_gives_up_and_leaves_nothing(home: LoginHome) -> None:
    home.environ["BROWSER"] = "true"
    with home.terminal("identity", "login", "corp") as screen:
        screen.wait("Ctrl-C gives up")
        screen.send("\x03")
        assert screen.end() == 130, screen.text()
        assert "xswitch: cancelled" in screen.text()
    assert [path.name for path in (home.home / ".aws" / "sso" / "cache").iterdir()] == []
    with home.terminal("identity", "login", "corp", "--device") as screen:
        screen.wait("Ctrl-C gives up")
        screen.process.kill(signal.SIGINT)
        assert screen.end() == 130, screen.text()
    assert not home.file.exists()


def test_who_can_not_be_signed_in(home: LoginHome) -> None:
    home.fails(5, "a person", "xswitch", "identity", "login", "corp")
    with home.terminal("identity", "login", "corp", "--no-input") as screen:
        assert screen.end() == 5, screen.text()
    wrong = home.fails(2, "central is of kind keys", "xswitch", "identity", "login", "central")
    assert "xswitch identity add central" in wrong.stderr
    wrong = home.fails(1, "no identity nobody", "xswitch", "identity", "login", "nobody")
    assert "corp" in wrong.stderr
    home.fails(2, "kind keys", "xswitch", "identity", "logout", "central")
    assert not home.sandbox.calls
    assert not (home.home / ".aws").exists()


def test_a_declined_login_and_one_that_aws_can_not_be_reached_for(home: LoginHome) -> None:
    home.directory.consent = "refused"
    with home.terminal("identity", "login", "corp", "--json") as screen:
        assert screen.end() == 130, screen.text()
        assert '"message": "the login was declined in the browser"' in screen.text()
    home.faults.throttle(None, "RegisterClient")
    with home.terminal("identity", "login", "corp") as screen:
        assert screen.end() == 7, screen.text()
        assert "kept throttling" in screen.text()
    assert not home.file.exists()
