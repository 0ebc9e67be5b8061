"""Feed changes, not states: the same recommenders fed with both, on what `./broker prepare ownership` has written.

python -m bench.feeds STATES/interactions.csv CHANGES/interactions.csv --at 2016-05-28 [--plot feeds.svg]
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from evaluation.data.log import read
from evaluation.feeds.compare import compare
from evaluation.feeds.plot import draw
from evaluation.scoring.board import Board

METRICS = ("precision@1", "precision@5", "recall@5", "mrr@20", "ndcg@20")


def table(board: Board) -> str:
    """Return a line for each recommender, the best first."""
    rows = sorted(board.rows, key=lambda row: -row.intervals[board.main].mean)
    lines = [f"{'':32}" + "".join(f"{name:>13}" for name in METRICS)]
    for row in rows:
        means = "".join(f"{row.intervals[name].mean:13.3f}" for name in METRICS)
        lines.append(f"{row.entry.name:32}{means}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.feeds", description=__doc__)
    parser.add_argument("states", type=Path)
    parser.add_argument("changes", type=Path)
    parser.add_argument("--at", required=True, help="the day from which on acquisitions are to be foretold")
    parser.add_argument("--plot", type=Path, help="an .svg or .png")
    asked = parser.parse_args()
    cut = int(datetime.fromisoformat(asked.at).replace(tzinfo=UTC).timestamp())
    found = compare(read(asked.states), read(asked.changes), cut)
    print(f"{len(found.as_given.users):,} customers\n\nas given\n{table(found.as_given)}")
    print(f"\nwithout what the customer has\n{table(found.without_owned)}")
    if asked.plot:
        asked.plot.write_bytes(draw(found, asked.plot.suffix[1:]))


if __name__ == "__main__":
    main()
