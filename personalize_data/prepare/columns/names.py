"""The names of columns in Personalize: valid, unique, and as many as a dataset takes."""

import re
from collections.abc import Mapping, Sequence

from personalize_data.errors import InvalidRequest
from personalize_data.prepare.source import Source

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# "Schemas": what Personalize gives a meaning of its own, whatever the case it is written in.
RESERVED = {
    "users": ("USER_ID",),
    "items": ("ITEM_ID",),
    "interactions": (
        *("USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"),
        *("EVENT_VALUE", "IMPRESSION", "RECOMMENDATION_ID", "EVENT_ATTRIBUTION_SOURCE"),
    ),
}
FEWER = {
    "users": " (./broker features says which are worth it)",
    "items": "",
    "interactions": "; what belongs to the user or to the item goes to --attribute or --item-attribute",
}


def named(source: Source, columns: Sequence[str], dataset: str, most: int, option: str) -> dict[str, str]:
    """Return column → the dataset's name of it. ``columns``: columns or ``*`` patterns (in capitals), or NAME=COLUMN.

    Raises InvalidRequest for a name that Personalize refuses or keeps for itself, for one given twice, and for more
    than ``most`` columns.
    """
    stated = _stated(source, columns, option)
    names: dict[str, str] = {}
    for text in columns:
        for column in source.matching([text.rpartition("=")[2]], option):
            names[column] = stated.get(column, column.upper())
    _check(names, dataset, option)
    if len(names) > most:
        raise InvalidRequest(
            f"{option}: {len(names)} columns of {dataset} are over the maximum of {most}: choose fewer{FEWER[dataset]}"
        )
    return names


def _stated(source: Source, columns: Sequence[str], option: str) -> dict[str, str]:
    """Return column → name where NAME=COLUMN says it. Raises InvalidRequest for a column with two."""
    stated: dict[str, str] = {}
    for text in columns:
        name, equals, column = text.rpartition("=")
        for names_ in source.matching([column], option) if equals else ():
            if stated.setdefault(names_, name) != name:
                raise InvalidRequest(f"{option}: {names_} has two names, {stated[names_]} and {name}: give it one")
    return stated


def _check(names: Mapping[str, str], dataset: str, option: str) -> None:
    earlier: dict[str, str] = {}
    for column, name in names.items():
        if not _NAME.fullmatch(name):
            raise InvalidRequest(f"{option} {column} can't be a name in Personalize: give another, as NAME={column}")
        reserved = name.upper()
        if reserved in RESERVED[dataset]:
            raise InvalidRequest(
                f"{option} {column} would be called {reserved}, which has its own meaning in Personalize: "
                "leave it out, or "
                f"give another name, as NAME={column}"
            )
        if reserved in earlier:
            raise InvalidRequest(
                f"{option}: two columns, {earlier[reserved]} and {column}, would be called {reserved}: "
                "give one another name, as "
                f"NAME={column}"
            )
        earlier[reserved] = column


def check_apart(roles: Mapping[str, str], products: Sequence[str]) -> None:
    """Raise InvalidRequest where one column has two roles. ``roles``: option → column."""
    parts: dict[str, str] = {}
    for option, column in [*roles.items(), *(("--product", name) for name in products)]:
        if column in parts:
            raise InvalidRequest(
                f"{option}: {column} is the column of {parts[column]} already: name others, or fewer by *"
            )
        parts[column] = option
