"""Metrics of RecTools."""

import pandas as pd
from exchange import Case, answer
from rectools import Columns
from rectools.metrics import MAP, MRR, NDCG, HitRate, Precision, Recall, calc_metrics


def measure(case: Case, checked: bool) -> dict[str, float]:
    """``checked``: repeats of the truth are dropped, and NDCG divides by what the user's truth allows."""
    truth = pd.DataFrame(case.pairs(once=checked), columns=[Columns.User, Columns.Item])
    rows = [(user, item, rank) for user, item, rank, _ in case.rows()]
    lists = pd.DataFrame(rows, columns=[Columns.User, Columns.Item, Columns.Rank])
    metrics = {
        "hit_rate": HitRate(case.k),
        "precision": Precision(case.k),
        "recall": Recall(case.k),
        "mrr": MRR(case.k),
        "map": MAP(case.k),
        "ndcg": NDCG(case.k, divide_by_achievable=checked),
    }
    return dict(calc_metrics(metrics, reco=lists, interactions=truth))


if __name__ == "__main__":
    answer(measure, "rectools")
