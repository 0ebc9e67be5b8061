"""Filter expressions: parsed from text, checked against schemas, and bound to values.

    parse(text) → Expression ─ check(columns)
                             └ bind(filterValues) → BoundExpression ─ select(items, history, user) → Selection

Source: Amazon Personalize, "Filter expressions" and its pages on elements, requirements and examples. What those pages
do not show (conditions grouped by parentheses, CurrentUser as a value, filters for users and actions) is refused.
"""

from collections.abc import Mapping
from functools import lru_cache

from personalize_local.errors import InvalidInput
from personalize_local.filters.binding import bound_parts
from personalize_local.filters.evaluation import BoundExpression
from personalize_local.filters.refusal import invalid
from personalize_local.filters.rules import Columns, check_conditions, check_fields
from personalize_local.filters.syntax import CURRENT_ITEM, ITEMS, Field, Part

LONGEST = 2500  # characters (CreateFilter)
KEPT = 64  # cached bound expressions, with the items that they match


class Expression:
    """A syntactically valid filter expression; thread-safe."""

    def __init__(self, text: str, parts: tuple[Part, ...]) -> None:
        """``fields``: as ``Items.GENRE``; ``placeholders``: the parameters' names, without ``$``."""
        self.text = text
        self.parts = parts
        self.fields = frozenset(map(str, _fields(parts)))
        self.placeholders = frozenset[str]().union(*(part.placeholders for part in parts))
        self._bound = lru_cache(KEPT)(self._bind)

    def check(self, columns: Columns) -> None:
        """Raise InvalidInput for a field that the schemas lack, or whose type the condition cannot test."""
        for part in self.parts:
            check_conditions(part.conditions, columns)

    def bind(self, filter_values: Mapping[str, str], columns: Columns | None = None) -> BoundExpression:
        """Return the expression with a request's ``filterValues``; the same values give the same object.

        Raises InvalidInput for an unknown parameter, values that are not quoted as they must be or, given ``columns``,
        of another type than their field, and for an INCLUDE parameter without values.
        """
        for name, value in filter_values.items():
            if name not in self.placeholders:
                raise InvalidInput(f"filterValues: the filter has no parameter {ascii(name)[:60]}")
            if not isinstance(value, str):
                raise InvalidInput(f"filterValues: the value of {name} must be a string")
        bound = self._bound(tuple(sorted(filter_values.items())))
        if columns is not None:
            for part in bound.parts:
                check_conditions(part.conditions, columns)
        return bound

    def _bind(self, filter_values: tuple[tuple[str, str], ...]) -> BoundExpression:
        return BoundExpression(bound_parts(self.parts, dict(filter_values)))


def parse(text: str) -> Expression:
    """Return the expression in a text. Raises InvalidInput with the position and the reason in one line."""
    if not 1 <= len(text) <= LONGEST:
        raise invalid(f"it must have 1 to {LONGEST} characters, this one has {len(text)}")
    from personalize_local.filters.parser import parts_of  # with Lark, which few services ever need

    parts = parts_of(text)
    check_fields(frozenset(_fields(parts)))
    return Expression(text, parts)


def _fields(parts: tuple[Part, ...]) -> set[Field]:
    conditions = [condition for part in parts for condition in part.conditions]
    compared = {condition.operand for condition in conditions if isinstance(condition.operand, Field)}
    used = {condition.field for condition in conditions} | compared
    return {Field(ITEMS, field.column) if field.dataset == CURRENT_ITEM else field for field in used}
