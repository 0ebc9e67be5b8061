"""The rules of filter expressions that need no schema (Amazon Personalize, "Guidelines and requirements")."""

from personalize_local.errors import InvalidInput
from personalize_local.filters.refusal import invalid
from personalize_local.filters.syntax import (
    ANY_TYPE,
    CURRENT_ITEM,
    EQUALITY,
    EVENT_TYPE,
    INTERACTIONS,
    ITEMS,
    MEMBERSHIP,
    USER,
    Condition,
    Field,
    Part,
    Placeholder,
)

MOST_FIELDS = 5  # distinct fields in a filter, over all its expressions
DATASETS = {name.lower(): name for name in (ITEMS, INTERACTIONS, USER, CURRENT_ITEM)}
NOT_SERVED = {"users": "user segments", "actions": "actions", "action_interactions": "actions"}


def field_from_text(text: str) -> Field:
    """Return the field ``Dataset.COLUMN``; the dataset's case does not matter, as in AWS's examples.

    Raises InvalidInput if there is no such dataset in an expression for items.
    """
    dataset, column = text.split(".")
    known = DATASETS.get(dataset.lower())
    if known is None:
        raise invalid(f"{text}: {_unknown(dataset)}")
    if known == INTERACTIONS:
        return _interaction_field(column)
    return Field(known, column)


def _unknown(dataset: str) -> str:
    if dataset.lower() in NOT_SERVED:
        return f"filters for {NOT_SERVED[dataset.lower()]} are not served locally"
    return f"the dataset must be {ITEMS} or {INTERACTIONS}, or {USER} after IF"


def _interaction_field(column: str) -> Field:
    if column.upper() != EVENT_TYPE:
        raise invalid(f"{INTERACTIONS}.{column}: interactions can be filtered by {EVENT_TYPE} only")
    return Field(INTERACTIONS, EVENT_TYPE)


def check_part(part: Part) -> None:
    """Raise InvalidInput unless the conditions are about one dataset, and those of IF about the current user."""
    for condition in part.conditions[: -len(part.when) or None]:
        dataset = condition.field.dataset
        if dataset not in (ITEMS, INTERACTIONS):
            raise invalid(f"{condition.field}: a condition before IF is about {ITEMS} or {INTERACTIONS}")
        if dataset != part.dataset:
            raise invalid(f"{condition.field}: one expression has one dataset; join two expressions with |")
    for condition in part.when:
        if condition.field.dataset != USER:
            raise invalid(f"{condition.field}: a condition after IF is about {USER}")
    for condition in part.conditions:
        check_condition(condition)


def check_condition(condition: Condition) -> None:
    """Raise InvalidInput for an operator that does not fit the field, or the values if they are known."""
    operand, operator, field = condition.operand, condition.operator, condition.field
    if field.dataset == INTERACTIONS and operator not in MEMBERSHIP:
        raise invalid(f"{field} goes with IN and NOT IN only")
    if isinstance(operand, Placeholder):
        if operator == "NOT IN":
            raise invalid(f"${operand.name}: a parameter does not go with NOT IN; use IN and the opposite action")
    elif isinstance(operand, Field):
        _check_current_item(field, operand)
    else:
        problem = value_problem(condition)
        if problem:
            raise invalid(f"{field}: {problem}")


def _check_current_item(field: Field, operand: Field) -> None:
    if operand.dataset == USER:
        raise invalid(f"{operand}: {USER} stands after IF, and as the field of a condition only")
    if operand.dataset != CURRENT_ITEM or field.dataset != ITEMS:
        raise invalid(f"{operand}: only a field of {ITEMS} can be compared, and only with one of {CURRENT_ITEM}")


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
    """Raise InvalidInput if a filter has too many distinct fields."""
    if len(fields) > MOST_FIELDS:
        raise InvalidInput(f"A filter can use at most {MOST_FIELDS} different fields, this one uses {len(fields)}")
