"""The pictures of the items: drawn from an item's name, in the colours of its style. No photos."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_stack.items4u.catalogue import Item

SHAPES = Path(__file__).parent / "shapes.svg"
SHAPE = re.compile(r'<g id="[^"]+">\s*<title>([^<]+)</title>(.*?)</g>', re.DOTALL)
ANYTHING = "Cool Box"


@dataclass(frozen=True)
class Palette:
    """The colours of a style: the ground, the thing, its second colour, and the lines."""

    ground: str
    thing: str
    second: str
    dark: str


PALETTES = {
    "nordic": Palette("#e4edf3", "#6b93ab", "#e0bf9a", "#33495a"),
    "retro": Palette("#f8e9cb", "#dd8430", "#2f837c", "#5b3a29"),
    "urban": Palette("#e5e6ec", "#626879", "#f2b91d", "#23252d"),
    "country": Palette("#e9f0da", "#7f9f52", "#cb5b43", "#474a2b"),
    "bold": Palette("#fde3ec", "#e63a74", "#2a74ec", "#2b1a4d"),
}


def picture(item: Item) -> str:
    """Return an item's picture as an SVG document."""
    colours = PALETTES[item.style]
    style = (
        f".bg{{fill:{colours.ground}}}.a{{fill:{colours.thing}}}.b{{fill:{colours.second}}}.c{{fill:{colours.dark}}}"
        f".l{{fill:none;stroke:{colours.dark};stroke-width:5;stroke-linecap:round;stroke-linejoin:round}}"
        ".w{stroke-width:8}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200"><style>{style}</style>'
        f'<rect class="bg" width="200" height="200"/>{_ground(item, colours)}{_shape(item)}</svg>'
    )


@functools.cache
def _shapes() -> Mapping[str, str]:
    """Return the shape of each thing."""
    shapes = SHAPE.findall(SHAPES.read_text("utf-8"))
    return {thing: "".join(shape.split("\n  ")).strip() for things, shape in shapes for thing in things.split(", ")}


def _shape(item: Item) -> str:
    named = (shape for thing, shape in _shapes().items() if item.name.endswith(f" {thing}"))
    return next(named, _shapes()[ANYTHING])


def _ground(item: Item, colours: Palette) -> str:
    """Return what is behind the thing: a disc whose place tells items of one kind apart."""
    number = int(item.id.rpartition("-")[2])
    x, y = 60 + number * 37 % 80, 60 + number * 53 % 70
    return f'<circle cx="{x}" cy="{y}" r="{62 + number % 3 * 8}" fill="{colours.second}" opacity=".22"/>'
