"""Whatever the arguments, variables and the catalog's names are: a status of the contract, one line, no traceback."""

from __future__ import annotations

import io
import json
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.__main__ import main
from xswitch.text import clean

CATALOG = """\
version = 1
[defaults]
identity = "central"
[identities.central]
kind = "keys"
account_id = "111122223333"
mfa_serial = "arn:aws:iam::111122223333:mfa/ada"
[environments.prod]
confirm = "type"
reason = true
[[accounts]]
id = "444455556666"
name = "payments-prod"
environment = "prod"
roles = [{ name = "ReadOnly" }, { name = "Deploy", mfa = true }]
[[accounts]]
id = "222233334444"
name = "é\\u202e$(touch pwned)\\u001b[31m"
ou = "Workloads/Düsseldorf"
tags = { "t\\u0007" = "\\u200b" }
roles = [{ name = "ReadOnly" }]
"""
TARGETS = st.sampled_from(
    ["payments-prod/Deploy", "444455556666/ReadOnly", "arn:aws:iam::444455556666:role/ReadOnly", "ReadOnly",
     "arn:aws:iam::123456789012:role/X", "", "payments"]
)  # fmt: skip
# Arguments are bytes: what is no UTF-8 in them are lone surrogates here, and NUL is in none.
ANYTHING = st.one_of(
    TARGETS,
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
    st.binary(max_size=6).map(lambda raw: raw.replace(b"\0", b"").decode("utf-8", "surrogateescape")),
    st.sampled_from(["env:prod", "!env:", 'a"', "tag:x=", "--", "-", "--nope", "--json", "--json=1", "1h", "0", "-1"]),
)
OPTIONS = st.one_of(
    st.tuples(
        st.sampled_from(
            ["--duration", "--region", "--session-name", "--confirm", "--reason", "--format", "--min-ttl", "--shell", "-q"]
        ),
        ANYTHING,
    ),
    st.sampled_from(["--json", "--no-input", "--all", "--reveal", "--help", "-V"]).map(lambda one: (one,)),
)  # fmt: skip
HEADS = st.sampled_from(
    [(), ("tui",), ("shell",), ("exec",), ("env",), ("credential-process",), ("sessions",), ("sessions", "end"),
     ("sessions", "renew"), ("status",), ("prompt",), ("identity", "list"), ("identity", "add"), ("identity", "remove"),
     ("identity", "rotate"), ("identity", "external-id"),
    ("identity", "login"), ("identity", "logout"),
     ("catalog", "list"), ("catalog", "show"), ("catalog", "check"), ("catalog", "path"), ("lock",)]
)  # fmt: skip
TAILS = st.one_of(st.just(()), st.lists(ANYTHING, max_size=2).map(lambda words: ("--", *words)))
COMMANDS = st.tuples(HEADS, st.lists(OPTIONS, max_size=2), st.lists(ANYTHING, max_size=2), TAILS).map(
    lambda parts: [*parts[0], *(word for option in parts[1] for word in option), *parts[2], *parts[3]]
)
VARIABLES = st.dictionaries(
    st.sampled_from(["XSWITCH_TARGET", "XSWITCH_EXPIRES", "XSWITCH_DEPTH", "AWS_REGION", "SHELL", "USER", "XSWITCH_MFA_CODE"]),
    ANYTHING, max_size=2,
)  # fmt: skip
STATUSES = {0, 1, 2, 3, 4, 5, 6, 7, 8, 126, 127, 130}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("any-arguments")
    (folder / "config").mkdir()
    (folder / "config" / "catalog.toml").write_text(CATALOG, encoding="utf-8")
    (folder / "config" / "config.toml").write_text("plaintext_key = true\nkernel_keyring = false\n")
    return folder


def run(arguments: list[str], environ: dict[str, str], encoding: str = "utf-8") -> tuple[int, str, str]:
    """Run the program in this process, with streams as strict as real ones; return status, stdout, stderr."""
    with pytest.MonkeyPatch.context() as patch:
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", newline="\n")
        err = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace", newline="\n")
        patch.setattr(sys, "argv", ["xswitch", *arguments])
        patch.setattr(sys, "stdin", io.StringIO(""))
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        patch.setattr("signal.signal", lambda *_: None)
        for home, hook in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
            patch.setattr(home, hook, getattr(home, hook))  # the program sets them, and they are given back here
        patch.setattr("os.environ", environ)
        patch.setattr("os._exit", sys.exit)  # fast commands end so, and this process goes on
        try:
            status = main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        texts = []
        for stream in (out, err):
            stream.flush()
            texts.append(stream.buffer.getvalue().decode(encoding, "surrogateescape"))  # type: ignore[attr-defined]
    return status, texts[0], texts[1]


@examples(250)
@given(arguments=COMMANDS, variables=VARIABLES)
def test_any_arguments_end_in_a_status_and_one_line(
    home: Path, arguments: list[str], variables: dict[str, str]
) -> None:
    environ = {
        "XSWITCH_HOME": str(home),
        "XSWITCH_NO_INPUT": "1",
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        **variables,
    }
    status, out, err = run(arguments, environ)
    assert status in STATUSES, (status, err)
    assert "a fault of xswitch" not in err, err
    assert "Traceback" not in err + out
    lines = err.splitlines()
    if status and status != 3 and not out.startswith("{"):
        said = [line for line in lines if line.startswith("xswitch: ")]
        assert len(said) == 1, err
        assert lines[lines.index(said[0]) + 1 :] in ([], [line for line in lines if line.startswith("  hint: ")]), err
    assert all(line == clean(line) for line in lines), ascii(err)
    if out.startswith(("{", "[")) and "--json" in arguments:
        json.loads(out)
