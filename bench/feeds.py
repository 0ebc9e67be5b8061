"""Compares recommenders on states and on changes of ownership, as `./broker prepare ownership` writes them.

python -m bench.feeds STATES/interactions.csv CHANGES/interactions.csv --at 2016-05-28 [--plot feeds.svg]
"""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from evaluation.data.log import read
from evaluation.feeds.compare import Feeds, best_of_each, compare
from evaluation.scoring.leaderboard import Leaderboard
from evaluation.scoring.metric import Metric

METRICS = (("precision", 1), ("precision", 5), ("recall", 5), ("mrr", 20), ("ndcg", 20))


def printed(leaderboard: Leaderboard) -> list[Metric]:
    """Return the metrics to print; of a k that is left out, at the next smaller one in use."""
    at = ((name, max(k for k in leaderboard.ks if k <= most)) for name, most in METRICS)
    return list(dict.fromkeys(Metric(name, k) for name, k in at))


def table(leaderboard: Leaderboard) -> str:
    """Return a line for each recommender, the best first, and how far the best of either feed are apart."""
    rows, names = sorted(leaderboard.rows, key=lambda row: -row.intervals[leaderboard.main].mean), printed(leaderboard)
    lines = [f"{'':36}" + "".join(f"{name!s:>13}" for name in names)]
    for row in rows:
        means = "".join(f"{row.intervals[name].mean:13.3f}" for name in names)
        lines.append(f"{row.candidate.name:36}{means}")
    ours, theirs, apart = best_of_each(leaderboard)
    return "\n".join([*lines, f"{ours} minus {theirs}, {leaderboard.main}: {apart.difference}: {apart.in_words()}"])


def main(arguments: Sequence[str] | None = None) -> Feeds:
    """Print both tables, write the plot, and return the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.feeds", description=__doc__)
    parser.add_argument("states", type=Path)
    parser.add_argument("changes", type=Path)
    parser.add_argument("--at", required=True, help="the day from which on acquisitions are to be predicted")
    parser.add_argument("--plot", type=Path, help="an .svg or .png")
    options = parser.parse_args(arguments)
    if options.plot and options.plot.suffix not in (".svg", ".png"):
        parser.error("--plot is an .svg or .png")
    cut = int(datetime.fromisoformat(options.at).replace(tzinfo=UTC).timestamp())
    feeds = compare(read(options.states), read(options.changes), cut)
    if options.plot:
        from evaluation.feeds.plot import draw  # matplotlib takes a second to load

        options.plot.write_bytes(draw(feeds, options.plot.suffix[1:]))
    print(f"{len(feeds.as_given.users):,} customers\n\nas given\n{table(feeds.as_given)}")
    print(f"\nwithout what the customer has\n{table(feeds.without_owned)}")
    return feeds


if __name__ == "__main__":
    main()
