"""The settings by which users and items reach their datasets from the stream, checked against their schemas."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.metadata.columns import ITEMS, USERS, as_json
from broker.setting_types import ADD, ITEM_UPDATES

from infra.context import Reader, one_of
from personalize_data.stream_columns import stream_columns

KEYS = {USERS: "user_columns", ITEMS: "item_columns"}
MAX_CHARACTERS = 2_500  # of both together: all variables of a function have 4 KB (Lambda quotas)


@dataclass(frozen=True)
class StreamMetadata:
    """The columns that come from the stream, as functions are told them; None for a dataset that has none."""

    user_columns: str | None = None
    item_columns: str | None = None
    item_updates: str = ADD


def read_metadata(read: Reader, schemas: Mapping[str, str | None]) -> StreamMetadata:
    """Read the settings; what is wrong is among the reader's problems. ``schemas``: by dataset, as JSON."""
    texts = {dataset: _columns(read, dataset, schemas[dataset]) for dataset in KEYS}
    updates = read("item_updates", one_of(*ITEM_UPDATES), ADD)
    if updates != ADD and not read("item_columns", _mapping, {}):
        read.problems.append(f"item_updates is {updates}, but item_columns is missing")
    if sum(len(text) for text in texts.values() if text) > MAX_CHARACTERS:
        read.problems.append("user_columns and item_columns are too long for the variables of a function: name fewer")
    return StreamMetadata(texts[USERS], texts[ITEMS], updates)


def _columns(read: Reader, dataset: str, schema: str | None) -> str | None:
    key = KEYS[dataset]
    mapping: Mapping[str, str] = read(key, _mapping, {})
    if not mapping:
        return None
    if read.is_there("tracking_id"):
        read.problems.append(f"{key} is for resources that are created, but tracking_id names existing ones")
    elif schema is None:
        if not read.is_wrong(f"{dataset}_schema"):
            read.problems.append(f"{key} needs {dataset}_schema: without one there is no dataset")
    else:
        try:
            return as_json(stream_columns(mapping, schema, dataset))
        except ValueError as error:
            read.problems += [f"{key} {problem}" for problem in str(error).split("; ")]
    return None


def _mapping(value: Any) -> dict[str, str]:
    try:
        mapping = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        mapping = None
    if not isinstance(mapping, dict) or not all(isinstance(one, str) and one.strip() for one in mapping.values()):
        raise ValueError(f'must name a source for each column, like {{"NAME": "name"}}, not {value!r}')
    return {name: source.strip() for name, source in mapping.items()}
