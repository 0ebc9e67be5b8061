"""Checks a filter's fields against the columns and types of the dataset group's schemas."""

from collections.abc import Iterable, Mapping

from personalize_local.filters.refusal import invalid
from personalize_local.filters.syntax import (
    CURRENT_ITEM,
    EQUALITY,
    INTERACTIONS,
    ITEMS,
    MEMBERSHIP,
    USER,
    Condition,
    Field,
    Value,
)

Columns = Mapping[str, Mapping[str, frozenset[str]]]
"""Dataset type (ITEMS, USERS, INTERACTIONS) -> column -> its Avro types; ``textual`` among them marks free text."""

DATASET_TYPES = {ITEMS: "ITEMS", CURRENT_ITEM: "ITEMS", INTERACTIONS: "INTERACTIONS", USER: "USERS"}
NUMBERS = frozenset({"int", "long", "float", "double"})
STRING, NUMBER = "string", "number"


def check_conditions(conditions: Iterable[Condition], columns: Columns) -> None:
    """Raise InvalidInput for an unknown column, or a condition that its type does not allow.

    Booleans and textual columns cannot be filtered by at all ("Guidelines and requirements").
    """
    for condition in conditions:
        kinds = _kinds(condition.field, columns)
        _check_operator(condition, kinds)
        operand = condition.operand
        if isinstance(operand, Field):
            if not kinds & _kinds(operand, columns):
                raise invalid(f"{condition.field} and {operand} are of different types")
        elif isinstance(operand, tuple):
            _check_values(condition.field, operand, kinds)


def _kinds(field: Field, columns: Columns) -> frozenset[str]:
    dataset = columns.get(DATASET_TYPES[field.dataset])
    if dataset is None:
        raise invalid(f"{field}: the dataset group has no {DATASET_TYPES[field.dataset]} dataset")
    if field.column not in dataset:
        raise invalid(f"{field}: no such field in the schema{_suggestion(field.column, dataset)}")
    types = dataset[field.column]
    if "boolean" in types:
        raise invalid(f'{field}: booleans cannot be filtered by; use a string "True"/"False" or a number 0/1')
    if "textual" in types:
        raise invalid(f"{field}: textual fields cannot be filtered by")
    return frozenset({STRING} & types) | frozenset({NUMBER} if types & NUMBERS else ())


def _suggestion(column: str, dataset: Iterable[str]) -> str:
    alike = [name for name in dataset if name.upper() == column.upper()]
    return f"; did you mean {alike[0]}?" if alike else ""


def _check_operator(condition: Condition, kinds: frozenset[str]) -> None:
    if condition.operator in MEMBERSHIP and STRING not in kinds:
        raise invalid(f"{condition.field}: {condition.operator} is for strings, this field is a number")
    if condition.operator not in (*MEMBERSHIP, *EQUALITY) and NUMBER not in kinds:
        raise invalid(f"{condition.field}: {condition.operator} is for numbers, this field is a string")


def _check_values(field: Field, values: tuple[Value, ...], kinds: frozenset[str]) -> None:
    for value in values:
        if (STRING if isinstance(value, str) else NUMBER) not in kinds:
            expected = "a number, without quotes" if STRING not in kinds else "a string in double quotes"
            raise invalid(f"{field}: expected {expected}")
