"""Choices, metrics and defaults by name, known before anything that computes is loaded."""

from evaluation.scoring.metric import Metric

HOLD_OUTS = ("leave-one-out", "last-basket", "time", "personalize")
ALL_ITEMS, NEW_ITEMS = "all-items", "new-items"
TASKS = (ALL_ITEMS, NEW_ITEMS)
KS = (1, 3, 5, 10, 20, 25)
PERSONALIZE_KS = (5, 10, 25)
MAIN = Metric("ndcg", 10)
GROUPS, MODELS, PERMUTATIONS = 20, 3, 2  # of what `features` predicts with, and how often it learns and permutes
METRICS = ("hit_rate", "precision", "recall", "mrr", "map", "ndcg")
METRICS_AT_K = (
    *(Metric(name, k) for name in METRICS for k in KS),
    *(Metric("ndcg_personalize", k) for k in PERSONALIZE_KS),
)
METRICS_IN_WORDS = (
    f"{', '.join(METRICS)} at {', '.join(map(str, KS))}, and ndcg_personalize at {', '.join(map(str, PERSONALIZE_KS))}"
)
