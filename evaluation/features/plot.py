"""The importances as a plot: SVG or PNG by the file's name, the same bytes for the same result."""

from pathlib import Path

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from evaluation.features.importance import ImportanceReport
from evaluation.report.style import BLUE, GREY, STYLE, figure_bytes
from personalize_data.errors import InvalidRequest

HISTORY = "(what they did before)"


def draw(importance_report: ImportanceReport, form: str) -> bytes:
    """Return the plot; ``form``: ``svg`` or ``png``. History is worth far more than any attribute: it is told in
    words.
    """
    rows = importance_report.importances[::-1]
    with rc_context(STYLE):
        figure = Figure(figsize=(8.0, 1.4 + 0.32 * len(rows)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for position, importance in enumerate(rows):
            colour = BLUE if importance.worth else GREY
            axes.plot(
                [importance.rise.low, importance.rise.high],
                [position, position],
                color=colour,
                linewidth=2,
                solid_capstyle="butt",
            )
            axes.plot([importance.rise.mean], [position], marker="o", color=colour, markersize=6)
        axes.axvline(0, color=GREY, linewidth=1, linestyle="--")
        axes.set_yticks(range(len(rows)), [importance.attribute.name for importance in rows])
        axes.set_xlabel("rise of the log loss of the next group when it is another user's, 95 % intervals")
        before = f"What they did before is worth {importance_report.history.mean:.3f}"
        axes.set_title(f"Worth a column (blue), or not told from nothing (grey)\n{before}", loc="left", fontsize=11)
        return figure_bytes(figure, form)


def image_format(path: Path) -> str:
    """Return ``svg`` or ``png``. Raises InvalidRequest for any other name."""
    form = path.suffix.lower().removeprefix(".")
    if form not in ("svg", "png"):
        raise InvalidRequest(f"--plot {path}: the name must end in .svg or .png")
    return form
