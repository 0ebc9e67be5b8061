"""Metrics of RePlay."""

import pandas as pd
from exchange import Case, answer
from replay.metrics import MAP, MRR, NDCG, HitRate, Precision, Recall

METRICS = {"hit_rate": HitRate, "precision": Precision, "recall": Recall, "mrr": MRR, "map": MAP, "ndcg": NDCG}


def measure(case: Case, checked: bool) -> dict[str, float]:
    """``checked``: repeats of the truth are dropped."""
    truth = pd.DataFrame(case.pairs(once=checked), columns=["query_id", "item_id"])
    rows = [(user, item, score) for user, item, _, score in case.rows()]
    lists = pd.DataFrame(rows, columns=["query_id", "item_id", "rating"])
    return {name: metric(case.k)(lists, truth)[f"{metric.__name__}@{case.k}"] for name, metric in METRICS.items()}


if __name__ == "__main__":
    answer(measure, "replay-rec")
