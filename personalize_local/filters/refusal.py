"""The refusal of an invalid filter expression."""

from personalize_local.errors import InvalidInput


def invalid(problem: str) -> InvalidInput:
    """Return the refusal of an expression."""
    return InvalidInput(f"Input is not a valid filter expression: {problem}")
