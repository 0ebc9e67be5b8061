"""PutUsers, PutItems and PutActions, which add single records to the dataset of their type."""

import json
from collections.abc import Sequence
from typing import Any

from personalize_local.control import avro
from personalize_local.control.avro import Field
from personalize_local.data.cells import BadCell, parser
from personalize_local.data.stores import ACTIONS, ITEMS, USERS, Stores
from personalize_local.errors import InvalidInput
from personalize_local.toggles import RECORDS_RATE, Throttle, Toggles
from personalize_local.wire.validation import LONE_SURROGATE

ID_COLUMNS = {USERS: "USER_ID", ITEMS: "ITEM_ID", ACTIONS: "ACTION_ID"}
PYTHON_TYPES = {
    "string": (str,),
    "boolean": (bool,),
    "int": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "null": (type(None),),
}


class RecordPuts:
    """The operations PutUsers, PutItems and PutActions."""

    def __init__(self, stores: Stores, throttle: Throttle, toggles: Toggles) -> None:
        self._stores = stores
        self._throttle = throttle
        self._toggles = toggles

    def put_users(self, request: dict[str, Any]) -> None:
        """Store all users of a call, or none. Raises InvalidInput, ResourceNotFound, Throttling."""
        self._put(request, USERS, [(user["userId"], user.get("properties")) for user in request["users"]])

    def put_items(self, request: dict[str, Any]) -> None:
        """Store all items of a call, or none. Raises InvalidInput, ResourceNotFound, Throttling."""
        self._put(request, ITEMS, [(item["itemId"], item.get("properties")) for item in request["items"]])

    def put_actions(self, request: dict[str, Any]) -> None:
        """Store all actions of a call, or none. Raises InvalidInput, ResourceNotFound, Throttling."""
        self._put(request, ACTIONS, [(action["actionId"], action.get("properties")) for action in request["actions"]])

    def _put(self, request: dict[str, Any], dataset_type: str, records: list[tuple[str, str | None]]) -> None:
        dataset = self._stores.open_dataset(request["datasetArn"])
        if dataset.description["datasetType"] != dataset_type:
            raise InvalidInput(f"{dataset.arn} is not a dataset of type {dataset_type}")
        if self._toggles.throttling:
            self._throttle.take(RECORDS_RATE, dataset_type, dataset.description["datasetGroupArn"])
        id_column = ID_COLUMNS[dataset_type]
        fields = [field for field in avro.fields(self._stores.schema(dataset)) if field.name != id_column]
        checked = [(key, _properties(text, fields)) for key, text in records]
        for key, properties in checked:
            self._stores.records_for(dataset).put(key, properties)


def _properties(text: str | None, fields: Sequence[Field]) -> dict[str, Any]:
    """Return properties by column name. Raises InvalidInput with the reason."""
    try:
        document = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise InvalidInput("properties must be a JSON object") from error
    if not isinstance(document, dict):
        raise InvalidInput("properties must be a JSON object")
    by_key = {avro.camel_case(field.name): field.name for field in fields}
    if unknown := sorted(document.keys() - by_key.keys()):
        raise InvalidInput(f"properties has {', '.join(unknown)}, the schema {', '.join(by_key)}")
    properties = {by_key[key]: value for key, value in document.items()}
    for field in fields:
        _check(field, properties.get(field.name))
    return properties


def _check(field: Field, value: object) -> None:
    """Raise InvalidInput for a value that does not fit the field's type, or that an import would refuse."""
    at = f"properties.{avro.camel_case(field.name)}"
    allowed = tuple(python for name in field.types for python in PYTHON_TYPES[name])
    if not isinstance(value, allowed) or (isinstance(value, bool) and "boolean" not in field.types):
        raise InvalidInput(f"{at} must be of type {' or '.join(sorted(field.types))}")
    if isinstance(value, str) and LONE_SURROGATE.search(value):
        raise InvalidInput(f"{at} must be a string of Unicode characters")
    try:
        if value is not None:
            parser(field)(str(value))
    except BadCell as error:
        raise InvalidInput(f"{at}: {error}") from error
