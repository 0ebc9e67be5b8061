"""The charts of a page: positions in per cent of the width, which the page draws without a picture or a script."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evaluation.recommenders.candidates import Candidate
from evaluation.scoring.leaderboard import Leaderboard
from evaluation.scoring.slices import LENGTHS, history_lengths
from evaluation.task import Task

COUNTING, TRAINED, GIVEN = "counting", "trained", "given"
KINDS = {COUNTING: "counts only", TRAINED: "trained here", GIVEN: "given"}
HEAD = (0.01, 0.1, 0.5)  # of the items, the most popular first


@dataclass(frozen=True)
class Bar:
    """A value of one line: ``low`` to ``high`` is drawn as a line, ``at`` as a dot; all in per cent of the width."""

    name: str
    kind: str
    text: str
    low: float
    at: float
    high: float


def models(leaderboard: Leaderboard) -> list[Bar]:
    """Return all recommenders by the main metric, the best first, with 95 % intervals within what a share can be."""
    rows = leaderboard.by_main
    intervals = [row.intervals[leaderboard.main] for row in rows]
    ends = [(max(0.0, each.low), each.mean, min(1.0, each.high)) for each in intervals]
    widest = max((high for _, _, high in ends), default=0.0) or 1.0
    return [
        Bar(row.candidate.name, _kind(row.candidate), f"{mean:.3f}", *(100 * end / widest for end in (low, mean, high)))
        for row, (low, mean, high) in zip(rows, ends, strict=True)
    ]


def differences(leaderboard: Leaderboard) -> tuple[list[Bar], float]:
    """Return the paired differences from the best baseline, the best first, and where zero lies."""
    rows = [(row, row.against_best.difference) for row in leaderboard.by_main if row.against_best]
    ends = [end for _, each in rows for end in (each.low, each.high) if np.isfinite(end)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    width = (high - low) or 1.0

    def at(value: float) -> float:
        return 100 * (min(max(value, low), high) - low) / width

    bars = [
        Bar(row.candidate.name, _kind(row.candidate), f"{each.mean:+.3f}", at(each.low), at(each.mean), at(each.high))
        for row, each in rows
    ]
    return bars, at(0.0)


def kinds(leaderboard: Leaderboard) -> dict[str, str]:
    """Return the kinds of recommenders that take part, with their words."""
    taking_part = {_kind(row.candidate) for row in leaderboard.rows}
    return {kind: words for kind, words in KINDS.items() if kind in taking_part}


def histories(task: Task) -> list[Bar]:
    """Return how many test users have how many interactions before."""
    lengths = history_lengths(task)
    masks = [(lengths >= least) & ((lengths <= most) if most is not None else True) for _, least, most in LENGTHS]
    names = [name for name, _, _ in LENGTHS]
    return _shares(dict(zip(names, (int(mask.sum()) for mask in masks), strict=True)), task.users)


def items(task: Task) -> list[Bar]:
    """Return the share of the interactions that the most popular items have."""
    counts = np.sort(task.train.item_counts(task.trained_items))[::-1]
    parts = {}
    for share in HEAD:
        number = max(1, round(len(counts) * share))
        parts[f"the first {number:,} of {len(counts):,} ({share:.0%})"] = int(counts[:number].sum())
    return _shares(parts, int(counts.sum()))


def _shares(parts: Mapping[str, int], total: int) -> list[Bar]:
    shares = {name: part / max(total, 1) for name, part in parts.items()}
    return [Bar(name, TRAINED, f"{share:.0%}", 0.0, 0.0, 100 * share) for name, share in shares.items()]


def _kind(candidate: Candidate) -> str:
    return COUNTING if candidate.baseline else TRAINED if candidate.external is None else GIVEN
