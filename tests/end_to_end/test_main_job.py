"""The main job, as a stranger does it: pick, confirm, give a code, work in a shell, watch the time."""

from __future__ import annotations

import json
import re

import pytest
from terminal import Terminal


def test_a_stranger_opens_production(xswitch: str, newcomer: dict[str, str]) -> None:
    with Terminal([xswitch, "demo"], newcomer) as screen:
        screen.wait("Search accounts")
        screen.send("payments prod deploy")
        screen.wait(r"❯ payments-prod\s+Deploy\s+PROD")
        screen.send("\r")
        screen.wait("Type the account's name")
        screen.send("payments-prod\tfirst look\r")
        code = screen.wait(r"authenticator\D+(\d{3}) ?(\d{3})")
        screen.send(code[1] + code[2])
        screen.wait(r"PROD.* payments-prod/Deploy (1h|59m)")
        screen.send("aws sts get-caller-identity --query Arn --output text\r")
        screen.wait(r"^arn:aws:sts::444455556666:assumed-role/Deploy/ada$")
        screen.send("exit\r")
        screen.wait("Search accounts")
        screen.send("\x13")
        screen.wait(r"payments-prod/Deploy\s+(59m|1h)")
        screen.send("\x1b")
        screen.wait("Search accounts")
        screen.send("\x1b")
        assert screen.end() == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_exec_runs_the_aws_cli_as_the_role(xswitch: str, newcomer: dict[str, str], shell: str) -> None:
    call = "aws sts get-caller-identity --output json"
    argv = [xswitch, "demo", "--", "exec", "payments-staging/ReadOnly", "--", shell, "-c", call]
    with Terminal(argv, newcomer) as screen:
        assert screen.end() == 0, screen.text()
        answer = json.loads(re.search(r"\{.*\}", screen.text(), re.DOTALL)[0])  # type: ignore[index]
        assert answer["Account"] == "555566667777"
        assert answer["Arn"].startswith("arn:aws:sts::555566667777:assumed-role/ReadOnly/")
