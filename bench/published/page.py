"""The tables of docs/benchmarks.md: published rows and ours in one order, and how far apart the best are."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.published.rows import Published
from evaluation.scoring import uncertainty
from evaluation.scoring.leaderboard import Leaderboard, Result
from evaluation.scoring.metric import Metric

HIT_RATE, NDCG = Metric("hit_rate", 10), Metric("ndcg", 10)
HEADER = ("recommender", "HR@10", "NDCG@10", "source, or settings chosen by validation")
CLOSED_FORM = "ease"


@dataclass(frozen=True)
class _Line:
    ndcg: float
    cells: tuple[str, ...]


def part(published: Sequence[Published], leaderboard: Leaderboard) -> str:
    """Return a benchmark's table, and in words what it shows."""
    lines = [_published(row) for row in published] + [_ours(row, leaderboard) for row in leaderboard.rows]
    lines.sort(key=lambda line: -line.ndcg)
    return "\n".join([*table(lines), "", *sentences(published, leaderboard)])


def without_ours(published: Sequence[Published], reason: str) -> str:
    """Return the published rows alone, and why ours are missing."""
    return "\n".join([*table([_published(row) for row in published]), "", f"Our rows are left out: {reason}."])


def table(lines: Sequence[_Line]) -> list[str]:
    """Return a Markdown table."""
    return [_row(HEADER), "|---|---|---|---|", *(_row(line.cells) for line in lines)]


def sentences(published: Sequence[Published], leaderboard: Leaderboard) -> list[str]:
    """Return how far the published rows are from ours, and our best model from the plain closed form."""
    best = leaderboard.row(str(leaderboard.best_here))
    interval = best.intervals[NDCG]
    users = f"{len(leaderboard.users):,} users"
    lines = [
        f"- Best here: `{best.candidate.name}`, {_digits(interval.mean)} "
        f"({_digits(interval.low)} to {_digits(interval.high)}, {users})."
    ]
    lines += [_against(row, interval.mean) for row in published]
    plain = next((row for row in leaderboard.rows if row.candidate.name == CLOSED_FORM), None)
    if plain and plain is not best:
        [comparison] = uncertainty.compare_each([(best.scores.values[NDCG], plain.scores.values[NDCG])], 1)
        gain = comparison.difference
        lines.append(
            f"- `{best.candidate.name}` minus `{CLOSED_FORM}`, on the same users: {gain.mean:+.3f} "
            f"({gain.low:+.3f} to {gain.high:+.3f})."
        )
    return lines


def _against(row: Published, ours: float) -> str:
    difference = row.ndcg - ours
    word = "better" if difference > 0 else "worse"
    other = "" if row.same else ", on another preparation of the data"
    return f"- {row.name} is {word} than that by {_digits(abs(difference))} ({difference / ours:+.0%}){other}."


def _published(row: Published) -> _Line:
    hit_rate = "" if row.hit_rate is None else _digits(row.hit_rate)
    source = row.source if row.same else f"{row.source}; another preparation of the data"
    return _Line(row.ndcg, (f"{row.name} (published)", hit_rate, _digits(row.ndcg), source))


def _ours(row: Result, leaderboard: Leaderboard) -> _Line:
    interval = row.intervals[NDCG]
    name = row.candidate.name if row.candidate.external else f"`{row.candidate.name}`"
    settings = (row.candidate.settings or {}).get(leaderboard.task, {})
    chosen = ", ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in settings.items())
    ndcg = f"{_digits(interval.mean)} ({_digits(interval.low)} to {_digits(interval.high)})"
    origin = "lists trained on this machine" if row.candidate.external else chosen
    return _Line(interval.mean, (name, _digits(row.intervals[HIT_RATE].mean), ndcg, origin))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _digits(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")
