"""The pictures of the README: scenes played on the stand-in, and SVGs that look the same in every viewer.

Nothing is fetched by the pictures: the fonts are named, not linked. A run of text never begins with blanks, since some
viewers drop them; the frame around the screen has the screen's own ground.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC
from pathlib import Path

from stand_in import StandIn
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot

from xswitch.errors import Denied
from xswitch.session.model import CodeAsk
from xswitch.tui.app import XswitchApp
from xswitch.tui.glyphs import UNICODE, Glyphs
from xswitch.tui.themes import Palette

FOLDER = Path(__file__).parents[2] / "screenshots"
CELL = 12.2
SIZE = (120, 36)
FONTS = (
    '"Fira Code", "JetBrains Mono", "Cascadia Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", '
    '"Liberation Mono", monospace'
)
_TEXT = re.compile(
    r'<text class="([^"]*)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"([^>]*)>((?:&#160;)+)([^<]+)</text>'
)

Scene = Callable[[Pilot[int | str], StandIn], Awaitable[None]]


def make_app(
    engine: StandIn, *, palette: Palette | None = None, glyphs: Glyphs = UNICODE, **more: object
) -> XswitchApp:
    """Return the app on the stand-in, the same on every machine."""
    return XswitchApp(
        engine,
        palette=palette or Palette("dark"),
        glyphs=glyphs,
        zone=UTC,
        name="acme",
        **more,  # type: ignore[arg-type]
    )


async def settle(pilot: Pilot[int | str]) -> None:
    """Wait until every message is handled."""
    await pilot.pause()
    await pilot.pause()


async def until(pilot: Pilot[int | str], condition: Callable[[], bool], tries: int = 3000) -> None:
    """Wait until a condition holds; fail where it does not within a bounded number of turns."""
    for _ in range(tries):
        if condition():
            await settle(pilot)
            return
        await pilot.pause(0.01)
    raise AssertionError("it did not happen")


def portable(svg: str, ground: str) -> str:
    """Make an SVG of Textual's self-contained and steady."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg)
    svg = svg.replace("        font-variant-east-asian: full-width;\n", "")
    svg = svg.replace("font-family: Fira Code, monospace;", f"font-family: {FONTS}; font-variant-ligatures: none;")
    svg = svg.replace("font-size: 20px;", "font-size: 19.825px;").replace(
        "font-family: arial;", "font-family: sans-serif;"
    )
    svg = svg.replace('fill="#292929"', f'fill="{ground}"')

    def shift(found: re.Match[str]) -> str:
        cls, x, y, length, rest, blanks, text = found.groups()
        count = len(blanks) // len("&#160;")
        at, rest_length = float(x) + count * CELL, float(length) - count * CELL
        return f'<text class="{cls}" x="{at:g}" y="{y}" textLength="{rest_length:g}"{rest}>{text}</text>'

    return "\n".join(line.rstrip() for line in _TEXT.sub(shift, svg).splitlines()) + "\n"


def picture(app: XswitchApp) -> str:
    """Return the screen as an SVG."""
    return portable(app.export_screenshot(title="xswitch"), app.desk.palette.hex("bg"))


async def type_text(pilot: Pilot[int | str], text: str) -> None:
    """Type a text as fast as a paste would; a key that opens something is pressed by the pilot."""
    driver = pilot.app._driver
    assert driver is not None
    for letter in text:
        event = events.Key(
            "space" if letter == " " else letter if letter.isalnum() else _character_to_key(letter), letter
        )
        event.set_sender(pilot.app)
        driver.send_message(event)
    await settle(pilot)


# The scenes.


async def search(pilot: Pilot[int | str], engine: StandIn) -> None:
    await type_text(pilot, "pay prod")
    await pilot.press("down")


async def mfa(pilot: Pilot[int | str], engine: StandIn) -> None:
    deploy = engine.by_name["payments-prod/Deploy"]
    environment = engine.catalog.environment_of(deploy)
    serial = engine.catalog.identities["central"].mfa_serial
    covers = "No role of ada asks again until 22:42."
    engine.asks = [CodeAsk(serial, "central", "ada", deploy.name, environment, covers=covers)]
    await search(pilot, engine)
    await pilot.press("enter")
    await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
    await type_text(pilot, "payments-prod")
    await pilot.press("tab")
    await type_text(pilot, "PAY-1423 refunds are stuck")
    await pilot.press("enter")
    await until(pilot, lambda: type(pilot.app.screen).__name__ == "MfaModal")
    await pilot.press("4", "8", "2")


async def guard(pilot: Pilot[int | str], engine: StandIn) -> None:
    await search(pilot, engine)
    await pilot.press("enter")
    await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
    await type_text(pilot, "payments-pr")
    await pilot.press("tab")
    await type_text(pilot, "PAY-1423 refunds are stuck")
    await pilot.press("tab")


async def board(pilot: Pilot[int | str], engine: StandIn) -> None:
    await pilot.press("ctrl+s")


async def denied(pilot: Pilot[int | str], engine: StandIn) -> None:
    engine.granted["payments-prod/Deploy"] = engine.time + 3600
    said = "because no identity-based policy allows the sts:AssumeRole action"
    engine.raises = Denied(
        f"AWS denied payments-prod/Deploy, {said}",
        aws_code="AccessDenied",
        aws_message="User: arn:aws:sts::222233334444:assumed-role/Hub/ada is not authorized to perform: sts:AssumeRole "
        f"on resource: arn:aws:iam::444455556666:role/ci/Deploy {said}",
        request_id="3f2a91c4-5d6e-4f70-8a91-b2c3d4e5f607",
        side="caller",
        target="payments-prod/Deploy",
    )
    await search(pilot, engine)
    await pilot.press("enter")
    await until(pilot, lambda: type(pilot.app.screen).__name__ == "DeniedScreen")


async def nothing(pilot: Pilot[int | str], engine: StandIn) -> None:
    return


PICTURES: dict[str, tuple[Scene, str]] = {
    "01-picker": (nothing, "picker"),
    "02-search": (search, "picker"),
    "03-mfa": (mfa, "picker"),
    "04-production-guard": (guard, "picker"),
    "05-sessions": (board, "board"),
    "06-denied": (denied, "picker"),
}


async def play(scene: Scene, sessions: str, size: tuple[int, int] = SIZE, **more: object) -> str:
    """Play a scene and return its picture."""
    engine = StandIn(sessions=sessions)
    app = make_app(engine, **more)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await scene(pilot, engine)
        await settle(pilot)
        svg = picture(app)
        app.exit(0)
    return svg
