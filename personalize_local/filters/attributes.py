"""Item attributes of a batch segment job: ``ITEMS.genres = "Comedy" AND ITEMS.genres = "Action"``.

https://docs.aws.amazon.com/personalize/latest/dg/prepare-input-data-user-segment.html: conditions with = on strings, or
comparisons of numbers, joined by AND. Columns may be in any case, as in that page's examples.
"""

from collections.abc import Mapping
from dataclasses import replace

from personalize_local.errors import InvalidInput
from personalize_local.filters.conditions import holds
from personalize_rules.filters.errors import InvalidFilter
from personalize_rules.filters.expression import parts_of
from personalize_rules.filters.rules import check_conditions
from personalize_rules.filters.syntax import ITEMS, Condition, Part

Columns = Mapping[str, frozenset[str]]


def items_with(text: str, items: Mapping[str, Mapping[str, object]], columns: Columns) -> list[str]:
    """Return the ids of the items that meet all conditions, at least one. Raises InvalidInput with the reason.

    ``items``: properties by id; ``columns``: the Avro types of each column of the Items dataset.
    """
    conditions = _conditions(text, columns)
    found = [item for item, properties in items.items() if all(holds(each, properties) for each in conditions)]
    if not found:
        raise InvalidInput("no item has these attributes")
    return found


def _conditions(text: str, columns: Columns) -> list[Condition]:
    try:
        parts = parts_of(f"INCLUDE ItemID WHERE {text}")
        conditions = [_with_column_of(condition, columns) for condition in _only_conjunction(parts)]
        check_conditions(conditions, {"ITEMS": columns})
    except InvalidFilter as error:
        raise InvalidInput(f"itemAttributes: {error.problem}") from None
    return conditions


def _only_conjunction(parts: tuple[Part, ...]) -> tuple[Condition, ...]:
    if len(parts) > 1 or len(parts[0].alternatives) > 1 or parts[0].when:
        raise InvalidInput("itemAttributes: conditions are joined by AND only")
    for condition in parts[0].conditions:
        if condition.field.dataset != ITEMS or condition.operator in ("IN", "NOT IN", "!=") or not condition.values:
            raise InvalidInput(f"itemAttributes: {condition.field} must be compared with a value, by = or, a number, <")
    return parts[0].conditions


def _with_column_of(condition: Condition, columns: Columns) -> Condition:
    """Return a condition on the column in the case of the schema."""
    by_name = {name.casefold(): name for name in columns}
    column = by_name.get(condition.field.column.casefold(), condition.field.column)
    return replace(condition, field=replace(condition.field, column=column))
