"""Creates filters from expressions that parse and fit the dataset group's schemas."""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from personalize_local.control import resource_types
from personalize_local.control.registry import Registry
from personalize_local.control.resources import ACTIVE, Resource
from personalize_local.data.stores import Stores
from personalize_local.errors import InvalidInput
from personalize_local.filters import language
from personalize_local.filters.evaluation import BoundExpression
from personalize_local.filters.language import Expression
from personalize_rules.filters.syntax import FOR_ITEMS, Subject


class FilterControl:
    """Filters; ``seconds`` is how long one takes to become ACTIVE."""

    def __init__(self, registry: Registry, stores: Stores, seconds: float) -> None:
        self._registry = registry
        self._stores = stores
        self._seconds = seconds
        self._expressions: WeakKeyDictionary[Resource, Expression] = WeakKeyDictionary()

    def create_filter(self, request: dict[str, Any]) -> dict[str, str]:
        """Create a filter of an ACTIVE dataset group. Raises InvalidInput (the group or the expression)."""
        group = self._registry.find(resource_types.DATASET_GROUP, request["datasetGroupArn"])
        self._require_active(group)
        expression = language.parse(request["filterExpression"])
        expression.check(self.columns(group.arn))
        description = {key: request[key] for key in ("name", "datasetGroupArn", "filterExpression")}
        arn = self._registry.arn(f"filter/{request['name']}")
        new_filter = Resource(
            resource_types.FILTER, arn, description, self._registry.now(), self._seconds, parents=(group,)
        )
        self._registry.add(new_filter)
        self._expressions[new_filter] = expression
        return {"filterArn": arn}

    def require(self, arn: str, group_arn: str, subject: Subject = FOR_ITEMS) -> Expression:
        """Return an ACTIVE filter of a dataset group, for items, actions or users.

        Raises ResourceNotFound, InvalidInput.
        """
        filter_resource = self._registry.find(resource_types.FILTER, arn)
        if filter_resource.description["datasetGroupArn"] != group_arn:
            raise InvalidInput(f"{arn} belongs to another dataset group")
        self._require_active(filter_resource)
        expression = self._expressions[filter_resource]
        if expression.subject != subject:
            raise InvalidInput(
                f"{arn} is a filter for {expression.subject.noun}, and a list of {subject.noun} needs its own"
            )
        return expression

    def _require_active(self, resource: Resource) -> None:
        """Raise InvalidInput: neither CreateFilter nor GetRecommendations has ResourceInUse among its errors."""
        status = resource.status(self._registry.now())
        if status != ACTIVE:
            raise InvalidInput(f"{resource.arn} must be ACTIVE, but it is in status {status}")

    def bound(
        self, arn: str, group_arn: str, values: Mapping[str, str], subject: Subject = FOR_ITEMS
    ) -> BoundExpression:
        """Return an ACTIVE filter of a dataset group with values for its placeholders; raises as ``require``."""
        return self.require(arn, group_arn, subject).bind(values, self.columns(group_arn))

    def spec(self, arn: str, group_arn: str, subject: Subject = FOR_ITEMS) -> dict[str, Any]:
        """Return an ACTIVE filter for the spec of a job; raises as ``require``.

        ``filter``: the expression. ``columns``: dataset type -> column -> Avro types, by which values are checked.
        """
        expression, columns = self.require(arn, group_arn, subject), self.columns(group_arn)
        types = {kind: {name: sorted(own) for name, own in of_kind.items()} for kind, of_kind in columns.items()}
        return {"filter": expression.text, "columns": types}

    def columns(self, group_arn: str) -> dict[str, dict[str, frozenset[str]]]:
        """Return the Avro types of the group's columns, by dataset type and name."""
        datasets = self._stores.datasets(group_arn)
        return {dataset.description["datasetType"]: self._stores.columns(dataset) for dataset in datasets}
