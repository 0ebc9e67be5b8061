"""What the programs beside this one have in common: cases come in as JSON, and each metric's mean goes out.

Only the standard library: each program runs in its library's own environment.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Any

Measure = Callable[["Case", bool], dict[str, float]]


@dataclass(frozen=True)
class Case:
    """``truth``: (user, item) for each held-out interaction; ``lists``: user → items, best first; ``k``: places.

    ``scores``: what stands beside the items of a list; ``rank`` is 100 - rank, ``equal`` the same for all.
    """

    truth: list[tuple[str, str]]
    lists: dict[str, list[str]]
    k: int = 5
    scores: str = "rank"

    def pairs(self, *, once: bool) -> list[tuple[str, str]]:
        """Return the truth; ``once``: without repeats."""
        return list(dict.fromkeys(self.truth)) if once else self.truth

    def relevant(self) -> dict[str, set[str]]:
        """Return each user's relevant items."""
        items: dict[str, set[str]] = {}
        for user, item in self.truth:
            items.setdefault(user, set()).add(item)
        return items

    def rows(self) -> Iterator[tuple[str, str, int, float]]:
        """Yield user, item, rank from 1 on, and score of all recommendations."""
        for user, items in self.lists.items():
            for rank, item in enumerate(items, start=1):
                yield user, item, rank, _SCORES[self.scores](rank)

    def hits(self, user: str) -> list[bool]:
        """Return which of the first k places of a user's list are relevant."""
        relevant = self.relevant().get(user, set())
        return [item in relevant for item in self.lists[user][: self.k]]


_SCORES: dict[str, Callable[[int], float]] = {
    "rank": lambda rank: 100.0 - rank,
    "equal": lambda rank: 1.0,
    "seconds": lambda rank: 1_700_000_000.0 - rank,
}


def answer(measure: Measure, *packages: str) -> None:
    """Print each case's means as JSON, as the library is called first (``plain``) and with its switches (``checked``).

    ``measure`` takes a case and whether to use the switches.
    """
    cases = {name: _case(**values) for name, values in json.load(sys.stdin).items()}
    values = {
        how: {name: _values(measure, case, how == "checked") for name, case in cases.items()}
        for how in ("plain", "checked")
    }
    json.dump({"versions": {package: metadata.version(package) for package in packages}, **values}, sys.stdout)


def _case(truth: list[list[str]], **values: Any) -> Case:
    return Case([(user, item) for user, item in truth], **values)


def _values(measure: Measure, case: Case, checked: bool) -> dict[str, Any]:
    try:
        return {name: float(value) for name, value in measure(case, checked).items()}
    except Exception as error:  # whatever a library does with valid input is its answer
        return {"error": f"{type(error).__name__}: {error}"[:200]}


def mean(values: list[float]) -> float:
    """Return the mean. Raises ValueError where there is nothing to average."""
    if not values:
        raise ValueError("no user is left")
    return sum(values) / len(values)
