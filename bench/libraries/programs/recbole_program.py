"""Metrics of RecBole, by the classes that its evaluation of a model uses."""

import numpy as np
from exchange import Case, answer
from recbole.evaluator.metrics import MAP, MRR, NDCG, Hit, Precision, Recall

np.float = float  # as RecBole's Config does before it computes: NumPy 1.24 has dropped this name
METRICS = {"hit_rate": Hit, "precision": Precision, "recall": Recall, "mrr": MRR, "map": MAP, "ndcg": NDCG}


def measure(case: Case, checked: bool) -> dict[str, float]:
    """``checked``: users without a list have no hit. In RecBole everybody has a full list, of its own models."""
    relevant = case.relevant()
    users = [user for user in relevant if checked or user in case.lists]
    hits = np.zeros((len(users), case.k), dtype=bool)
    for line, user in enumerate(users):
        if user in case.lists:
            places = case.hits(user)
            hits[line, : len(places)] = places
    counts = np.array([len(relevant[user]) for user in users])
    config = {"topk": [case.k], "metric_decimal_place": 10}
    means = {}
    for name, metric in METRICS.items():
        calculator = metric(config)
        takes_counts = name in ("recall", "map", "ndcg")
        values = calculator.metric_info(hits, counts) if takes_counts else calculator.metric_info(hits)
        means[name] = values[:, case.k - 1].mean()
    return means


if __name__ == "__main__":
    answer(measure, "recbole")
