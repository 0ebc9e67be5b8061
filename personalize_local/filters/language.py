"""Filter expressions: parsed from text, checked against schemas, and bound to values.

    parse(text) → Expression ─ check(columns)
                             └ bind(filterValues) → BoundExpression ─ select(items, history, user) → Selection

Source: Amazon Personalize, "Filter expressions" and its pages on elements, requirements and examples. What those pages
do not show (conditions grouped by parentheses, CurrentUser as a value, filters for users and actions) is refused.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Transformer
from lark.exceptions import UnexpectedInput, VisitError

from personalize_local.errors import InvalidInput
from personalize_local.filters.binding import bound_parts, number_from_text
from personalize_local.filters.evaluation import BoundExpression
from personalize_local.filters.refusal import invalid, unexpected
from personalize_local.filters.rules import Columns, check_conditions, check_fields, check_part, field_from_text
from personalize_local.filters.syntax import (
    CURRENT_ITEM,
    EXCLUDE,
    INCLUDE,
    ITEMS,
    Condition,
    Field,
    Part,
    Placeholder,
    Value,
)

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
    try:
        parts: tuple[Part, ...] = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise unexpected(text, error) from None
    except VisitError as error:
        raise error.orig_exc from None
    check_fields(frozenset(_fields(parts)))
    return Expression(text, parts)


def _fields(parts: tuple[Part, ...]) -> set[Field]:
    conditions = [condition for part in parts for condition in part.conditions]
    compared = {condition.operand for condition in conditions if isinstance(condition.operand, Field)}
    used = {condition.field for condition in conditions} | compared
    return {Field(ITEMS, field.column) if field.dataset == CURRENT_ITEM else field for field in used}


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_Builder(), maybe_placeholders=True)


class _Builder(Transformer[Any, tuple[Part, ...]]):
    """Builds the parts while the text is parsed, bottom-up."""

    def start(self, parts: list[Part]) -> tuple[Part, ...]:
        return tuple(parts)

    def expression(self, children: list[Any]) -> Part:
        action, kind, alternatives, when = children
        if kind.lower() != "itemid":
            raise invalid(f"{kind}: only filters for ItemID are served locally")
        part = Part(INCLUDE if action.upper() == INCLUDE else EXCLUDE, alternatives, when or ())
        check_part(part)
        return part

    def alternatives(self, children: list[Any]) -> tuple[Any, ...]:
        return tuple(children)

    def conjunction(self, children: list[Condition]) -> tuple[Condition, ...]:
        return tuple(children)

    def condition(self, children: list[Any]) -> Condition:
        field, operator, operand = children
        return Condition(field, " ".join(operator.upper().split()), operand)

    def values(self, children: list[Value | Placeholder]) -> tuple[Value, ...] | Placeholder:
        return children[0] if isinstance(children[0], Placeholder) else tuple(children)  # type: ignore[arg-type]

    def value(self, children: list[Value | Placeholder | Field]) -> tuple[Value, ...] | Placeholder | Field:
        (child,) = children
        return child if isinstance(child, Placeholder | Field) else (child,)

    def field_value(self, children: list[Field]) -> Field:
        return children[0]

    def FIELD(self, token: str) -> Field:
        return field_from_text(token)

    def STRING(self, token: str) -> str:
        return str(token)[1:-1]

    def NUMBER(self, token: str) -> int | float:
        return number_from_text(token)

    def PLACEHOLDER(self, token: str) -> Placeholder:
        return Placeholder(str(token)[1:])
