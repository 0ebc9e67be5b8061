"""Ranking metrics of Cornac, whose classes take one user's list."""

import numpy as np
from cornac.metrics import MAP, MRR, NDCG, HitRatio, Precision, Recall
from exchange import Case, answer, mean

AT_K = {"hit_rate": HitRatio, "precision": Precision, "recall": Recall, "ndcg": NDCG}


def measure(case: Case, checked: bool) -> dict[str, float]:
    """``checked``: users without a list count as 0. MRR and MAP have no k, and take the whole list."""
    relevant = case.relevant()
    names = {*(item for _, item in case.truth), *(row[1] for row in case.rows())}
    code = {item: number for number, item in enumerate(sorted(names))}
    values: dict[str, list[float]] = {name: [] for name in (*AT_K, "mrr", "map")}
    for user, items in relevant.items():
        listed = case.lists.get(user, [])
        if listed:
            of_user = _of_user(listed, items, code, case.k)
        elif checked:
            of_user = dict.fromkeys(values, 0.0)
        else:
            continue
        for name, value in of_user.items():
            values[name].append(value)
    return {name: mean(of_users) for name, of_users in values.items()}


def _of_user(listed: list[str], relevant: set[str], code: dict[str, int], k: int) -> dict[str, float]:
    gt_pos, rank = (np.array([code[item] for item in items]) for items in (sorted(relevant), listed))
    values = {name: metric(k=k).compute(gt_pos=gt_pos, pd_rank=rank) for name, metric in AT_K.items()}
    scores = np.zeros(len(code))
    scores[rank] = 100.0 - np.arange(len(rank))
    # MRR of a list without a hit is an error: Cornac's own lists have all items.
    values["mrr"] = MRR().compute(gt_pos=gt_pos, pd_rank=rank) if np.isin(rank, gt_pos).any() else 0.0
    values["map"] = MAP().compute(item_indices=np.arange(len(code)), pd_scores=scores, gt_pos=gt_pos)
    return values


if __name__ == "__main__":
    answer(measure, "cornac")
