"""``metadataColumns``: columns of the Items dataset beside each item of an answer.

https://docs.aws.amazon.com/personalize/latest/dg/getting-recommendations-with-metadata.html; the numbers of columns and
items: Amazon Personalize, "Quotas".
"""

from collections.abc import Container, Mapping
from typing import Any

from personalize_local.errors import InvalidInput

ITEMS = "ITEMS"
MOST_COLUMNS, MOST_RESULTS = 10, 50


def requested(request: Mapping[str, Any], campaign: Mapping[str, Any], known: Container[str]) -> list[str]:
    """Return the columns that a request with ``metadataColumns`` asks for, in its order.

    ``campaign``: its configuration; ``known``: the columns of the Items dataset. Raises InvalidInput.
    """
    columns = list(dict.fromkeys(request["metadataColumns"].get(ITEMS, ())))
    if others := request["metadataColumns"].keys() - {ITEMS}:
        raise InvalidInput(f"metadataColumns names {', '.join(sorted(others))}: there are columns of {ITEMS} only")
    if not campaign.get("enableMetadataWithRecommendations"):
        raise InvalidInput("The campaign does not have enableMetadataWithRecommendations: update it")
    if not columns or len(columns) > MOST_COLUMNS:
        raise InvalidInput(f"metadataColumns has one to {MOST_COLUMNS} columns")
    if unknown := [column for column in columns if column not in known]:
        raise InvalidInput(f"The Items dataset has no column {', '.join(unknown)}")
    return columns


def beside(properties: Mapping[str, Any] | None, columns: list[str]) -> dict[str, str]:
    """Return an item's ``metadata``; values that it does not have are left out. Every value is a string, as on AWS."""
    found = {column: (properties or {}).get(column) for column in columns}
    return {column: _text(value) for column, value in found.items() if value is not None}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
