"""A filter expression from its text, by the rules that need no schema."""

from personalize_rules.filters.errors import InvalidFilter
from personalize_rules.filters.rules import check_fields, check_subjects
from personalize_rules.filters.syntax import CURRENT_ITEM, ITEMS, Field, Part

LONGEST = 2500  # characters (CreateFilter)


def parts_of(text: str) -> tuple[Part, ...]:
    """Return the parts of an expression. Raises InvalidFilter with the position and the reason in one line."""
    if not 1 <= len(text) <= LONGEST:
        raise InvalidFilter(f"it must have 1 to {LONGEST} characters, this one has {len(text)}")
    from personalize_rules.filters.parser import parsed  # with Lark, which few services ever need

    parts = parsed(text)
    check_subjects(parts)
    check_fields(fields_of(parts))
    return parts


def fields_of(parts: tuple[Part, ...]) -> frozenset[Field]:
    """Return all fields that are read; one of the current item counts as one of the items."""
    conditions = [condition for part in parts for condition in part.conditions]
    compared = {condition.operand for condition in conditions if isinstance(condition.operand, Field)}
    used = {condition.field for condition in conditions} | compared
    return frozenset(Field(ITEMS, field.column) if field.dataset == CURRENT_ITEM else field for field in used)
