"""Diagnostics of a table of means alone, ours or anybody's: numbers that can't all be true.

``means``: recommender → metric → mean over the users.
"""

from collections.abc import Mapping

import numpy as np

from evaluation.scoring.metric import Metric

Means = Mapping[Metric, float]
FIRST_PLACE = Metric("precision", 1)
TOO_GOOD = 0.95
ALIKE = 0.05
ROUNDED = 0.005  # two digits, or more
SUSPICIOUS = 1.25
TWICE, QUARTER = 2, 0.25
ASK = "was it trained on train.csv alone?"


def too_good(means: Means, counting: float = 0.0, *, external: bool = False) -> str | None:
    """Nearly always right with the first place: the answer was known, or the question is what the user has.

    ``counting``: precision@1 of the best baseline, where that answers the question: as good is not too good.
    ``external``: lists from outside, whose training is not known here.
    """
    value = means.get(FIRST_PLACE, 0.0)
    if value <= TOO_GOOD or counting >= (1 - ALIKE) * value:
        return None
    hint = f"; {ASK}" if external else ""
    return f"{FIRST_PLACE} is {value:.3f}: the answer was known before, or is what the user has{hint}"


def knows_the_answer(external_mean: float, best_mean: float, best: str, verdict: str) -> str | None:
    """Lists from outside, by the metric that decides, at least twice as good as ``best``, the best trained here.

    Twice of more than a half can't be: so much better is, too, what misses a quarter of what that misses, or less.
    """
    if verdict != "better" or (external_mean < TWICE * best_mean and 1 - external_mean > QUARTER * (1 - best_mean)):
        return None
    times = (
        f" is {external_mean / best_mean:.1f} times that of"
        if best_mean
        else f" is nothing like the {best_mean:.3f} of"
    )
    return f"{external_mean:.3f}{times} {best}, the best trained here ({best_mean:.3f}): {ASK}"


def new_items_like_all_items(all_items: Means, new_items: Means, metric: Metric = FIRST_PLACE) -> str | None:
    """Predicting what is new as well as what is had: then what is had was scored."""
    had, new = all_items.get(metric, 0.0), new_items.get(metric, 0.0)
    if had < 0.5 or abs(new - had) > ALIKE * had:
        return None
    return f"{metric} of new-items ({new:.3f}) is that of all-items ({had:.3f}): all-items was scored twice"


def not_one_truth(table: Mapping[str, Means], k: int) -> str | None:
    """More hits a user than another's recall leaves room for: not the same users, or another user's items filtered.

    Who finds h of a user's r things misses, of the first k, at most k · (1 - h/r): so with hits H = k · precision and
    recall R, nobody can have more than H + k · (1 - R) hits a user on the same truth. Truths a user, k · precision /
    recall, would not do: a recommender that is good for those with little to find has fewer, rightly.
    """
    precision, recall = Metric("precision", k), Metric("recall", k)
    hits = {name: k * means[precision] for name, means in table.items() if precision in means}
    room = {name: hits[name] + k * (1 - table[name][recall] + ROUNDED) for name in hits if recall in table[name]}
    least = min(room, key=room.__getitem__, default="")
    more = [f"{name} ({hits[name]:.2f})" for name in hits if least and hits[name] > room[least]]
    if not more:
        return None
    finding = f"{least} finds {table[least][recall]:.1%} of all there is with {hits[least]:.2f} hits a user"
    return f"@{k} {finding}; none can have over {room[least]:.2f}, yet {', '.join(more)}: not the same truth for all"


def hits_only_ndcg(precision: float, relevant: float, ndcg: float, k: int) -> str | None:
    """More NDCG than the hits allow: it was divided by the ideal of the hits found, as Amazon Personalize does.

    ``relevant``: things to find a user, on average.
    """
    if relevant <= 0:
        return None
    most = min(1.0, _ideal(precision * k) / _ideal(min(relevant, k)))
    if ndcg <= SUSPICIOUS * most:
        return None
    hits = f"{precision * k:.2f} hits of {relevant:.1f}"
    return f"NDCG@{k} {ndcg:.3f} is more than {hits} allow ({most:.3f}): hits-only NDCG"


def baseline_wins(baseline: str, verdict: str) -> str | None:
    """Counting is better than the model."""
    return f"it is worse than {baseline}, a baseline that learns nothing" if verdict == "worse" else None


def _ideal(hits: float) -> float:
    """Return the gain of so many hits at the head of a list; between whole numbers, on the line."""
    gains = np.r_[0, np.cumsum(1 / np.log2(np.arange(2, 102)))]
    return float(np.interp(hits, np.arange(len(gains)), gains))
