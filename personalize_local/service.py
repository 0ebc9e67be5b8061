"""The whole local Amazon Personalize, without I/O: which operations there are and what serves each.

Clock, lag, ids and training come from outside, so that the same service runs in real time behind HTTP and in virtual
time within a test.
"""

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from personalize_local.control import kinds
from personalize_local.control.campaigns import CampaignControl
from personalize_local.control.datasets import DatasetControl
from personalize_local.control.registry import Registry
from personalize_local.control.solutions import SolutionControl, Train
from personalize_local.data.events import Events
from personalize_local.data.interactions import Counts, Interaction
from personalize_local.recommendations import Recommendations
from personalize_local.wire.protocol import Handler


@dataclass(frozen=True)
class Durations:
    """Seconds until a new resource is ACTIVE and until a deleted one is gone; ``training``: at least."""

    creating: float = 0.3
    training: float = 0.3
    deploying: float = 0.3
    deleting: float = 0.3


class Personalize:
    """The service; thread-safe. ``handlers`` maps operation names to functions from request to answer."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        lag: Callable[[], float],
        train: Train,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        durations: Durations = Durations(),
    ) -> None:
        """``clock()``: epoch seconds. ``lag()``: seconds until the next event is visible. ``new_id()``: a new UUID."""
        self._lock = threading.RLock()
        self._durations = durations
        self._registry = Registry(clock)
        self._events = Events(self._registry, lag)
        self._datasets = DatasetControl(self._registry, new_id, durations.creating)
        self._solutions = SolutionControl(
            self._registry, self._visible, train, new_id, durations.creating, durations.training
        )
        self._campaigns = CampaignControl(self._registry, self._solutions, durations.deploying)
        self._recommendations = Recommendations(self._registry, self._campaigns, self._events, new_id)
        self.handlers = {name: self._locked(handler) for name, handler in self._operations().items()}

    def _operations(self) -> dict[str, Handler]:
        operations: dict[str, Handler] = {}
        for kind in kinds.ALL:
            operations[f"Describe{kind.noun}"] = self._describe(kind)
            operations[f"List{kind.noun}s"] = self._list(kind)
        for kind in kinds.DELETABLE:
            operations[f"Delete{kind.noun}"] = self._delete(kind)
        return operations | {
            "CreateSchema": self._datasets.create_schema,
            "CreateDatasetGroup": self._datasets.create_dataset_group,
            "CreateDataset": self._datasets.create_dataset,
            "CreateEventTracker": self._datasets.create_event_tracker,
            "CreateSolution": self._solutions.create_solution,
            "DescribeSolution": self._solutions.describe_solution,
            "CreateSolutionVersion": self._solutions.create_solution_version,
            "CreateCampaign": self._campaigns.create_campaign,
            "UpdateCampaign": self._campaigns.update_campaign,
            "DescribeCampaign": self._campaigns.describe_campaign,
            "PutEvents": self._events.put_events,
            "GetRecommendations": self._recommendations.get_recommendations,
        }

    def deliveries(self, after: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        """Return accepted events in order of arrival, repeats included; see ``events.Delivery`` for the keys."""
        with self._lock:
            return self._events.deliveries(after, limit)

    def status(self) -> dict[str, Any]:
        """Return the counts of every dataset group, as training would see it now, and of all deliveries."""
        with self._lock:
            groups = [self._group_status(group.arn) for group in self._registry.all(kinds.DATASET_GROUP)]
            return {
                "datasetGroups": groups,
                "accepted": len(self._events.ledger),
                "droppedNullSession": self._events.dropped,
            }

    def _group_status(self, arn: str) -> dict[str, Any]:
        store = self._events.interactions_of(arn)
        visible, users, with_two = store.totals(self._registry.now()) if store else (0, 0, 0)
        counts = store.counts if store else Counts()
        return {
            "datasetGroupArn": arn,
            "interactions": visible,
            "users": users,
            "usersWithTwo": with_two,
            "accepted": counts.accepted,
            "notCounted": {
                "repeatedEventId": counts.repeated_event_id,
                "sameSecond": counts.same_second,
                "noItem": counts.no_item,
            },
        }

    def _visible(self, group_arn: str) -> list[Interaction]:
        store = self._events.interactions_of(group_arn)
        return store.for_training(self._registry.now()) if store else []

    def _describe(self, kind: kinds.Kind) -> Handler:
        return lambda request: {
            kind.described_as: self._registry.find(kind, request[kind.arn_key]).describe(self._registry.now())
        }

    def _list(self, kind: kinds.Kind) -> Handler:
        return lambda request: self._registry.page(kind, request)

    def _delete(self, kind: kinds.Kind) -> Handler:
        seconds = 0.0 if kind is kinds.SCHEMA else self._durations.deleting

        def delete(request: dict[str, Any]) -> None:
            self._registry.delete(self._registry.find(kind, request[kind.arn_key]), seconds)

        return delete

    def _locked(self, handler: Handler) -> Handler:
        def locked(request: dict[str, Any]) -> dict[str, Any] | None:
            with self._lock:
                return handler(request)

        return locked
