"""The rules of filter expressions, without and with the schemas.

https://docs.aws.amazon.com/personalize/latest/dg/filter-expression-guidelines-requirements.html, and the examples of
filters for actions and users: action-recommendation-filter-examples.html, user-segment-filter-examples.html.
"""

from collections.abc import Iterable, Mapping, Sequence

from personalize_rules.filters.errors import InvalidFilter
from personalize_rules.filters.syntax import (
    ACTION_INTERACTIONS,
    ACTIONS,
    ANY_TYPE,
    CURRENT_ITEM,
    EQUALITY,
    EVENT_TYPE,
    FOR_USERS,
    INTERACTIONS,
    ITEMS,
    MEMBERSHIP,
    USER,
    USERS,
    Condition,
    Field,
    Part,
    Placeholder,
    Value,
)

Columns = Mapping[str, Mapping[str, frozenset[str]]]
"""Dataset type, such as ITEMS -> column -> its Avro types; ``textual`` among them marks free text."""

DATASET_TYPES = {
    ITEMS: "ITEMS",
    CURRENT_ITEM: "ITEMS",
    INTERACTIONS: "INTERACTIONS",
    USER: "USERS",
    USERS: "USERS",
    ACTIONS: "ACTIONS",
    ACTION_INTERACTIONS: "ACTION_INTERACTIONS",
}
NUMBERS = frozenset({"int", "long", "float", "double"})
STRING, NUMBER = "string", "number"

MOST_FIELDS = 5  # distinct fields in a filter, over all its expressions
# One of AWS's examples has "Action.MEMBERSHIP_LEVEL", the others "Actions".
DATASETS = {name.lower(): name for name in DATASET_TYPES} | {"action": ACTIONS}
OF_INTERACTIONS = (INTERACTIONS, ACTION_INTERACTIONS)


def field_from_text(text: str) -> Field:
    """Return the field ``Dataset.COLUMN``; the dataset's case does not matter, as in AWS's examples.

    Raises InvalidFilter if there is no such dataset.
    """
    dataset, column = text.split(".")
    known = DATASETS.get(dataset.lower())
    if known is None:
        names = f"{ITEMS}, {INTERACTIONS}, {ACTIONS}, {ACTION_INTERACTIONS} or {USERS}"
        raise InvalidFilter(f"{text}: the dataset must be {names}, or {USER} after IF")
    if known in OF_INTERACTIONS:
        return _interaction_field(known, column)
    return Field(known, column)


def _interaction_field(dataset: str, column: str) -> Field:
    if column.upper() != EVENT_TYPE:
        raise InvalidFilter(f"{dataset}.{column}: interactions can be filtered by {EVENT_TYPE} only")
    return Field(dataset, EVENT_TYPE)


def check_subjects(parts: Sequence[Part]) -> None:
    """Raise InvalidFilter unless all parts are about the same: items, actions or users."""
    first, *others = parts
    for part in others:
        if part.subject != first.subject:
            raise InvalidFilter(f"{part.subject.word}: a filter that begins with {first.subject.word} has only these")


def check_part(part: Part) -> None:
    """Raise InvalidFilter unless the conditions are about one dataset, and those of IF about the current user."""
    for condition in part.conditions[: -len(part.when) or None]:
        dataset, subject = condition.field.dataset, part.subject
        if dataset not in (subject.records, subject.interactions):
            datasets = f"{subject.records} or {subject.interactions}"
            raise InvalidFilter(f"{condition.field}: a condition on {subject.word} before IF is about {datasets}")
        if dataset != part.dataset:
            raise InvalidFilter(f"{condition.field}: one expression has one dataset; join two expressions with |")
    for condition in part.when:
        if part.subject == FOR_USERS:
            raise InvalidFilter(f"{condition.field}: a filter for users has no IF, because there is no current user")
        if condition.field.dataset != USER:
            raise InvalidFilter(f"{condition.field}: a condition after IF is about {USER}")
    for condition in part.conditions:
        check_condition(condition)


def check_condition(condition: Condition) -> None:
    """Raise InvalidFilter for an operator that does not fit the field, or the values if they are known."""
    operand, operator, field = condition.operand, condition.operator, condition.field
    if field.dataset in OF_INTERACTIONS and operator not in MEMBERSHIP:
        raise InvalidFilter(f"{field} goes with IN and NOT IN only")
    if isinstance(operand, Placeholder):
        if operator == "NOT IN":
            raise InvalidFilter(f"${operand.name}: a parameter does not go with NOT IN; use IN and the opposite action")
    elif isinstance(operand, Field):
        _check_current_item(field, operand)
    else:
        problem = value_problem(condition)
        if problem:
            raise InvalidFilter(f"{field}: {problem}")


def _check_current_item(field: Field, operand: Field) -> None:
    if operand.dataset == USER:
        raise InvalidFilter(f"{operand}: {USER} stands after IF, and as the field of a condition only")
    if operand.dataset != CURRENT_ITEM or field.dataset != ITEMS:
        raise InvalidFilter(f"{operand}: only a field of {ITEMS} can be compared, and only with one of {CURRENT_ITEM}")


def value_problem(condition: Condition) -> str | None:
    """Return the problem of a condition's values, without repeating them: they may be personal data."""
    values, operator, field = condition.values, condition.operator, condition.field
    if operator in MEMBERSHIP:
        if not all(isinstance(value, str) for value in values):
            return f"{operator} takes strings in double quotes"
        if field.dataset != INTERACTIONS and ANY_TYPE in values:
            return f'"{ANY_TYPE}" goes with {INTERACTIONS}.{EVENT_TYPE} only'
        return None
    if len(values) != 1:
        return f"{operator} takes one value"
    if operator not in EQUALITY and isinstance(values[0], str):
        return f"{operator} takes a number, without quotes"
    return None


def check_fields(fields: frozenset[Field]) -> None:
    """Raise InvalidFilter if a filter has too many distinct fields."""
    if len(fields) > MOST_FIELDS:
        raise InvalidFilter(f"it can use at most {MOST_FIELDS} different fields, this one uses {len(fields)}")


def check_conditions(conditions: Iterable[Condition], columns: Columns) -> None:
    """Raise InvalidFilter for an unknown column, or a condition that its type does not allow.

    Booleans and textual columns cannot be filtered by at all ("Guidelines and requirements").
    """
    for condition in conditions:
        kinds = _kinds(condition.field, columns)
        _check_operator(condition, kinds)
        operand = condition.operand
        if isinstance(operand, Field):
            if not kinds & _kinds(operand, columns):
                raise InvalidFilter(f"{condition.field} and {operand} are of different types")
        elif isinstance(operand, tuple):
            _check_values(condition.field, operand, kinds)


def _kinds(field: Field, columns: Columns) -> frozenset[str]:
    dataset = columns.get(DATASET_TYPES[field.dataset])
    if dataset is None:
        raise InvalidFilter(f"{field}: the dataset group has no {DATASET_TYPES[field.dataset]} dataset")
    if field.column not in dataset:
        raise InvalidFilter(f"{field}: no such field in the schema{_suggestion(field.column, dataset)}")
    types = dataset[field.column]
    if "boolean" in types:
        raise InvalidFilter(f'{field}: booleans cannot be filtered by; use a string "True"/"False" or a number 0/1')
    if "textual" in types:
        raise InvalidFilter(f"{field}: textual fields cannot be filtered by")
    return kinds_of(types)


def kinds_of(types: frozenset[str]) -> frozenset[str]:
    """Return the kinds of values, STRING and NUMBER, of a column with these Avro types."""
    return frozenset({STRING} & types) | frozenset({NUMBER} if types & NUMBERS else ())


def _suggestion(column: str, dataset: Iterable[str]) -> str:
    alike = [name for name in dataset if name.upper() == column.upper()]
    return f"; did you mean {alike[0]}?" if alike else ""


def _check_operator(condition: Condition, kinds: frozenset[str]) -> None:
    if condition.operator in MEMBERSHIP and STRING not in kinds:
        raise InvalidFilter(f"{condition.field}: {condition.operator} is for strings, this field is a number")
    if condition.operator not in (*MEMBERSHIP, *EQUALITY) and NUMBER not in kinds:
        raise InvalidFilter(f"{condition.field}: {condition.operator} is for numbers, this field is a string")


def _check_values(field: Field, values: tuple[Value, ...], kinds: frozenset[str]) -> None:
    for value in values:
        if (STRING if isinstance(value, str) else NUMBER) not in kinds:
            expected = "a number, without quotes" if STRING not in kinds else "a string in double quotes"
            raise InvalidFilter(f"{field}: expected {expected}")
