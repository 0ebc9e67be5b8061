"""What a recommender costs beside what it brings: the reader's prices, and hits for every thousand users."""

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.scoring.board import Board
from evaluation.scoring.uncertainty import Comparison, compare


@dataclass(frozen=True)
class Cost:
    """``extra_hits``: users per thousand with a hit, beyond the best baseline's, and its interval."""

    name: str
    per_month: float
    extra_hits: Comparison
    k: int

    def in_words(self, currency: str) -> str:
        """Return one sentence."""
        hits = self.extra_hits.difference
        between = f"{hits.low * 1000:+.0f} to {hits.high * 1000:+.0f}" if hits.n > 1 else "of one user"
        more = f"{hits.mean * 1000:+.0f} users with a hit in {self.k} per 1,000 users ({between})"
        return f"{self.name} costs {self.per_month:,.2f} {currency} a month for {more}"


def costs(board: Board, prices: Mapping[str, float], seed: int) -> list[Cost]:
    """Return the cost of each priced recommender on the board, against the best baseline."""
    if board.best_baseline is None:
        return []
    k = int(board.main.partition("@")[2])
    metric = f"hit_rate@{k}"
    theirs = board.row(board.best_baseline).scores.values[metric]
    return [
        Cost(row.entry.name, prices[row.entry.name], compare(row.scores.values[metric], theirs, seed), k)
        for row in board.rows
        if row.entry.name in prices
    ]
