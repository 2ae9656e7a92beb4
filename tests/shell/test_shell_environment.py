"""What a switched process gets and loses."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_and_shells import SENTINEL, make_session
from properties import examples

from xswitch.catalog.model import Environment
from xswitch.credentials import Credentials
from xswitch.secret import Secret, scrubbed
from xswitch.session.model import Session
from xswitch.shell.environment import (
    CONTAINER,
    KEYS,
    MARKS,
    SESSION,
    SHADOWS,
    Endpoint,
    Look,
    changes,
    depth_of,
    switched,
    text,
)
from xswitch.text import clean, prompt_safe

PROD = Look(guarded=True, colour="red")
XTERM = {"TERM": "xterm-256color"}


def test_what_it_gets(session: Session) -> None:
    inside = switched(session, {"PATH": "/bin", **XTERM}, PROD)
    assert {name: value for name, value in inside.items() if "PROMPT" not in name} == {
        "PATH": "/bin",
        "TERM": "xterm-256color",
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLEEXAMPLE12",
        "AWS_SECRET_ACCESS_KEY": SENTINEL,
        "AWS_SESSION_TOKEN": "token==",
        "AWS_CREDENTIAL_EXPIRATION": "2026-11-18T11:06:40Z",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCOUNT_ID": "444455556666",
        "XSWITCH_TARGET": "payments-prod/Deploy",
        "XSWITCH_ACCOUNT_ID": "444455556666",
        "XSWITCH_ACCOUNT": "payments-prod",
        "XSWITCH_ROLE": "Deploy",
        "XSWITCH_ENVIRONMENT": "prod",
        "XSWITCH_EXPIRES": "1795000000",
        "XSWITCH_DEPTH": "1",
        "XSWITCH_REGION": "eu-west-1",
    }
    assert inside["XSWITCH_PROMPT_TARGET"] == "payments-prod/Deploy"
    assert inside["XSWITCH_PROMPT_ENVIRONMENT"] == "PROD"
    assert inside["XSWITCH_PROMPT_GUARDED"] == "1"
    assert inside["XSWITCH_PROMPT_STEPS"] == "900:300"
    assert inside["XSWITCH_PROMPT_STYLES"] == "1;38;5;233;48;5;203:1;38;5;215:1;38;5;233;48;5;203"
    assert inside["XSWITCH_PROMPT_HINT"] == "exit, then xswitch shell payments-prod/Deploy"


@pytest.mark.parametrize(
    ("account", "reference"),
    [("$(touch pwned)", "$(touch pwned)/Deploy"), ("pay\u202ements\x1b[2J", "444455556666/Deploy")],
)
def test_what_names_the_target_can_be_typed(account: str, reference: str) -> None:
    inside = switched(make_session(account=account, target=f"{account}/Deploy"), XTERM)
    assert inside["XSWITCH_TARGET"] == reference
    assert inside["XSWITCH_PROMPT_HINT"].endswith(f"xswitch shell {shlex.quote(reference)}")


@pytest.mark.parametrize("form", ["dotenv", "docker", "json"])
def test_a_file_for_a_program_holds_nothing_of_a_prompt(form: str) -> None:
    plain = Credentials("ASIAEXAMPLEEXAMPLE12", Secret("s3ntinel"), Secret("token"), 1_795_000_000.5)
    session = make_session(account="$(touch pwned)", target="$(touch pwned)/ReadOnly", credentials=plain)
    made = changes(session, XTERM, PROD)
    assert "XSWITCH_PROMPT" not in text(form, made)
    assert "$(touch pwned)/ReadOnly" in text(form, made)
    assert "XSWITCH_PROMPT_HINT" in text("bash", made)


SHADOWING = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_OF_TOMORROW",
    "XSWITCH_MFA_CODE",
    "XSWITCH_PASSPHRASE",
    "XSWITCH_RENEWING",
]


@pytest.mark.parametrize("name", SHADOWING)
def test_what_it_loses(session: Session, name: str) -> None:
    assert name not in switched(session, {name: "outside"})


@pytest.mark.parametrize(
    "name", ["AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "XSWITCH_HOME", "HTTPS_PROXY"]
)
def test_what_it_keeps(session: Session, name: str) -> None:
    assert switched(session, {name: "outside"})[name] == "outside"


def test_an_account_id_from_outside_never_stays(session: Session) -> None:
    assert switched(session, {"AWS_ACCOUNT_ID": "999900001111"})["AWS_ACCOUNT_ID"] == "444455556666"


@pytest.mark.parametrize(
    ("outside", "left"),
    [
        # The person's own region stays where the target has none.
        ({"AWS_REGION": "us-east-1"}, {"AWS_REGION": "us-east-1"}),
        # An outer session's does not, whether it says what it set or not.
        ({"XSWITCH_TARGET": "a/b", "XSWITCH_DEPTH": "1", "AWS_REGION": "us-east-1"}, {}),
        ({"XSWITCH_TARGET": "a/b", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}, {}),
        ({"XSWITCH_DEPTH": "2", "XSWITCH_REGION": "us-east-1", "AWS_REGION": "us-east-1"}, {}),
        # What the person set inside the outer session, or had outside one without a region, is theirs.
        (
            {"XSWITCH_DEPTH": "1", "XSWITCH_REGION": "us-east-1", "AWS_REGION": "eu-north-1"},
            {"AWS_REGION": "eu-north-1"},
        ),
        ({"XSWITCH_DEPTH": "1", "XSWITCH_REGION": "", "AWS_REGION": "eu-north-1"}, {"AWS_REGION": "eu-north-1"}),
    ],
)
def test_regions_where_the_target_has_none(
    sessions: Callable[..., Session], outside: dict[str, str], left: dict[str, str]
) -> None:
    inside = switched(sessions(region=""), outside)
    assert {name: value for name, value in inside.items() if name in ("AWS_REGION", "AWS_DEFAULT_REGION")} == left


def test_an_outer_region_goes_through_two_levels(sessions: Callable[..., Session]) -> None:
    outer = switched(sessions(), {"HOME": "/"})
    middle = switched(sessions(region=""), outer)
    assert "AWS_REGION" not in middle
    assert switched(sessions(region="ap-south-1"), middle)["AWS_DEFAULT_REGION"] == "ap-south-1"


@pytest.mark.parametrize(
    ("outside", "depth"),
    [({}, 0), ({"XSWITCH_DEPTH": "3"}, 3), ({"XSWITCH_TARGET": "a/b"}, 1), ({"XSWITCH_DEPTH": "٣"}, 0),
     ({"XSWITCH_DEPTH": "99999"}, 0), ({"XSWITCH_DEPTH": "-1", "XSWITCH_TARGET": "a/b"}, 1)],
)  # fmt: skip
def test_depth_counts(session: Session, outside: dict[str, str], depth: int) -> None:
    assert depth_of(outside) == depth
    assert switched(session, outside)["XSWITCH_DEPTH"] == str(depth + 1)
    # In place, the shell stays where it is.
    assert changes(session, outside).assignments["XSWITCH_DEPTH"] == str(max(1, depth))


def test_changes_say_what_to_unset_even_where_it_is_not_exported(session: Session) -> None:
    made = changes(session, {"AWS_CONTAINER_ODD": "1"})
    assert set(SHADOWS) | set(CONTAINER) | {"AWS_CONTAINER_ODD"} <= set(made.removals)
    assert not set(made.removals) & set(made.assignments)
    assert "AWS_REGION" not in made.removals
    # The person's own shell keeps what they handed to xswitch.
    assert not {"XSWITCH_PASSPHRASE", "XSWITCH_MFA_CODE"} & set(made.removals)


def test_changes_hide_their_secrets_in_every_word(session: Session) -> None:
    assert SENTINEL not in repr(changes(session, {}))
    assert "AWS_SECRET_ACCESS_KEY" in repr(changes(session, {}))


def test_keys_without_token_or_end_leave_none_from_outside(sessions: Callable[..., Session]) -> None:
    outside = {"AWS_SESSION_TOKEN": "old", "AWS_CREDENTIAL_EXPIRATION": "old"}
    inside = switched(sessions(credentials=Credentials("AKIA", Secret("x"))), outside)
    assert not {"AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"} & set(inside)
    assert inside["XSWITCH_EXPIRES"] == "0"


def test_a_renewed_process_has_an_address_and_no_keys(session: Session) -> None:
    outside = dict.fromkeys((*KEYS, *CONTAINER), "old")
    inside = switched(session, outside, endpoint=Endpoint("http://127.0.0.1:4711/", Secret("t")))
    assert not set(KEYS) & set(inside)
    assert inside["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == "http://127.0.0.1:4711/"
    assert inside["AWS_CONTAINER_AUTHORIZATION_TOKEN"] == "t"
    assert "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" not in inside
    assert inside["XSWITCH_RENEWING"] == "1"


def test_a_look_follows_the_catalog() -> None:
    orange = Look.of(Environment("prod", "orange", "ask"), "light")
    assert repr(Look.of(None)) == repr(Look()) == "Look(False, '', 'dark', 0)"
    assert (orange.guarded, orange.colour, orange.theme) == (True, "orange", "light")


@pytest.mark.parametrize(
    ("look", "environ", "styles"),
    [
        (Look(guarded=False, colour="yellow"), XTERM, "1;38;5;179:1;38;5;215:1;38;5;233;48;5;203"),
        (Look(guarded=True, colour="Cyan", theme="light"), XTERM, "1;38;5;231;48;5;23:1;38;5;94:1;38;5;231;48;5;124"),
        (Look(guarded=True), {"COLORTERM": "truecolor"}, "1;38;5;233;48;5;203:1;38;5;215:1;38;5;233;48;5;203"),
        (Look(guarded=True, colour="red"), {"TERM": "xterm"}, "1;31;7:1;33:1;31;7"),
        (Look(guarded=False, colour="\x1b[31m"), {"TERM": "xterm"}, "1:1;33:1;31;7"),
        (Look(guarded=True, colour="red", theme="terminal"), XTERM, "1;31;7:1;33:1;31;7"),
        (Look(guarded=False, colour="red", theme="mono"), XTERM, "2:1:7"),
        (Look(guarded=True, colour="red", theme="mono"), XTERM, "7:1:7"),
    ],
)  # fmt: skip
def test_styles_are_the_themes_own_indexes(session: Session, look: Look, environ: dict[str, str], styles: str) -> None:
    assert switched(session, environ, look)["XSWITCH_PROMPT_STYLES"] == styles


hostile = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@examples(150)
@given(account=hostile, role=hostile, environment=hostile, guarded=st.booleans(), colour=hostile)
def test_a_prompt_holds_only_what_means_nothing_to_a_shell(
    account: str, role: str, environment: str, guarded: bool, colour: str
) -> None:
    session = make_session(target=f"{account}/{role}", account=account, role=role, environment=environment)
    inside = switched(session, XTERM, Look(guarded=guarded, colour=colour))
    for name in ("XSWITCH_PROMPT_TARGET", "XSWITCH_PROMPT_ENVIRONMENT"):
        assert prompt_safe(inside.get(name, "")) == inside.get(name, "")
    assert set(inside["XSWITCH_PROMPT_STYLES"]) <= set("0123456789;:")
    assert {name: clean(value) for name, value in inside.items() if value != SENTINEL} == {
        name: value for name, value in inside.items() if value != SENTINEL
    }


@examples(150)
@given(
    st.dictionaries(
        st.sampled_from([*SESSION, *SHADOWS, *MARKS, *SHADOWING, "AWS_REGION", "HOME", "ODD"]), st.text(max_size=5)
    )
)
def test_nothing_of_an_outer_session_shows_through(outside: dict[str, str]) -> None:
    inside = switched(make_session(), outside)
    free = {name: value for name, value in outside.items() if name in ("HOME", "ODD")}
    depth = {"XSWITCH_DEPTH": str(depth_of(outside) + 1)}
    assert inside == switched(make_session(), {}) | free | depth


def test_scrubbed_takes_only_what_was_handed_to_us() -> None:
    assert scrubbed({"XSWITCH_MFA_CODE": "1", "XSWITCH_PASSPHRASE": "2", "AWS_PROFILE": "p"}) == {"AWS_PROFILE": "p"}
