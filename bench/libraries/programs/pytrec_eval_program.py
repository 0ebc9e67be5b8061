"""Metrics of pytrec_eval, which is trec_eval in Python."""

import pytrec_eval
from exchange import Case, answer, mean

NAMES = {"hit_rate": "success", "precision": "P", "recall": "recall", "map": "map_cut", "ndcg": "ndcg_cut"}


def measure(case: Case, checked: bool) -> dict[str, float]:
    """``checked``: users without a list count as 0; trec_eval leaves them out. MRR has no k: lists end at k."""
    qrels: dict[str, dict[str, int]] = {}
    for user, item in case.truth:
        qrels.setdefault(user, {})[item] = 1
    run: dict[str, dict[str, float]] = {}
    for user, item, rank, score in case.rows():
        if rank <= case.k:
            run.setdefault(user, {})[item] = score
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, {f"{name}.{case.k}" for name in NAMES.values()} | {"recip_rank"})
    by_user = evaluator.evaluate(run)
    users = list(qrels) if checked else list(by_user)
    keys = {name: f"{theirs}_{case.k}" for name, theirs in NAMES.items()} | {"mrr": "recip_rank"}
    return {name: mean([by_user.get(user, {}).get(key, 0.0) for user in users]) for name, key in keys.items()}


if __name__ == "__main__":
    answer(measure, "pytrec-eval-terrier")
