"""Filter expressions: parsed from text, checked against schemas, and bound to values.

    parse(text) → Expression ─ check(columns)
                             └ bind(filterValues) → BoundExpression ─ select(items, history, user) → Selection

Source: Amazon Personalize, "Filter expressions" and its pages on elements, requirements and examples. What those pages
do not show (conditions grouped by parentheses, CurrentUser as a value, an IF for users) is refused.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

from personalize_local.errors import InvalidInput
from personalize_local.filters.binding import bound_parts
from personalize_local.filters.evaluation import BoundExpression
from personalize_rules.filters.errors import InvalidFilter
from personalize_rules.filters.expression import fields_of, parts_of
from personalize_rules.filters.rules import Columns, check_conditions
from personalize_rules.filters.syntax import Part

KEPT = 64  # cached bound expressions, with the items that they match


class Expression:
    """A syntactically valid filter expression; thread-safe."""

    def __init__(self, text: str, parts: tuple[Part, ...]) -> None:
        """``fields``: as ``Items.GENRE``; ``placeholders``: the parameters' names, without ``$``.

        ``subject``: what it lets through.
        """
        self.text = text
        self.parts = parts
        self.subject = parts[0].subject
        self.fields = frozenset(map(str, fields_of(parts)))
        self.placeholders = frozenset[str]().union(*(part.placeholders for part in parts))
        self._bound = lru_cache(KEPT)(self._bind)

    @property
    def needs_interactions(self) -> bool:
        """Whether a condition is on an event type."""
        return any(part.dataset == part.subject.interactions for part in self.parts)

    def check(self, columns: Columns) -> None:
        """Raise InvalidInput for a field that the schemas lack, or whose type the condition cannot test."""
        with _refused():
            _check(self.parts, columns)

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
            try:
                _check(bound.parts, columns)
            except InvalidFilter as error:  # the expression fits, or it would not be there
                raise InvalidInput(f"filterValues: {error.problem}") from None
        return bound

    def _bind(self, filter_values: tuple[tuple[str, str], ...]) -> BoundExpression:
        return BoundExpression(bound_parts(self.parts, dict(filter_values)))


def parse(text: str) -> Expression:
    """Return the expression in a text. Raises InvalidInput with the position and the reason in one line."""
    with _refused():
        return Expression(text, parts_of(text))


def _check(parts: tuple[Part, ...], columns: Columns) -> None:
    for part in parts:
        check_conditions(part.conditions, columns)


@contextmanager
def _refused() -> Iterator[None]:
    """Turn an invalid expression into the service's refusal."""
    try:
        yield
    except InvalidFilter as error:
        raise InvalidInput(str(error)) from None
