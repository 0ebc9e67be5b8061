"""Which categories a property of a user or an item names."""

from typing import Any


def categories(value: Any) -> list[str]:
    """Return the categories that a property names: several stand apart by ``|`` (Developer Guide, "Items dataset")."""
    if isinstance(value, str):
        return [part for part in dict.fromkeys(value.split("|")) if part]
    return [str(value)] if isinstance(value, bool) else []
