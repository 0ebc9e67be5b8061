"""The metrics by name, known before anything is scored."""

from evaluation.choices import KS, PERSONALIZE_KS

NAMES = ("hit_rate", "precision", "recall", "mrr", "map", "ndcg")
ALL = (*(f"{name}@{k}" for name in NAMES for k in KS), *(f"ndcg_personalize@{k}" for k in PERSONALIZE_KS))
IN_WORDS = (
    f"{', '.join(NAMES)} at {', '.join(map(str, KS))}, and ndcg_personalize at {', '.join(map(str, PERSONALIZE_KS))}"
)
