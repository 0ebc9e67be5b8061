"""Metric attributions: what they count, under the service's preconditions, and the report of each."""

import json
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from personalize_local.control import resource_types
from personalize_local.control.registry import Registry, page_of
from personalize_local.control.resources import ACTIVE, Resource
from personalize_local.data.attribution import VALUE, AttributedMetric, Report, metric_from_request
from personalize_local.data.stores import INTERACTIONS, ITEMS, Stores
from personalize_local.errors import InvalidInput, LimitExceeded, NotServed, ResourceAlreadyExists, ResourceNotFound

MOST_METRICS = 10
NUMBERS = frozenset({"int", "long", "float", "double"})
Request = dict[str, Any]
Metrics = dict[str, AttributedMetric]  # by name


class AttributionControl:
    """Attributions; ``seconds`` is how long one takes to become ACTIVE."""

    def __init__(self, registry: Registry, stores: Stores, seconds: float) -> None:
        self._registry = registry
        self._stores = stores
        self._seconds = seconds
        self._metrics: WeakKeyDictionary[Resource, Metrics] = WeakKeyDictionary()
        self._reports: WeakKeyDictionary[Resource, Report] = WeakKeyDictionary()

    def create_metric_attribution(self, request: Request) -> dict[str, str]:
        """Create the attribution of an ACTIVE dataset group with an Interactions dataset.

        Raises ResourceInUse, LimitExceeded (a group has one at most), ResourceAlreadyExists (the name), InvalidInput.
        """
        group = self._registry.find(resource_types.DATASET_GROUP, request["datasetGroupArn"])
        group.require_active(self._registry.now())
        arn = self._registry.arn(f"metric-attribution/{request['name']}")
        self._registry.refuse_duplicate(arn)
        if any(group in other.parents for other in self._registry.all(resource_types.METRIC_ATTRIBUTION)):
            raise LimitExceeded(f"{group.arn} already has a metric attribution, and may have one")
        metrics = self._with({}, request["metrics"], group)
        description = {key: request[key] for key in ("name", "datasetGroupArn", "metricsOutputConfig")}
        attribution = Resource(
            resource_types.METRIC_ATTRIBUTION,
            arn,
            description,
            self._registry.now(),
            self._seconds,
            parents=(group,),
        )
        self._registry.add(attribution)
        self._metrics[attribution], self._reports[attribution] = metrics, Report()
        return {"metricAttributionArn": arn}

    def update_metric_attribution(self, request: Request) -> dict[str, str]:
        """Add and remove metrics of an ACTIVE attribution, or change where its reports go.

        Raises ResourceNotFound, ResourceInUse, ResourceAlreadyExists (a metric's name), InvalidInput.
        """
        if "metricAttributionArn" not in request:
            raise InvalidInput("metricAttributionArn is required")
        attribution = self._registry.find(resource_types.METRIC_ATTRIBUTION, request["metricAttributionArn"])
        attribution.require_active(self._registry.now())
        gone = request.get("removeMetrics", [])
        metrics = self._metrics[attribution]
        if unknown := [name for name in gone if name not in metrics]:
            raise InvalidInput(f"{attribution.arn} has no metric {', '.join(unknown)}")
        left = {name: metric for name, metric in metrics.items() if name not in gone}
        self._metrics[attribution] = self._with(left, request.get("addMetrics", []), attribution.parents[0])
        if "metricsOutputConfig" in request:
            attribution.description["metricsOutputConfig"] = request["metricsOutputConfig"]
        return {"metricAttributionArn": attribution.arn}

    def list_metric_attribution_metrics(self, request: Request) -> dict[str, Any]:
        """List the metrics of an attribution, of none if none is named. Raises InvalidInput, InvalidNextToken."""
        if "metricAttributionArn" not in request:
            return {"metrics": []}
        try:
            attribution = self._registry.find(resource_types.METRIC_ATTRIBUTION, request["metricAttributionArn"])
        except ResourceNotFound as error:  # which this operation has not among its errors
            raise InvalidInput(str(error)) from None
        metrics = [metric.as_request() for metric in self._metrics[attribution].values()]
        shown, token = page_of(metrics, request)
        return {"metrics": shown, **token}

    def of_group(self, group_arn: str) -> tuple[Report, Metrics] | None:
        """Return report and metrics of a group's ACTIVE attribution, None if there is none."""
        now = self._registry.now()
        for attribution in self._registry.all(resource_types.METRIC_ATTRIBUTION):
            if attribution.description["datasetGroupArn"] == group_arn and attribution.status(now) == ACTIVE:
                return self._reports[attribution], self._metrics[attribution]
        return None

    def reports(self) -> list[dict[str, Any]]:
        """Return the report of each attribution."""
        return [
            {
                "metricAttributionArn": attribution.arn,
                "datasetGroupArn": attribution.description["datasetGroupArn"],
                "rows": self._reports[attribution].rows(),
                "lists": self._reports[attribution].lists(),
            }
            for attribution in self._registry.all(resource_types.METRIC_ATTRIBUTION)
        ]

    def save(self, folder: Path) -> None:
        """Write all reports into a new folder."""
        folder.mkdir()
        for number, attribution in enumerate(self._registry.all(resource_types.METRIC_ATTRIBUTION)):
            self._reports[attribution].save(folder / str(number))
            (folder / str(number) / "attribution.json").write_text(json.dumps({"arn": attribution.arn}))

    def load(self, folder: Path) -> None:
        """Give the existing attributions the reports that were saved."""
        for own in folder.iterdir():
            arn = json.loads((own / "attribution.json").read_text())["arn"]
            self._reports[self._registry.existing(arn)].load(own)

    def _with(self, metrics: Metrics, requests: list[dict[str, str]], group: Resource) -> Metrics:
        """Return metrics with further ones."""
        added = dict(metrics)
        for metric in map(metric_from_request, requests):
            if metric.name in added:
                raise ResourceAlreadyExists(f"There are two metrics {metric.name}")
            self._check(metric, group)
            added[metric.name] = metric
        if len(added) > MOST_METRICS:
            raise InvalidInput(f"A metric attribution has at most {MOST_METRICS} metrics")
        return added

    def _check(self, metric: AttributedMetric, group: Resource) -> None:
        """Raise InvalidInput where a dataset has not the columns that a metric needs."""
        self._columns(INTERACTIONS, "EVENT_TYPE", group)
        if metric.column is None:
            return
        kind, column = metric.column
        if kind.upper() == INTERACTIONS and column != VALUE:
            raise NotServed(f"of interactions, only {VALUE} can be summed locally")
        types = self._columns(kind.upper(), column, group)
        if not types & NUMBERS:
            raise InvalidInput(f"{kind}.{column} is not numeric")

    def _columns(self, dataset_type: str, column: str, group: Resource) -> frozenset[str]:
        dataset = self._stores.dataset(group.arn, dataset_type)
        types = self._stores.columns(dataset).get(column) if dataset else None
        if types is None:
            raise InvalidInput(f"{group.arn} has no dataset with {dataset_type.capitalize()}.{column}")
        return types


def added_by(metric: AttributedMetric, event: Request, stores: Stores, group_arn: str) -> float:
    """Return what an event adds to a metric: one, or a number of its own or of its item."""
    if metric.column is None:
        return 1.0
    kind, column = metric.column
    if kind.upper() == INTERACTIONS:
        return float(event.get("eventValue") or 0.0)
    item = stores.records(group_arn, ITEMS).get(event.get("itemId", ""))
    value = item.get(column) if item else None
    return float(value) if isinstance(value, int | float) else 0.0
