"""Lists and truths on which metric libraries differ, and a made-up shop on which they should not."""

import random
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from evaluation.constants import METRICS
from evaluation.data import list_files
from evaluation.recommenders.external import ListsByUser
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import score
from evaluation.task import Pairs

Case = Mapping[str, Any]
TIES = 20


def cases() -> dict[str, Case]:
    """Return the cases by name, as the programs take them: see ``programs/exchange.py``."""
    return {
        "shop": shop(),
        "two of four": _one_user("abcd", "vawxb"),
        "five of seven": _one_user("abcdefg", "abcde"),
        "short list": _one_user("a", "a"),
        "no list": {"truth": [("u", "a"), ("v", "b")], "lists": {"u": ["a"]}},
        "no truth": {"truth": [("u", "a")], "lists": {"u": ["a"], "v": ["a"]}},
        "bought twice": {"truth": [("u", "a"), ("u", "a"), ("u", "b")], "lists": {"u": ["a", *"vwxy"]}},
        "equal scores": _ties("equal"),
        "large scores": _ties("seconds"),
    }


def shop(users: int = 60, items: int = 80, k: int = 10) -> Case:
    """Return a shop with short lists, a user without one, and purchases of the same item on several days."""
    draw = random.Random(1)  # noqa: S311 - always the same shop
    names = [f"item-{number}" for number in range(items)]
    lists = {f"user-{user}": draw.sample(names, draw.choice([3, 8, 12, 25])) for user in range(1, users)}
    truth = []
    for user in range(users):
        bought = draw.choices(lists.get(f"user-{user}", names) + names[:20], k=draw.choice([1, 2, 4, 15]))
        truth += [(f"user-{user}", item) for item in bought]
    return {"truth": truth, "lists": lists, "k": k}


def ours(case: Case) -> dict[str, float]:
    """Return this project's means at the case's k, by metric."""
    lists, pairs, _ = _coded(case["truth"], case["lists"])
    k = case.get("k", 5)
    means = score(lists, pairs, (k,)).means()
    return {name: means[Metric(name, k)] for name in METRICS}


def _coded(truth: Iterable[tuple[str, str]], lists_by_user: ListsByUser) -> tuple[np.ndarray, Pairs, list[str]]:
    truth = list(truth)
    users = sorted({user for user, _ in truth})
    items = sorted({item for _, item in truth})
    code = {item: number for number, item in enumerate(items)}
    keys = np.unique([users.index(user) * len(items) + code[item] for user, item in truth])
    lists = list_files.fit(lists_by_user, users, code, 25).lists
    return lists, Pairs(*np.divmod(keys, len(items))), users


def _one_user(relevant: str, recommended: str) -> Case:
    return {"truth": [("u", item) for item in relevant], "lists": {"u": list(recommended)}}


def _ties(scores: str) -> Case:
    """Return a list of which the first item is relevant, with scores that do not part them, or hardly."""
    items = [f"item-{number:02}" for number in range(TIES)]
    random.Random(3).shuffle(items)  # noqa: S311 - always the same order
    return {"truth": [("u", items[0])], "lists": {"u": items}, "k": TIES, "scores": scores}
