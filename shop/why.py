"""Why an item is on a list, in words, from the terms of the local model. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

NAMED = 2
LEAST = 0.005  # of a score: what is less is not worth a word


@dataclass(frozen=True)
class Reason:
    """One term of a score: ``share`` of it (0 to 1), and in words what it is."""

    kind: str
    share: float
    words: str


def reasons(terms: Mapping[str, Any] | None, name_of: Callable[[str], str | None]) -> list[Reason]:
    """Return the terms of an item's score, the largest first; none if the model did not say."""
    if not terms:
        return []
    follows, fits = terms.get("follows", 0.0), terms.get("fits", 0.0)
    total = terms["similar"] + terms["again"] + terms["popular"] + follows + fits
    if total <= 0:
        return []
    found = [
        Reason("similar", terms["similar"] / total, _similar(terms["because"], name_of)),
        Reason("again", terms["again"] / total, "you looked at it"),
        Reason("popular", terms["popular"] / total, "popular at the moment"),
        Reason("follows", follows / total, "others went on to it"),
        Reason("fits", fits / total, "is like what you clicked"),
    ]
    return sorted((one for one in found if one.share >= LEAST), key=lambda one: -one.share)


def _similar(because: Mapping[str, float], name_of: Callable[[str], str | None]) -> str:
    named = [name for name in map(name_of, because) if name]
    if not named:
        return "goes with what you clicked"
    others = len(named) - NAMED
    more = f" and {others} more" if others > 0 else ""
    return f"goes with {', '.join(named[:NAMED])}{more}"
