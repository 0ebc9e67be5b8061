"""Metrics of ranx."""

from exchange import Case, answer
from ranx import Qrels, Run, evaluate

NAMES = {
    "hit_rate": "hit_rate",
    "precision": "precision",
    "recall": "recall",
    "mrr": "mrr",
    "map": "map",
    "ndcg": "ndcg",
}


def measure(case: Case, checked: bool) -> dict[str, float]:
    """``checked``: ``make_comparable=True``, which gives users without a list an empty one."""
    qrels: dict[str, dict[str, int]] = {}
    for user, item in case.truth:
        qrels.setdefault(user, {})[item] = 1
    run: dict[str, dict[str, float]] = {}
    for user, item, _, score in case.rows():
        run.setdefault(user, {})[item] = score
    names = [f"{name}@{case.k}" for name in NAMES.values()]
    means = evaluate(Qrels(qrels), Run(run), names, make_comparable=checked)
    return {name: means[f"{theirs}@{case.k}"] for name, theirs in NAMES.items()}


if __name__ == "__main__":
    answer(measure, "ranx")
