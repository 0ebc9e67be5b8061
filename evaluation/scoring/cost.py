"""What a recommender costs beside what it brings: the reader's prices, and hits for every thousand users."""

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.scoring.leaderboard import Leaderboard, Result
from evaluation.scoring.metric import Metric
from evaluation.scoring.uncertainty import Comparison, compare


@dataclass(frozen=True)
class Cost:
    """``extra_hits``: users with a hit, as a share, beyond those of ``against``, the best baseline.

    ``beyond_here``: of lists from outside, beyond those of ``here``, the best baseline or model trained here.
    """

    name: str
    per_month: float
    extra_hits: Comparison
    k: int
    against: str
    here: str | None = None
    beyond_here: Comparison | None = None

    def in_words(self, currency: str) -> str:
        """Return one sentence."""
        more = f"of 1,000 users, {_more(self.extra_hits)} have a hit in {self.k} than with {self.against}"
        if self.beyond_here and self.here != self.against:
            more += f", and {_more(self.beyond_here)} than with {self.here}, which is trained here"
        return f"{self.name} costs {self.per_month:,.2f} {currency} a month: {more}"


def costs(leaderboard: Leaderboard, prices: Mapping[str, float], seed: int) -> list[Cost]:
    """Return the cost of each priced recommender on the leaderboard, against the best baseline, and the best here."""
    if leaderboard.best_baseline is None:
        return []
    return [
        _cost(leaderboard, row, leaderboard.best_baseline, prices[row.candidate.name], seed)
        for row in leaderboard.rows
        if row.candidate.name in prices
    ]


def _cost(leaderboard: Leaderboard, result: Result, baseline: str, price: float, seed: int) -> Cost:
    k = leaderboard.main.k
    here = leaderboard.best_here if result.candidate.external else None

    def beyond(other: str) -> Comparison:
        metric = Metric("hit_rate", k)
        return compare(result.scores.values[metric], leaderboard.row(other).scores.values[metric], seed)

    return Cost(result.candidate.name, price, beyond(baseline), k, baseline, here, beyond(here) if here else None)


def _more(extra: Comparison) -> str:
    hits = extra.difference
    between = f"{hits.low * 1000:+.0f} to {hits.high * 1000:+.0f}" if hits.n > 1 else "of one user"
    return f"{abs(hits.mean) * 1000:.0f} {'fewer' if hits.mean < 0 else 'more'} ({between})"
