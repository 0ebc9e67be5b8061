"""A command's output as a picture of a terminal. No I/O."""

import io
import re

from rich.console import Console
from rich.text import Text

COLUMNS = 110
# Rich names fonts of a CDN; a browser has a font of its own.
_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def svg(output: str, title: str) -> str:
    """Return the picture of what a command printed, colours included, in a window with a title."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for line in output.splitlines():
        console.print(Text.from_ansi(line), no_wrap=True, overflow="ellipsis")
    return _FONTS.sub("", console.export_svg(title=title, unique_id="terminal"))


def without(output: str, first: str, until: str) -> str:
    """Return the output with ``…`` for the lines from the one that starts with ``first`` to before the one that starts
    with ``until``. Raises ValueError where there is no such line.
    """
    lines = output.splitlines()
    begin, end = _line(lines, first), _line(lines, until)
    return "\n".join([*lines[:begin], "…", "", *lines[end:]])


def _line(lines: list[str], start: str) -> int:
    for number, line in enumerate(lines):
        if _ESCAPE.sub("", line).startswith(start):
            return number
    raise ValueError(f"the output has no line that starts with {start!r}")
