"""The installed program under fire: what it exits with, what it says, and that a cancelled call leaves no lock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from authority import Authority
from installed import PROGRAM, Installed, wait_for
from wires import ForwardProxy, Relay, free_port

from xswitch.sandbox import Sandbox, practice

TARGET = "payments-dev/ReadOnly"


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Installed]:
    organization = practice.build(time.time)
    with Sandbox(organization.organization, time.time) as sandbox:
        yield Installed(tmp_path, sandbox, organization)


def failed(done: subprocess.CompletedProcess[str], status: int, words: str) -> None:
    """Check a failure: the status, one line that says what went wrong, and one that says what to do."""
    assert done.returncode == status, done
    assert done.stdout == ""
    said, hint = done.stderr.splitlines()
    assert said.startswith("xswitch: ")
    assert words in said
    assert hint.startswith("  hint: ")


@pytest.mark.parametrize("fault", ["throttle", "fail", "reset", "reset-after", "half"])
def test_one_fault_is_passed_over(person: Installed, fault: str) -> None:
    if fault.startswith("reset"):
        person.sandbox.faults.reset(1, "AssumeRole", after=fault == "reset-after")
    else:
        getattr(person.sandbox.faults, fault)(1, "AssumeRole")
    done = person.exec(TARGET)
    assert done.stdout.startswith(f"{TARGET} ASIA"), done
    assert done.stderr == ""
    assert len(person.made()) == 2


@pytest.mark.parametrize(
    ("fault", "words", "calls"),
    [
        ("fail", "AWS answered 500", 3),
        ("reset", "broke off", 3),
        ("half", "broke off", 3),
        ("garbage", "is not AWS", 1),
    ],
)
def test_faults_without_end_are_exit_7(person: Installed, fault: str, words: str, calls: int) -> None:
    getattr(person.sandbox.faults, fault)(None, "AssumeRole")
    failed(person.exec(TARGET), 7, words)
    assert len(person.made()) == calls
    person.sandbox.faults.clear()
    assert person.exec(TARGET).returncode == 0


def test_throttling_without_end_is_exit_7(person: Installed) -> None:
    person.sandbox.faults.throttle(None, "AssumeRole")
    failed(person.exec(TARGET), 7, "kept throttling")
    assert len(person.made()) == 3


def test_nobody_listens(person: Installed) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    failed(person.exec(TARGET, AWS_ENDPOINT_URL=url), 7, f"AWS can't be reached at {url}, for {TARGET}")


def test_a_disabled_region_is_answered_for_by_the_main_one(person: Installed) -> None:
    person.sandbox.faults.disable_region("eu-west-1")
    assert person.exec(TARGET).returncode == 0
    opened = [(call.region, call.outcome) for call in person.sandbox.calls if call.action == "AssumeRole"]
    assert opened == [("eu-west-1", "RegionDisabledException"), ("us-east-1", "ok")]
    person.sandbox.faults.disable_region("us-east-1")
    failed(person.exec("payments-staging/ReadOnly"), 4, "switched off")


@pytest.mark.parametrize("login", ["", "ada:s3cret-of-proxy"])
def test_a_forward_proxy(person: Installed, login: str) -> None:
    with ForwardProxy(login) as proxy:
        named = proxy.url.replace("//", f"//{login}@" if login else "//")
        assert person.exec(TARGET, HTTP_PROXY=named).returncode == 0
        assert proxy.seen == [f"POST {person.sandbox.url}/ HTTP/1.1"]
        assert person.exec("payments-staging/ReadOnly", HTTP_PROXY=named, NO_PROXY="127.0.0.1").returncode == 0
        assert len(proxy.seen) == 1
    done = person.exec("web-dev/PowerUser", HTTP_PROXY=named)
    failed(done, 7, "the proxy can't be reached")
    assert "s3cret" not in done.stderr


def test_a_private_authority(tmp_path: Path, authority: Authority, bundle: Path) -> None:
    organization = practice.build(time.time)
    context = authority.server("127.0.0.1")
    with Sandbox(organization.organization, time.time, ssl_context=context) as sandbox:
        person = Installed(tmp_path / "home", sandbox, organization)
        failed(person.exec(TARGET), 7, "is not trusted")
        failed(person.exec(TARGET, AWS_CA_BUNDLE=str(tmp_path / "none")), 3, "can't be read")
        assert person.exec(TARGET, AWS_CA_BUNDLE=str(bundle)).returncode == 0
        other = sandbox.url.replace("127.0.0.1", "localhost")
        failed(person.exec(TARGET, AWS_CA_BUNDLE=str(bundle), AWS_ENDPOINT_URL=other), 7, "is another host's")
        with ForwardProxy() as proxy:
            assert person.exec(TARGET, AWS_CA_BUNDLE=str(bundle), https_proxy=proxy.url).returncode == 0
            assert not proxy.seen, "the session is live"
            done = person.exec("payments-staging/ReadOnly", AWS_CA_BUNDLE=str(bundle), https_proxy=proxy.url)
            assert done.returncode == 0
            assert proxy.seen == [f"CONNECT {sandbox.url.removeprefix('https://')} HTTP/1.1"]


def test_the_loopback_of_ipv6_and_a_path(person: Installed) -> None:
    with Relay(int(person.sandbox.url.rpartition(":")[2]), "::1") as relay:
        done = person.exec(TARGET, AWS_ENDPOINT_URL=f"{relay.url}/aws/")
    assert done.returncode == 0, done


def test_settings_that_can_t_work_are_said(person: Installed) -> None:
    failed(person.exec(TARGET, AWS_ENDPOINT_URL="127.0.0.1"), 2, "AWS_ENDPOINT_URL is not an address")
    failed(person.exec(TARGET, HTTP_PROXY="socks5://127.0.0.1:1"), 3, "HTTP_PROXY: it is no proxy")
    failed(person.run("exec", TARGET, "--region", "mars 1", "--", "true"), 2, "not the name of a region")


# ── cancelled


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_cancelled_call_leaves_no_lock(person: Installed, number: signal.Signals, status: int) -> None:
    person.sandbox.faults.slow(60, 1, "AssumeRole")
    first = person.start(TARGET)
    wait_for(lambda: not person.sandbox.faults.waiting, "AWS is at work on the call")
    assert person.locks()
    began = time.monotonic()
    first.send_signal(number)
    out, said = first.communicate(timeout=30)
    assert (first.returncode, out) == (status, "")
    assert said == ("xswitch: cancelled\n" if number == signal.SIGINT else "")
    assert time.monotonic() - began < 9, "it did not wait for the answer"
    done = person.exec(TARGET)
    assert done.stdout.startswith(f"{TARGET} ASIA"), done
    assert time.monotonic() - began < 20, "nobody waited for a lock"


def _waits_for(person: Installed, process: subprocess.Popen[str], lock: Path) -> bool:
    folder = Path(f"/proc/{process.pid}/fd")
    with_lock = False
    for entry in folder.iterdir():
        try:
            with_lock |= os.readlink(entry) == str(lock)
        except FileNotFoundError:
            continue
    return with_lock


def test_one_that_was_cancelled_while_it_waited_for_the_lock_disturbs_nobody(person: Installed) -> None:
    person.sandbox.faults.slow(60, 1, "AssumeRole")
    holder = person.start(TARGET)
    wait_for(lambda: not person.sandbox.faults.waiting, "AWS is at work on the call")
    (lock,) = person.locks()
    waiting = person.start(TARGET)
    wait_for(lambda: _waits_for(person, waiting, lock), "the second waits")
    waiting.send_signal(signal.SIGINT)
    assert waiting.communicate(timeout=30) == ("", "xswitch: cancelled\n")
    assert waiting.returncode == 130
    assert holder.poll() is None
    third = person.start(TARGET)
    wait_for(lambda: _waits_for(person, third, lock), "the third waits")
    holder.send_signal(signal.SIGTERM)
    holder.communicate(timeout=30)
    assert holder.returncode == 143
    assert third.communicate(timeout=60) == ("RAN\n", "")
    assert person.made() == ["ok"]


# ── what is loaded


def test_a_switch_loads_no_client_of_aws(person: Installed) -> None:
    argv = [sys.executable, "-X", "importtime", PROGRAM, "exec", TARGET, "--", "true"]
    done = subprocess.run(argv, env=person.environ, capture_output=True, text=True, timeout=120, check=True)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert person.made() == ["ok"]
    assert "xswitch" in loaded
    assert not loaded & {"boto3", "botocore", "urllib3", "keyring", "textual", "asyncio", "email", "ssl", "certifi"}
    assert not modules & {"http.client", "urllib.request", "xml.etree", "encodings.idna"}
