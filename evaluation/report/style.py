"""How plots look, and how they are saved."""

import io
import textwrap
import warnings
from io import StringIO
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from evaluation.scoring.uncertainty import Interval

GREY, BLUE, ORANGE, GREEN = "#8a8f98", "#2a6fbb", "#d9822b", "#3c8d5a"
COLOURS = (BLUE, ORANGE, GREEN, "#8e5ea2", "#c0392b", "#4f5b66", "#1fa2a6", "#b8860b")
MARKERS = "osD"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a name may hold a $
}
LINE, MOST_LINES = 28, 3
INCHES_A_LINE = 0.17


def figure(width: float, height: float, title: str = "") -> tuple[Figure, Axes]:
    """Return an empty plot, sizes in inches; a title begins at the left edge, however wide the labels are."""
    drawn = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(drawn)
    if title:
        drawn.suptitle(title, x=0.01, horizontalalignment="left", fontsize=11)
    return drawn, drawn.subplots()


def wrapped(name: str, line: int = LINE) -> str:
    """Return a name in up to three lines, then cut with a mark; what can't be seen is a dot."""
    visible = "".join(letter if letter.isprintable() else "·" for letter in name)
    return "\n".join(textwrap.wrap(visible, line, max_lines=MOST_LINES, placeholder=" …")) or "·"


def look(number: int) -> dict[str, str]:
    """Return the colour and marker of one of many."""
    marker, colour = divmod(number, len(COLOURS))
    return {"colour": COLOURS[colour], "marker": MARKERS[marker % len(MARKERS)]}


def lines(names: list[str]) -> int:
    """Return the lines of the highest name."""
    return max((name.count("\n") + 1 for name in names), default=1)


def point(axes: Axes, interval: Interval, position: float, colour: str, marker: str = "o") -> None:
    """Draw a share with its interval, as far as a share can reach: from 0 to 1."""
    if np.isfinite(interval.mean):
        ends = [max(0.0, interval.low), min(1.0, interval.high)]
        axes.plot(ends, [position, position], color=colour, linewidth=2, solid_capstyle="butt")
        # Whole at the edge, too.
        axes.plot(
            [interval.mean], [position], marker=marker, color=colour, markersize=6, linestyle="none", clip_on=False
        )


def share_axis(axes: Axes, label: str) -> None:
    """Name the axis of a share, from 0 to as far as there is something, and never far beyond 1."""
    axes.set_xlim(left=0)
    axes.set_xlim(right=min(1.02, axes.get_xlim()[1]))
    axes.set_xlabel(label)


def plain(axis: Axis, low: float, high: float) -> None:
    """Write the numbers of a logarithmic axis out: 60, not a power. ``low``, ``high``: what it has to show."""
    if high < 10 * low:
        axis.set_major_locator(MaxNLocator(5, integer=True))
    elif low > 0:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,)))
    axis.set_major_formatter(FuncFormatter(_written_out))
    axis.set_minor_formatter(NullFormatter())


def svg(drawn: Figure) -> str:
    """Return a plot for a page, the same bytes for the same plot; letters that no font here has are the reader's."""
    file = StringIO()
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        drawn.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def _written_out(value: float, position: int | None = None) -> str:
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value / 1e6:,g} M"


def figure_bytes(figure: Figure, form: str) -> bytes:
    """Return the figure; ``form``: ``svg`` or ``png``."""
    file = io.BytesIO()
    dated = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
    figure.savefig(file, format=form, metadata=dated, dpi=150)
    return file.getvalue()
