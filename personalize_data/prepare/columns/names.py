"""The names that columns get in Personalize: which may be given, each once, and how many a dataset takes."""

import re
from collections.abc import Mapping, Sequence

from personalize_data.errors import BadQuestion
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


def named(source: Source, wanted: Sequence[str], dataset: str, most: int, option: str) -> dict[str, str]:
    """Return column → the dataset's name of it. ``wanted``: columns or ``*`` patterns (in capitals), or NAME=COLUMN.

    Raises BadQuestion for a name that Personalize refuses or keeps for itself, for one given twice, and for more than
    ``most`` columns.
    """
    stated = _stated(source, wanted, option)
    names: dict[str, str] = {}
    for text in wanted:
        for column in source.matching([text.rpartition("=")[2]], option):
            names[column] = stated.get(column, column.upper())
    _check(names, dataset, option)
    if len(names) > most:
        raise BadQuestion(
            f"{option}: {len(names)} columns of {dataset} are over the budget of {most}: choose fewer{FEWER[dataset]}"
        )
    return names


def _stated(source: Source, wanted: Sequence[str], option: str) -> dict[str, str]:
    """Return column → name where NAME=COLUMN says it. Raises BadQuestion for a column with two."""
    stated: dict[str, str] = {}
    for text in wanted:
        name, equals, column = text.rpartition("=")
        for found in source.matching([column], option) if equals else ():
            if stated.setdefault(found, name) != name:
                raise BadQuestion(f"{option}: {found} has two names, {stated[found]} and {name}: give it one")
    return stated


def _check(names: Mapping[str, str], dataset: str, option: str) -> None:
    seen: dict[str, str] = {}
    for column, name in names.items():
        if not _NAME.fullmatch(name):
            raise BadQuestion(f"{option} {column} can't be a name in Personalize: give another, as NAME={column}")
        own = name.upper()
        if own in RESERVED[dataset]:
            raise BadQuestion(
                f"{option} {column} would be called {own}, which has its own meaning in Personalize: leave it out, or "
                f"give another name, as NAME={column}"
            )
        if own in seen:
            raise BadQuestion(
                f"{option}: two columns, {seen[own]} and {column}, would be called {own}: give one another name, as "
                f"NAME={column}"
            )
        seen[own] = column


def check_apart(roles: Mapping[str, str], products: Sequence[str]) -> None:
    """Raise BadQuestion where one column has two parts to play. ``roles``: option → column."""
    parts: dict[str, str] = {}
    for option, column in [*roles.items(), *(("--product", name) for name in products)]:
        if column in parts:
            raise BadQuestion(
                f"{option}: {column} is the column of {parts[column]} already: name others, or fewer by *"
            )
        parts[column] = option
