"""What pruning costs: NDCG@10 of EASE with all items, and with a part of them computed exactly.

    python -m bench.pruned_ease INTERACTIONS.csv [--at 2011-11-01]

Both forms are trained where the exact one can be. Of the pruned one, a share of the items is taken as the head.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from cli.types import EpochSeconds
from evaluation.data.log import read
from evaluation.recommenders.registry import BY_NAME
from evaluation.recommenders.score_blocks import lists_by_task
from evaluation.recommenders.trained_models import TrainedModels
from evaluation.scoring import uncertainty
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import score
from evaluation.splits import HoldOut, split
from evaluation.task import TASKS, Task, task
from recommender_models.models import item_knn, pruned_ease
from recommender_models.models.similarity import Similarity, SparseSimilarity, fit
from recommender_models.settings import Settings
from recommender_models.training_set import Floats, TrainingSet

SHARES = (0.5, 0.2, 0.05, 0.01)
NDCG = Metric("ndcg", 10)


def forms(rows: TrainingSet) -> Iterator[tuple[str, Similarity]]:
    """Yield EASE, its pruned forms, and the nearest items alone."""
    yield "EASE, exact", fit(rows, Settings().regularisation)
    for share in SHARES:
        most = max(2, int(share * len(rows.item_ids)))
        yield f"pruned, {share:.0%} exact", SparseSimilarity(pruned_ease.pruned(rows, Settings().regularisation, most))
    yield "nearest items alone", SparseSimilarity(item_knn.nearest(rows))


def values(question: Task, similarity: Similarity) -> dict[str, Floats]:
    """Return each user's NDCG@10 by task."""
    assert isinstance(question.train, TrainingSet)  # noqa: S101 - it was read at once
    models = TrainedModels(question.train)
    models.ease = lambda regularisation: similarity  # type: ignore[method-assign]
    blocks = BY_NAME["ease"].score(models, question.known_past(), Settings())
    best = lists_by_task(blocks, TASKS, question.owned(), 10)
    return {name: score(best[name], question.truth_for(name), (10,)).values[NDCG] for name in TASKS}


def main() -> None:
    """Print a row of a table for each form."""
    parser = argparse.ArgumentParser(prog="python -m bench.pruned_ease", description=__doc__)
    parser.add_argument("interactions", type=Path)
    parser.add_argument("--at")
    options = parser.parse_args()
    log = read(options.interactions)
    at = EpochSeconds().convert(options.at, None, None) if options.at else None
    question = task(log, split(log, HoldOut(at=at)), 5_000, 1)
    assert isinstance(question.train, TrainingSet)  # noqa: S101 - it was read at once
    exact: dict[str, Floats] = {}
    for form, similarity in forms(question.train):
        found = values(question, similarity)
        exact = exact or found
        cells = [_cell(found[name], exact[name]) for name in TASKS]
        sys.stdout.write(f"| {form} | {' | '.join(cells)} |\n")


def _cell(values: Floats, exact: Floats) -> str:
    """Return a mean, and its difference to the exact form's with the 95 % interval."""
    if values is exact:
        return f"{uncertainty.mean(exact).mean:.4f}"
    difference = uncertainty.compare(values, exact, 1).difference
    return f"{uncertainty.mean(values).mean:.4f} ({difference.low:+.4f} to {difference.high:+.4f})"


if __name__ == "__main__":
    main()
