"""Retrieval metrics of torchmetrics."""

import torch
from exchange import Case, answer
from torchmetrics import retrieval

METRICS = {
    "hit_rate": retrieval.RetrievalHitRate,
    "precision": retrieval.RetrievalPrecision,
    "recall": retrieval.RetrievalRecall,
    "mrr": retrieval.RetrievalMRR,
    "map": retrieval.RetrievalMAP,
    "ndcg": retrieval.RetrievalNormalizedDCG,
}


def measure(case: Case, checked: bool) -> dict[str, float]:
    """``checked``: relevant items that a list does not have are added at its end, below all others.

    So a user without a list has one of relevant items alone, which must not count: it begins with k others.
    """
    scores: dict[str, list[tuple[float, bool]]] = {}
    relevant = case.relevant()
    for user, item, rank, score in case.rows():
        if rank <= case.k:
            scores.setdefault(user, []).append((score, item in relevant.get(user, ())))
    if checked:
        for user, items in relevant.items():
            listed = case.lists.get(user, [])[: case.k]
            fill = [(-float(place), False) for place in range(len(listed), case.k)]
            missed = [(-1e6, True)] * len(items - set(listed))
            scores[user] = [*scores.get(user, []), *fill, *missed]
    rows = [(number, *row) for number, user in enumerate(scores) for row in scores[user]]
    users, predictions, targets = (torch.tensor(column) for column in zip(*rows, strict=True))
    return {
        name: metric(top_k=case.k, empty_target_action="neg" if not checked else "skip")(
            predictions, targets, users
        ).item()
        for name, metric in METRICS.items()
    }


if __name__ == "__main__":
    answer(measure, "torchmetrics")
