"""How plots look, and how they are saved."""

import io
import warnings
from io import StringIO
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

GREY, BLUE, ORANGE, GREEN = "#8a8f98", "#2a6fbb", "#d9822b", "#3c8d5a"
COLOURS = (BLUE, ORANGE, GREEN, "#8e5ea2", "#c0392b", "#4f5b66", "#1fa2a6", "#b8860b")
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a name may hold a $
}


def figure(width: float, height: float, title: str = "") -> tuple[Figure, Axes]:
    """Return an empty plot, sizes in inches; a title begins at the left edge, however wide the labels are."""
    drawn = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(drawn)
    if title:
        drawn.suptitle(title, x=0.01, horizontalalignment="left", fontsize=11)
    return drawn, drawn.subplots()


def svg(drawn: Figure) -> str:
    """Return a plot for a page, the same bytes for the same plot; letters that no font here has are the reader's."""
    file = StringIO()
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        drawn.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def figure_bytes(figure: Figure, form: str) -> bytes:
    """Return the figure; ``form``: ``svg`` or ``png``."""
    file = io.BytesIO()
    dated = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
    figure.savefig(file, format=form, metadata=dated, dpi=150)
    return file.getvalue()
