"""The plots of a report: no file, no window, the same for the same result."""

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from evaluation.report.style import (
    BLUE,
    GREY,
    INCHES_A_LINE,
    ORANGE,
    STYLE,
    figure,
    lines,
    look,
    plain,
    point,
    share_axis,
    wrapped,
)
from evaluation.scoring.leaderboard import Leaderboard
from evaluation.scoring.slices import Slice, history_lengths
from evaluation.task import Task

LEGEND = 84  # letters that fit beside each other, with their marks


def items(task: Task) -> Figure:
    """Return how interactions spread over items: the most popular first, and what share the head has."""
    counts = np.sort(np.bincount(task.train.items, minlength=task.trained_items))[::-1]
    head = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2)) + 1
    with rc_context(STYLE):
        drawn, axes = figure(5.2, 3.2, f"{head:,} of {len(counts):,} items have half of the interactions")
        shown = np.maximum(counts, 0.5)
        axes.loglog(np.arange(1, len(counts) + 1), shown, color=BLUE, linewidth=2)
        axes.axvline(head, color=GREY, linestyle="--", linewidth=1)
        plain(axes.xaxis, 1, len(counts))
        plain(axes.yaxis, shown.min(), shown.max())
        axes.set_xlabel("item, by popularity")
        axes.set_ylabel("interactions")
        return drawn


def histories(task: Task) -> Figure:
    """Return how long the test users' histories are."""
    lengths = history_lengths(task)
    median = f"{np.median(lengths):g}" if len(lengths) else "none"
    with rc_context(STYLE):
        drawn, axes = figure(5.2, 3.2, f"What is known of a test user: {median} interactions (median)")
        most = max(1, int(lengths.max(initial=0)))
        edges = np.unique(np.r_[-0.5, 0.5, np.geomspace(1, most + 1, 25).round() + 0.5])
        axes.hist(lengths, bins=edges.tolist(), color=BLUE, edgecolor="white", linewidth=0.4)
        axes.set_xscale("symlog", linthresh=1)
        plain(axes.xaxis, 0, most)
        axes.set_xlabel("interactions before")
        axes.set_ylabel("users")
        return drawn


def models(leaderboard: Leaderboard) -> Figure:
    """Return all recommenders by the main metric, with 95 % intervals."""
    rows = sorted(leaderboard.rows, key=lambda row: row.intervals[leaderboard.main].mean)
    names = [wrapped(row.candidate.name) for row in rows]
    pitch = max(0.36, INCHES_A_LINE * lines(names) + 0.1)
    with rc_context(STYLE):
        drawn, axes = figure(8.0, 1.1 + pitch * len(rows), "Counting (grey), trained here (blue), as given (orange)")
        for position, row in enumerate(rows):
            colour = GREY if row.candidate.baseline else BLUE if row.candidate.external is None else ORANGE
            point(axes, row.intervals[leaderboard.main], position, colour)
        axes.set_yticks(range(len(rows)), names)
        share_axis(axes, f"{leaderboard.main}, 95 % intervals")
        return drawn


def slices(leaderboard: Leaderboard, parts: Sequence[Slice], names: Sequence[str]) -> Figure:
    """Return the main metric of some recommenders, slice by slice."""
    labels = [wrapped(f"{part.by}: {part.part}") + f" ({part.users:,})" for part in parts]
    legend_labels = [wrapped(name) for name in names]
    columns = max(
        1,
        min(
            len(legend_labels), 4, LEGEND // (max(len(line) for name in legend_labels for line in name.split("\n")) + 6)
        ),
    )
    legend = INCHES_A_LINE * 1.2 * lines(legend_labels) * -(-len(legend_labels) // columns)
    pitch = max(0.2 * (len(names) + 1), INCHES_A_LINE * lines(labels) + 0.1)
    with rc_context(STYLE):
        drawn, axes = figure(8.0, 1.0 + legend + pitch * len(parts))
        step = 0.7 / max(1, len(names))
        for number, name in enumerate(names):
            for position, part in enumerate(parts):
                if name in part.values:
                    at = -position - (number - (len(names) - 1) / 2) * step
                    point(axes, part.values[name], at, **look(number))
        axes.set_yticks([-position for position in range(len(parts))], labels)
        axes.set_ylim(-len(parts) + 0.4, 0.6)
        share_axis(axes, f"{leaderboard.main}, 95 % intervals")
        marks = [
            Line2D([], [], color=look(number)["colour"], marker=look(number)["marker"], label=name)
            for number, name in enumerate(legend_labels)
        ]
        drawn.legend(handles=marks, loc="outside upper left", ncols=columns, frameon=False)
        return drawn
