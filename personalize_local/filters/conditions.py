"""Tests of one condition on one value.

A string may hold several values with ``|`` between them: one that matches is enough for IN and =, and NOT IN and != are
their opposites ("Formatting categorical data"). A value that is missing or null meets no condition, NOT IN included.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeGuard

from personalize_rules.filters.syntax import EQUALITY, MEMBERSHIP, Condition, Field, Value

Test = Callable[[object], bool]
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
SEPARATOR = "|"


def test_for(condition: Condition) -> Test:
    """Return the test of a condition with known values: a function of a column's value that never raises."""
    values = condition.values
    if condition.operator in MEMBERSHIP or (condition.operator in EQUALITY and isinstance(values[0], str)):
        return _matches(frozenset(values), expected=condition.operator in ("IN", "="))
    return _compares(condition.operator, values[0])


def _matches(values: frozenset[Value], expected: bool) -> Test:
    def test(value: object) -> bool:
        if not isinstance(value, str):
            return False
        is_member = value in values if SEPARATOR not in value else not values.isdisjoint(value.split(SEPARATOR))
        return is_member is expected

    return test


def _compares(symbol: str, operand: Value) -> Test:
    compare = COMPARISONS[symbol]

    def test(value: object) -> bool:
        return _is_number(value) and _is_number(operand) and compare(value, operand)

    return test


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def holds(condition: Condition, properties: Mapping[str, object]) -> bool:
    """Return whether a condition holds for a user (or an item) with these properties."""
    return test_for(condition)(properties.get(condition.field.column))


def resolve(condition: Condition, current_item: Mapping[str, object]) -> Condition | None:
    """Return the condition with the current item's value, or None if the item has none: then it never holds."""
    if not isinstance(condition.operand, Field):
        return condition
    value = current_item.get(condition.operand.column)
    if isinstance(value, str):
        return replace(condition, operand=tuple(value.split(SEPARATOR)))
    return replace(condition, operand=(value,)) if _is_number(value) else None
