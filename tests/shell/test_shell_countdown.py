"""One rule for the steps and the words of a countdown, in Python and in every shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.countdown import prompt_words, step, step_between, thresholds
from xswitch.shell.prompt import inside, safe, segment
from xswitch.text import prompt_safe

MARKERS = Path(__file__).resolve().parents[2] / "xswitch" / "shell"


@pytest.mark.parametrize(
    ("life", "soon", "ending"),
    [(43200, 900, 300), (3600, 900, 300), (1800, 450, 150), (900, 225, 75), (60, 15, 5), (0, 0, 0), (-5, 0, 0)],
)
def test_thresholds(life: int, soon: int, ending: int) -> None:
    assert thresholds(life) == (soon, ending)


@pytest.mark.parametrize(
    ("left", "life", "expected"),
    [(901, 3600, "calm"), (900, 3600, "soon"), (301, 3600, "soon"), (300, 3600, "ending"), (1, 3600, "ending"),
     (0, 3600, "ended"), (-9, 3600, "ended"), (226, 900, "calm"), (225, 900, "soon"), (75, 900, "ending")],
)  # fmt: skip
def test_steps(left: int, life: int, expected: str) -> None:
    assert step(left, life) == expected


@pytest.mark.parametrize(
    ("left", "words"),
    [(43200, "12h"), (11520, "3h 12m"), (3660, "1h 01m"), (3600, "1h"), (3599, "59m"), (120, "2m"), (60, "1m"),
     (59.9, "59s"), (0.5, "0s"), (0, "ended"), (-1, "ended")],
)  # fmt: skip
def test_words(left: float, words: str) -> None:
    assert prompt_words(left) == words


LEFTS = [
    -100,
    -1,
    0,
    1,
    59,
    60,
    61,
    299,
    300,
    301,
    599,
    899,
    900,
    901,
    3599,
    3600,
    3601,
    3659,
    3660,
    7199,
    7265,
    36000,
    43200,
]
LIVES = [900, 1800, 3600, 43200]


def counted(shell: str) -> list[str]:
    """Let the marker's own code of a shell count, for every life and time left."""
    lines = [
        f'XSWITCH_PROMPT_STEPS={soon}:{ending}; left={left}; __xswitch_count; printf \'%s|%s\\n\' "$step" "$words"'
        if shell != "fish"
        else f"set XSWITCH_PROMPT_STEPS {soon}:{ending}; string join '|' (__xswitch_count {left})"
        for soon, ending in map(thresholds, LIVES)
        for left in LEFTS
    ]
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    code = f"source '{MARKERS}/marker.{shell}'\n" + "\n".join(lines)
    done = subprocess.run([shell, *options, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shells_count_as_python_does(shell: str) -> None:
    expected = [f"{step(left, life)}|{prompt_words(left)}" for life in LIVES for left in LEFTS]
    assert counted(shell) == expected


OLDER = {
    "bash 5": ":",
    "bash 4.2": "unset EPOCHSECONDS",
    "bash 3.2": "unset EPOCHSECONDS; printf() { case $* in *'%('*) return 1 ;; esac; builtin printf \"$@\"; }",
}


@pytest.mark.parametrize("version", OLDER)
def test_bash_knows_the_time_whatever_its_age(version: str) -> None:
    """Every way to the time, by taking away what an older bash has not."""
    code = f"{OLDER[version]}; before=$(date +%s); . '{MARKERS}/marker.bash'; __xswitch_now; echo $((now - before))"
    done = subprocess.run(["bash", "--norc", "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert 0 <= int(done.stdout) <= 5
    assert done.stderr == ""


def test_zsh_without_its_clock_module_has_the_time_too() -> None:
    code = (
        "zmodload() { return 1 }; TERM=xterm XSWITCH_PROMPT_TARGET=a/b XSWITCH_EXPIRES=$(( $(date +%s) + 7290 ))\n"
        f"XSWITCH_PROMPT_STEPS=900:300; . '{MARKERS}/marker.zsh'; PROMPT='ME '; __xswitch_prompt; print -r -- $PROMPT"
    )
    done = subprocess.run(["zsh", "-f", "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert " 2h 01m ME " in done.stdout


INSIDE = {
    "XSWITCH_TARGET": "payments-prod/Deploy",
    "XSWITCH_EXPIRES": "10000",
    "XSWITCH_DEPTH": "1",
    "XSWITCH_PROMPT_TARGET": "payments-prod/Deploy",
    "XSWITCH_PROMPT_ENVIRONMENT": "PROD",
    "XSWITCH_PROMPT_GUARDED": "1",
    "XSWITCH_PROMPT_STEPS": "900:300",
    "XSWITCH_PROMPT_STYLES": "1;38;5;233;48;5;203:1;38;5;215:1;38;5;233;48;5;203",
}


@pytest.mark.parametrize(
    ("more", "now", "text"),
    [
        ({}, 6460, "[PROD] payments-prod/Deploy 59m"),
        ({}, 9200, "[PROD] payments-prod/Deploy ! 13m"),
        ({}, 9850, "[PROD] payments-prod/Deploy [2m]"),
        ({}, 10000, "[PROD] payments-prod/Deploy [ended]"),
        ({"XSWITCH_DEPTH": "3"}, 6460, "[PROD] payments-prod/Deploy (3) 59m"),
        ({"XSWITCH_PROMPT_GUARDED": "", "XSWITCH_PROMPT_ENVIRONMENT": "staging"}, 0,
         "staging payments-prod/Deploy 2h 46m"),
        ({"XSWITCH_PROMPT_TARGET": "", "XSWITCH_TARGET": "$(touch pwned)/R"}, 0, "[PROD] __touch_pwned_/R 2h 46m"),
        ({"XSWITCH_EXPIRES": "9" * 5000}, 0, "[PROD] payments-prod/Deploy [ended]"),
        ({"XSWITCH_PROMPT_STEPS": "x", "XSWITCH_EXPIRES": "٣"}, 0, "[PROD] payments-prod/Deploy [ended]"),
    ],
)  # fmt: skip
def test_the_segment(more: dict[str, str], now: float, text: str) -> None:
    assert segment({**INSIDE, **more}, now) == text


def test_the_segment_in_colour() -> None:
    badge = "\x1b[1;38;5;233;48;5;203m PROD \x1b[0m \x1b[1mpayments-prod/Deploy\x1b[0m"
    assert segment(INSIDE, 9850, colour=True) == f"{badge} \x1b[1;38;5;233;48;5;203m 2m \x1b[0m"
    assert segment(INSIDE, 9200, colour=True) == f"{badge} \x1b[1;38;5;215m! 13m\x1b[0m"
    mono = "\x1b[7m PROD \x1b[0m \x1b[1mpayments-prod/Deploy\x1b[0m \x1b[7m 2m \x1b[0m"
    assert segment({**INSIDE, "NO_COLOR": ""}, 9850, colour=True) == mono
    # A style that is none is never copied to the terminal.
    odd = segment({**INSIDE, "XSWITCH_PROMPT_STYLES": "\x1b]0;x\x07:"}, 9850, colour=True)
    assert odd.startswith("\x1b[1m PROD \x1b[0m ")


def test_outside_there_is_no_segment_and_nothing_inside() -> None:
    assert segment({}, 0) == ""
    assert inside({}) is None


def test_inside_tells_what_the_environment_holds() -> None:
    here = inside({**INSIDE, "XSWITCH_RENEWING": "1", "XSWITCH_DEPTH": "2", "XSWITCH_ROLE": "Deploy"})
    assert here is not None
    assert (here.target, here.role, here.expires, here.depth, here.renewing) == (
        "payments-prod/Deploy", "Deploy", 10000, 2, True,
    )  # fmt: skip


@examples(200)
@given(st.text(), st.floats(0, 20000))
def test_the_segment_keeps_to_its_letters(text: str, now: float) -> None:
    assert safe(text) == prompt_safe(text)
    environ = dict.fromkeys(INSIDE, text) | {"XSWITCH_TARGET": "x" + text}
    assert set(segment(environ, now)) <= set(prompt_safe(text) + "x _0123456789hms!()[]ended")


@examples(200)
@given(st.integers(-10, 50000), st.integers(0, 43200))
def test_steps_only_go_forward(left: int, life: int) -> None:
    order = ["calm", "soon", "ending", "ended"]
    assert order.index(step(left - 1, life)) >= order.index(step(left, life))
    assert step(left, life) == step_between(left, *thresholds(life))


def test_the_segment_loads_next_to_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules); import xswitch.shell.prompt; print(*sorted(set(sys.modules) - before))"
    )
    import sys

    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(MARKERS.parents[1])!r}); {code}"],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert set(done.stdout.split()) <= {
        "__future__", "xswitch", "xswitch.shell", "xswitch.countdown", "xswitch.shell.prompt",
    }  # fmt: skip
