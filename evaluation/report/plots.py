"""The plots of a report, as SVG that stands in a page: no file, no window, the same bytes for the same result."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from evaluation.scoring.board import Board
from evaluation.scoring.slices import Slice, history_lengths
from evaluation.scoring.uncertainty import Interval
from evaluation.task import Task

GREY, BLUE, ORANGE, GREEN = "#8a8f98", "#2a6fbb", "#d9822b", "#3c8d5a"
COLOURS = (BLUE, ORANGE, GREEN, "#8e5ea2", "#c0392b", "#4f5b66", "#1fa2a6", "#b8860b")
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def items(task: Task) -> str:
    """Return how interactions spread over items: the most popular first, and what share the head has."""
    counts = np.sort(np.bincount(task.train.items, minlength=task.trained_items))[::-1]
    with rc_context(STYLE):
        figure, axes = _figure(5.2, 3.2)
        axes.loglog(np.arange(1, len(counts) + 1), np.maximum(counts, 0.5), color=BLUE, linewidth=2)
        head = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2)) + 1
        axes.axvline(head, color=GREY, linestyle="--", linewidth=1)
        axes.set_title(f"{head:,} of {len(counts):,} items have half of the interactions", loc="left", fontsize=11)
        axes.set_xlabel("item, by popularity")
        axes.set_ylabel("interactions")
        return _svg(figure)


def histories(task: Task) -> str:
    """Return how long the test users' histories are."""
    lengths = history_lengths(task)
    with rc_context(STYLE):
        figure, axes = _figure(5.2, 3.2)
        most = max(1, int(lengths.max(initial=0)))
        edges = np.unique(np.r_[-0.5, 0.5, np.geomspace(1, most + 1, 25).round() + 0.5])
        axes.hist(lengths, bins=edges.tolist(), color=BLUE, edgecolor="white", linewidth=0.4)
        axes.set_xscale("symlog", linthresh=1)
        median = f"{np.median(lengths):g}" if len(lengths) else "none"
        axes.set_title(f"What is known of a test user: {median} interactions (median)", loc="left", fontsize=11)
        axes.set_xlabel("interactions before")
        axes.set_ylabel("users")
        return _svg(figure)


def models(board: Board) -> str:
    """Return all recommenders by the main metric, with 95 % intervals."""
    rows = sorted(board.rows, key=lambda row: row.intervals[board.main].mean)
    with rc_context(STYLE):
        figure, axes = _figure(8.0, 0.9 + 0.36 * len(rows))
        for place, row in enumerate(rows):
            colour = GREY if row.entry.baseline else BLUE if row.entry.given is None else ORANGE
            _point(axes, row.intervals[board.main], place, colour)
        axes.set_yticks(range(len(rows)), [row.entry.name for row in rows])
        axes.set_xlim(left=0)
        axes.set_xlabel(f"{board.main}, 95 % intervals")
        axes.set_title("Counting (grey), learnt here (blue), as given (orange)", loc="left", fontsize=11)
        return _svg(figure)


def slices(board: Board, parts: Sequence[Slice], names: Sequence[str]) -> str:
    """Return the main metric of some recommenders, slice by slice."""
    with rc_context(STYLE):
        figure, axes = _figure(8.0, 1.0 + 0.2 * len(parts) * (len(names) + 1))
        step = 0.7 / max(1, len(names))
        for number, name in enumerate(names):
            for place, part in enumerate(parts):
                label = name if place == 0 else None
                if name in part.values:
                    at = -place - (number - (len(names) - 1) / 2) * step
                    _point(axes, part.values[name], at, COLOURS[number % len(COLOURS)], label)
        labels = [f"{part.by}: {part.part} ({part.users:,})" for part in parts]
        axes.set_yticks([-place for place in range(len(parts))], labels)
        axes.set_xlim(left=0)
        axes.set_xlabel(f"{board.main}, 95 % intervals")
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.4, 1.0 + 0.5 / figure.get_figheight()), ncols=4, frameon=False
        )
        return _svg(figure)


def _point(axes: Axes, one: Interval, place: float, colour: str, label: str | None = None) -> None:
    if np.isfinite(one.mean):
        axes.plot([max(0.0, one.low), one.high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
        axes.plot([one.mean], [place], marker="o", color=colour, markersize=6, label=label, linestyle="none")


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure, figure.subplots()


def _svg(figure: Figure) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg") :]
