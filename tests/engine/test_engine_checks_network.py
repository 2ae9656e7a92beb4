"""The clock and the endpoint, against servers that answer, lie, hang, or are not there."""

from __future__ import annotations

import base64
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from a_machine import SENTINEL, Here, only, said, serving

from xswitch.aws.http import Limits
from xswitch.engine.checks import clock, endpoint, probe
from xswitch.session.learnt import Learnt


@pytest.fixture
def here(tmp_path: Path) -> Here:
    made = Here(tmp_path)
    made.write()
    made.environ["no_proxy"] = "127.0.0.1"
    return made


@pytest.mark.parametrize(
    ("ahead", "level", "words"),
    [
        (0, "ok", "within a second of AWS"),
        (3, "ok", "s behind AWS"),
        (-3, "ok", "s ahead of AWS"),
        (7, "warn", "s behind AWS: xswitch corrects for it, other tools don't"),
        (200, "warn", "3m 20s behind AWS: xswitch corrects for it"),
        (-200, "warn", "3m 20s ahead of AWS: xswitch corrects for it"),
        (237, "warn", "3m 57s behind AWS"),
        (243, "fail", "4m 03s behind AWS: AWS refuses what is signed 5 minutes off"),
        (-15 * 3600, "fail", "15h ahead of AWS"),
    ],
)
def test_how_far_the_clock_is_off(here: Here, ahead: float, level: str, words: str) -> None:
    here.now = 1_800_000_000.5  # the header has whole seconds: it says so for the half after each
    with serving(1_800_000_000.0 + ahead) as (url, _):
        here.environ["AWS_ENDPOINT_URL"] = url
        found = only(clock.check(here.machine()))
    assert found.level == level
    assert words in found.message
    assert bool(found.hint) is (level != "ok")


@pytest.mark.parametrize(
    ("programs", "words"),
    [((), "chrony or systemd-timesyncd"), (("timedatectl",), "set-ntp true"), (("timedatectl", "chronyc"), "makestep")],
)
def test_how_it_is_set_by_what_is_here(
    here: Here, monkeypatch: pytest.MonkeyPatch, programs: tuple[str, ...], words: str
) -> None:
    for name in programs:
        here.program(name)
    monkeypatch.setattr(clock.sys, "platform", "linux")
    assert words in clock.how_to_set(here.environ)
    monkeypatch.setattr(clock.sys, "platform", "darwin")
    assert "sntp" in clock.how_to_set(here.environ)


@pytest.mark.parametrize("date", [None, "yesterday", "Mon, 99 Foo 2026 00:00:00 GMT"])
def test_an_answer_without_a_time(here: Here, date: str | None) -> None:
    with serving(date) as (url, _):
        here.environ["AWS_ENDPOINT_URL"] = url
        machine = here.machine()
        found = only(clock.check(machine))
        assert (found.level, found.message) == ("warn", "AWS's answer says no time")
        assert said(endpoint.check(machine))[0][0] == "ok"


def test_offline_the_last_known_is_said(here: Here) -> None:
    here.environ["AWS_ENDPOINT_URL"] = _closed()
    assert only(clock.check(here.machine())).message == "AWS can't be asked for the time"
    Learnt(here.paths.state, time.time).learn_skew(-200)
    found = only(clock.check(here.machine()))
    assert found.level == "warn"
    assert found.message == "AWS can't be asked for the time; it was 3m 20s ahead of AWS when last seen"


def test_clock_and_endpoint_ask_once_and_send_no_key(here: Here) -> None:
    with serving(time.time()) as (url, asked):
        here.environ |= {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": SENTINEL}
        machine = here.machine()
        list(clock.check(machine))
        assert said(endpoint.check(machine)) == [("ok", f"{url} (AWS_ENDPOINT_URL) answers in {_ms(machine)} ms")]
    assert asked == [("POST", "/", "")]


def test_which_setting_names_the_endpoint(here: Here) -> None:
    with serving(time.time()) as (url, _):
        here.environ |= {"AWS_ENDPOINT_URL_STS": url, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
        assert "(AWS_ENDPOINT_URL_STS) answers" in only(endpoint.check(here.machine())).message


@pytest.mark.parametrize(
    ("more", "address"),
    [
        ({}, "https://sts.eu-west-1.amazonaws.com"),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "https://sts-fips.eu-west-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "https://sts.eu-west-1.amazonaws.com"),
    ],
)  # fmt: skip
def test_awss_own_endpoint_is_that_of_the_catalogs_region(here: Here, more: dict[str, str], address: str) -> None:
    here.environ |= more | {"https_proxy": _closed()}
    first, *rest = endpoint.check(here.machine())
    assert first.level == "fail"
    assert first.message.startswith(f"{address} through http://127.0.0.1:")
    assert first.message.endswith(": the proxy can't be reached")
    assert "HTTPS_PROXY" in first.hint
    assert [one.message for one in rest] == [f"{name} is set" for name in more if name != "AWS_ENDPOINT_URL"]


@pytest.mark.parametrize("url", ["localhost:4566", "ftp://127.0.0.1", "http://", "http://127.0.0.1:port"])
def test_what_is_no_address(here: Here, url: str) -> None:
    here.environ["AWS_ENDPOINT_URL"] = url
    found = only(endpoint.check(here.machine()))
    assert (found.level, found.message) == ("fail", "AWS_ENDPOINT_URL is not an address")
    assert found.hint == "it needs a scheme, such as https://…"


def test_nobody_is_there(here: Here) -> None:
    here.environ["AWS_ENDPOINT_URL"] = _closed()
    found = only(endpoint.check(here.machine()))
    assert (found.level, found.hint) == ("fail", "check the network, the VPN and the proxy")
    assert "AWS can't be reached" in found.message


def test_a_name_that_is_not_known(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    here.environ["AWS_ENDPOINT_URL"] = "https://sts.nowhere.invalid"
    assert "AWS can't be reached at https://sts.nowhere.invalid" in only(endpoint.check(here.machine())).message


def test_a_server_that_says_nothing(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe.ask, "__kwdefaults__", {"limits": Limits(0.3, 0.3)})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        here.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert "AWS did not answer in time" in only(endpoint.check(here.machine())).message


def test_what_does_not_speak_http(here: Here) -> None:
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            connection.recv(100)
            connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            connection.close()

        thread = threading.Thread(target=greet)
        thread.start()
        here.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert "is not AWS" in only(endpoint.check(here.machine())).message
        thread.join()


def test_a_proxy_is_gone_through_and_its_password_is_never_shown(here: Here) -> None:
    del here.environ["no_proxy"]
    basic = "Basic " + base64.b64encode(f"ada:{SENTINEL}".encode()).decode()
    with serving(time.time()) as (proxy, asked):
        signed = proxy.replace("://", f"://ada:{SENTINEL}@")
        here.environ |= {"AWS_ENDPOINT_URL": "http://sts.nowhere.invalid/", "http_proxy": signed}
        found = only(endpoint.check(here.machine()))
        assert found.level == "ok"
        assert found.message.endswith(f" ms through {proxy}")
        here.environ |= {"AWS_ENDPOINT_URL": "https://sts.nowhere.invalid", "https_proxy": signed}
        refused = only(endpoint.check(here.machine()))
        assert "the proxy wants a name and password" in refused.message
    assert asked == [
        ("POST", "http://sts.nowhere.invalid/", basic), ("CONNECT", "sts.nowhere.invalid:443", basic),
    ]  # fmt: skip
    assert SENTINEL not in f"{found}{refused}"


def test_a_password_in_the_endpoint_is_never_shown(here: Here) -> None:
    with serving(time.time()) as (url, _):
        here.environ["AWS_ENDPOINT_URL"] = url.replace("://", f"://ada:{SENTINEL}@")
        found = only(endpoint.check(here.machine()))
    assert found.level == "ok"
    assert SENTINEL not in str(found)


def test_a_private_authority(here: Here, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_authority(tmp_path))
    with serving(time.time(), context) as (url, _):
        here.environ["AWS_ENDPOINT_URL"] = url
        refused = only(endpoint.check(here.machine()))
        assert refused.level == "fail"
        assert "is not trusted" in refused.message and "AWS_CA_BUNDLE" in refused.hint
        here.environ["AWS_CA_BUNDLE"] = str(tmp_path / "ca.pem")
        machine = here.machine()
        assert [level for level, _ in said(endpoint.check(machine))] == ["ok", "ok"]
        assert only(clock.check(machine)).level == "ok"
        here.environ["AWS_CA_BUNDLE"] = str(tmp_path / "missing.pem")
        missing = only(endpoint.check(here.machine()))
        assert missing.level == "fail"
        assert "missing.pem can't be read" in missing.message


def _ms(machine: object) -> int:
    answer: probe.Answer = machine.answer()  # type: ignore[attr-defined]
    return answer.milliseconds


def _closed() -> str:
    """Return an address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def _authority(folder: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(pem + public)
    (folder / "ca.pem").write_bytes(public)
    return folder / "both.pem"
