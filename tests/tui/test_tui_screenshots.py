"""The pictures in screenshots/ are what the program draws, to the byte; UPDATE_SCREENSHOTS=1 draws them anew."""

from __future__ import annotations

import os
import re

import pytest
from pictures import FOLDER, PICTURES, play


@pytest.mark.parametrize("name", PICTURES)
async def test_picture(name: str) -> None:
    scene, sessions = PICTURES[name]
    svg = await play(scene, sessions)
    file = FOLDER / f"{name}.svg"
    if os.environ.get("UPDATE_SCREENSHOTS") == "1":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(svg, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == svg


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_fetches_nothing_and_drops_no_blank(name: str) -> None:
    svg = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"(?:https?:)?//[^\s\"')]+", svg) if link != "http://www.w3.org/2000/svg"]
    assert links == []
    assert "@import" not in svg and "url(" not in svg.replace("url(#", "")
    assert not re.search(r"<text[^>]*>(?:&#160;| )", svg)


def test_nothing_else_is_in_the_folder() -> None:
    assert sorted(file.name for file in FOLDER.iterdir()) == sorted(f"{name}.svg" for name in PICTURES)
