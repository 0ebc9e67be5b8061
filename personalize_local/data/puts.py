"""PutUsers and PutItems: single records into the Users and the Items dataset."""

import json
from collections.abc import Mapping
from typing import Any

from personalize_local.behaviour import RECORDS_RATE, Behaviour, Throttle
from personalize_local.data.stores import ITEMS, USERS, Stores
from personalize_local.errors import InvalidInput

PYTHON_TYPES = {
    "string": (str,),
    "boolean": (bool,),
    "int": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "null": (type(None),),
}
Columns = Mapping[str, frozenset[str]]


class Puts:
    """The data plane of users and items."""

    def __init__(self, stores: Stores, throttle: Throttle, behaviour: Behaviour) -> None:
        self._stores = stores
        self._throttle = throttle
        self._behaviour = behaviour

    def put_users(self, request: dict[str, Any]) -> None:
        """Take all users of a call, or none. Raises InvalidInput, ResourceNotFound, Throttling."""
        self._put(request, USERS, [(user["userId"], user.get("properties")) for user in request["users"]])

    def put_items(self, request: dict[str, Any]) -> None:
        """Take all items of a call, or none. Raises InvalidInput, ResourceNotFound, Throttling."""
        self._put(request, ITEMS, [(item["itemId"], item.get("properties")) for item in request["items"]])

    def _put(self, request: dict[str, Any], dataset_type: str, records: list[tuple[str, str | None]]) -> None:
        dataset = self._stores.open_dataset(request["datasetArn"])
        if dataset.view["datasetType"] != dataset_type:
            raise InvalidInput(f"{dataset.arn} is not a dataset of type {dataset_type}")
        if self._behaviour.throttling:
            self._throttle.take(RECORDS_RATE, dataset_type, dataset.view["datasetGroupArn"])
        id_column = "USER_ID" if dataset_type == USERS else "ITEM_ID"
        columns = {name: types for name, types in self._stores.columns(dataset).items() if name != id_column}
        checked = [(key, _properties(text, columns)) for key, text in records]
        for key, properties in checked:
            self._stores.records_of(dataset).put(key, properties)


def _properties(text: str | None, columns: Columns) -> dict[str, Any]:
    """Return properties by column name. Raises InvalidInput that names what is wrong."""
    try:
        said = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise InvalidInput("properties must be a JSON object") from error
    if not isinstance(said, dict):
        raise InvalidInput("properties must be a JSON object")
    by_key = {_camel_case(name): name for name in columns}
    if unknown := sorted(said.keys() - by_key.keys()):
        raise InvalidInput(f"properties has {', '.join(unknown)}, the schema {', '.join(by_key)}")
    found = {by_key[key]: value for key, value in said.items()}
    for name, types in columns.items():
        _check(name, found.get(name), types)
    return found


def _check(name: str, value: object, types: frozenset[str]) -> None:
    allowed = tuple(python for avro in types for python in PYTHON_TYPES[avro])
    if not isinstance(value, allowed) or (isinstance(value, bool) and "boolean" not in types):
        raise InvalidInput(f"properties.{_camel_case(name)} must be of type {' or '.join(sorted(types))}")


def _camel_case(column: str) -> str:
    """Return the key of a column in properties (Developer Guide: the schema's column in camelCase)."""
    first, *rest = column.split("_")
    return first.lower() + "".join(word.capitalize() for word in rest)
