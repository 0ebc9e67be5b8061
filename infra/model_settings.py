"""The recipe and the filter in the settings, checked before CloudFormation refuses them half way through a deployment.

``refresh`` asks for the items of a user, with no item and no values beside it: only what answers that is taken.
"""

from difflib import get_close_matches
from typing import Any

from personalize_rules.filters.errors import InvalidFilter
from personalize_rules.filters.expression import parts_of
from personalize_rules.filters.syntax import CURRENT_ITEM, FOR_ITEMS, Field, Part
from personalize_rules.recipes import PERSONALIZATION, TYPES

RECIPES = tuple(name for name, type_ in TYPES.items() if type_ == PERSONALIZATION)


def recipe(value: Any) -> str:
    """Return the name of a recipe that recommends items to users. Raises ValueError with the nearest name."""
    if value in RECIPES:
        return str(value)
    raise ValueError(f"must be one of {', '.join(RECIPES)}, not {value!r}{_hint(str(value))}")


def _hint(name: str) -> str:
    if name in TYPES:
        return f": {name} does not recommend items to users"
    near = get_close_matches(name, RECIPES, 1, cutoff=0.8)
    return f"; did you mean {near[0]}?" if near else ""


def filter_expression(value: Any) -> str:
    """Return an expression that ``refresh`` can use. Raises ValueError with the place and the reason in one line."""
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {value!r}")  # noqa: TRY004 - one kind of error for all wrong values
    try:
        parts = parts_of(value)
    except InvalidFilter as error:
        raise ValueError(f"is not a valid filter expression: {error.problem}") from None
    problem = _problem(parts)
    if problem:
        raise ValueError(problem)
    return value


def _problem(parts: tuple[Part, ...]) -> str | None:
    subject = parts[0].subject
    if subject != FOR_ITEMS:
        return f"filters by {subject.word}, but refresh asks for items: filter by {FOR_ITEMS.word}"
    placeholders = sorted(frozenset[str]().union(*(part.placeholders for part in parts)))
    if placeholders:
        return f"has the parameter ${placeholders[0]}, but refresh gives no values: write them into the expression"
    operands = (condition.operand for part in parts for condition in part.conditions)
    if any(isinstance(operand, Field) and operand.dataset == CURRENT_ITEM for operand in operands):
        return f"has {CURRENT_ITEM}, but refresh asks for a user's items, without an item: leave it out"
    return None
