"""Targets of words on their way out: to shells, to screens, to AWS; and AWS's own on their way in."""

from __future__ import annotations

import json
import re
import unicodedata

from fuzz_catalog import shown, text_of

from xswitch.countdown import prompt_words, step, thresholds
from xswitch.errors import PersonNeeded, Usage, XswitchError
from xswitch.identity.codes import _six
from xswitch.secret import Secret
from xswitch.session.names import filled, sanitised, valid
from xswitch.session.refusals import Refusal, error_of, side_of
from xswitch.shell import quoting
from xswitch.shell.prompt import inside, segment
from xswitch.text import clean, parse_duration, prompt_safe, say_duration, shorten
from xswitch.tui.keys import ACTIONS, Keys

STEPS = ("calm", "soon", "ending", "ended")


def refusal(data: bytes) -> None:
    """Whatever AWS answers, it is an error of the contract in one line that is safe to show."""
    code, message, status, request_id, skew, *_ = [*text_of(data).split("\0"), *[""] * 5]
    answer = Refusal(
        code, message, int(status) if re.fullmatch("[0-9]{1,3}", status) else 403, request_id,
        float(skew) if re.fullmatch("-?[0-9]{1,9}", skew) else None,
    )  # fmt: skip
    error = error_of(answer, doing="payments-prod/Deploy", identity="central")
    assert isinstance(error, XswitchError)
    assert error.exit_status in (4, 7)
    shown(error.message, error.hint, *(getattr(error, name, "") for name in ("aws_code", "aws_message", "request_id")))
    json.dumps(error.as_json())
    assert side_of(message) in ("caller", "role", "both", "request", "unknown")


def quoted(data: bytes) -> None:
    """A value is read back as it was by the rules of each shell, or is refused without being shown."""
    value = text_of(data)
    if "\0" in value:
        for form in quoting.FORMS:
            _refused(form, value)
        return
    assert _posix(quoting.posix(value)) == value
    assert _fish(quoting.fish(value)) == value
    word = quoting.powershell(value)
    assert re.fullmatch("'((?:[^'\u2018-\u201b]|(['\u2018-\u201b])\\2)*)'", word, re.DOTALL)
    assert re.sub("(['\u2018-\u201b])\\1", r"\1", word[1:-1]) == value
    assert json.loads(quoting.text("json", {"V": value})) == {"V": value}
    for form in ("dotenv", "docker"):
        try:
            line = quoting.text(form, {"V": value})
        except Usage as error:
            assert len(value) < 4 or value not in error.message + error.hint
            continue
        assert line.count("\n") == 1
        if form == "docker":
            assert line == f"V={value}\n"


def _refused(form: str, value: str) -> None:
    try:
        quoting.text(form, {"V": value})
    except Usage as error:
        assert "NUL" in error.message
        return
    raise AssertionError("a NUL was not refused")


def _posix(word: str) -> str:
    """Read a word of single quotes and ``\\'`` as a POSIX shell does."""
    assert word.startswith("'")
    text, at = "", 1
    while at < len(word):
        end = word.index("'", at)
        text += word[at:end]
        if end == len(word) - 1:
            return text
        assert word[end : end + 4] == "'\\''"
        text += "'"
        at = end + 4
    raise AssertionError("the quote stays open")


def _fish(word: str) -> str:
    """Read a word in single quotes as fish does."""
    found = re.fullmatch(r"'((?:[^'\\]|\\[\\'])*)'", word, re.DOTALL)
    assert found
    return re.sub(r"\\([\\'])", r"\1", found[1])


def words(data: bytes) -> None:
    """Texts are safe where they are shown, names are what STS takes, times are said and read alike."""
    text = text_of(data)
    safe = clean(text)
    assert clean(safe) == safe
    assert not {unicodedata.category(letter) for letter in safe} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert re.fullmatch(r"[A-Za-z0-9._/@+-]*", prompt_safe(text), re.ASCII)
    assert len(shorten(text, 12)) <= 12
    for name in (
        sanitised(text),
        filled("{user}-{role}", {"user": text, "role": text}),
        filled("{user}", {"user": text}),
    ):
        assert valid(name)
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        shown(str(error))
    else:
        assert seconds > 0
        assert parse_duration(f"{seconds}s" if seconds < 10**7 else "1h")
        shown(say_duration(seconds), prompt_words(seconds))
    try:
        filled(text, {"user": "ada"})
    except Usage as error:
        shown(error.message, error.hint)
    _code(data)


def _code(data: bytes) -> None:
    try:
        code = _six(Secret(data.decode(errors="replace")), PersonNeeded("no code"))
    except PersonNeeded:
        return
    assert re.fullmatch(r"[0-9]{6}", code.reveal(), re.ASCII)


def prompt(data: bytes) -> None:
    """A prompt holds only what no shell looks into, whatever the environment says; a countdown only goes forward."""
    names = (
        "XSWITCH_TARGET", "XSWITCH_ENVIRONMENT", "XSWITCH_EXPIRES", "XSWITCH_PROMPT_STEPS", "XSWITCH_PROMPT_STYLES",
        "XSWITCH_DEPTH", "XSWITCH_PROMPT_GUARDED", "XSWITCH_PROMPT_TARGET",
    )  # fmt: skip
    environ = dict(zip(names, text_of(data).split("\n"), strict=False))
    plain = segment(environ, 1e9)
    assert re.fullmatch(r"[A-Za-z0-9._/@+ !\[\]()-]*", plain, re.ASCII), plain
    coloured = segment(environ, 1e9, colour=True)
    assert re.fullmatch(r"(?:[A-Za-z0-9._/@+ !\[\]()-]|\x1b\[[0-9;]*m)*", coloured, re.ASCII), coloured
    here = inside(environ)
    if here is not None:
        assert here.depth >= 1
        reached = [STEPS.index(step(here.expires - now, 3600)) for now in range(here.expires - 3600, here.expires, 600)]
        assert reached == sorted(reached)
        soon, ending = thresholds(here.expires)
        assert 0 <= ending <= soon <= 900


def keys(data: bytes) -> None:
    """A person's own keys are taken or refused in words; every action keeps a key, and no two the same on a screen."""
    own = dict(line.partition("=")[::2] for line in text_of(data).split("\n"))
    found = Keys(own)
    assert len(found.problems) <= 2 * len(own)
    for action in ACTIONS:
        shown(*found.all_of(action.id))
        assert all(len(key) > 1 for key in found.all_of(action.id))
