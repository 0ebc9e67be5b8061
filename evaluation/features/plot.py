"""The importances as a plot: SVG or PNG by the file's name, the same bytes for the same result."""

from pathlib import Path

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from evaluation.features.importance import Found
from evaluation.report.style import BLUE, GREY, STYLE, saved
from personalize_data.errors import BadQuestion

HISTORY = "(what they did before)"


def draw(found: Found, form: str) -> bytes:
    """Return the plot; ``form``: ``svg`` or ``png``. History is worth far more than any attribute: it is told in
    words.
    """
    rows = found.importances[::-1]
    with rc_context(STYLE):
        figure = Figure(figsize=(8.0, 1.4 + 0.32 * len(rows)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for place, one in enumerate(rows):
            colour = BLUE if one.worth else GREY
            axes.plot([one.rise.low, one.rise.high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
            axes.plot([one.rise.mean], [place], marker="o", color=colour, markersize=6)
        axes.axvline(0, color=GREY, linewidth=1, linestyle="--")
        axes.set_yticks(range(len(rows)), [one.attribute.name for one in rows])
        axes.set_xlabel("rise of the log loss of the next group when it is another user's, 95 % intervals")
        before = f"What they did before is worth {found.history.mean:.3f}"
        axes.set_title(f"Worth a column (blue), or not told from nothing (grey)\n{before}", loc="left", fontsize=11)
        return saved(figure, form)


def form_of(path: Path) -> str:
    """Return ``svg`` or ``png``. Raises BadQuestion for any other name."""
    form = path.suffix.lower().removeprefix(".")
    if form not in ("svg", "png"):
        raise BadQuestion(f"--plot {path}: the name must end in .svg or .png")
    return form
