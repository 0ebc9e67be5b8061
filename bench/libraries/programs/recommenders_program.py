"""Metrics of Microsoft's recommenders."""

import pandas as pd
from exchange import Case, answer
from recommenders.evaluation.python_evaluation import map as mean_average_precision
from recommenders.evaluation.python_evaluation import ndcg_at_k, precision_at_k, recall_at_k


def measure(case: Case, checked: bool) -> dict[str, float]:
    """``checked``: repeats of the truth are dropped, and a user without a list gets an item that nobody bought.

    ``map`` divides by all relevant items, ``map_at_k`` does not.
    """
    truth = pd.DataFrame(case.pairs(once=checked), columns=["userID", "itemID"]).assign(rating=1)
    rows = [(user, item, score) for user, item, _, score in case.rows()]
    if checked:
        rows += [(user, "nothing", 0.0) for user in case.relevant() if user not in case.lists]
    lists = pd.DataFrame(rows, columns=["userID", "itemID", "prediction"])
    metrics = {"precision": precision_at_k, "recall": recall_at_k, "map": mean_average_precision, "ndcg": ndcg_at_k}
    return {name: metric(truth, lists, k=case.k) for name, metric in metrics.items()}


if __name__ == "__main__":
    answer(measure, "recommenders")
