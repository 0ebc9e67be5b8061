"""The context of one interaction: its categorical metadata by column, kept as one text, since few contexts differ."""

import json
from collections.abc import Mapping


def text_from(values: Mapping[str, str]) -> str:
    """Return the text of a context, the same for the same values; none for no values."""
    return json.dumps(dict(values), sort_keys=True, separators=(",", ":")) if values else ""


def values_from(text: str) -> dict[str, str]:
    """Return the values by column from a text."""
    values: dict[str, str] = json.loads(text) if text else {}
    return values
