"""PutActionInteractions: rules beyond the service model, and the streamed interactions with actions."""

from typing import Any

from personalize_local.control import resource_types
from personalize_local.control.registry import Registry
from personalize_local.control.resources import ACTIVE, Resource
from personalize_local.data.events import properties_from_text
from personalize_local.data.stores import Stores
from personalize_local.data.streamed import Event
from personalize_local.errors import InvalidInput
from personalize_local.toggles import EVENTS_RATE, Throttle, Toggles
from recommender_models.action_outcomes import type_of

Request = dict[str, Any]


class ActionInteractions:
    """The data plane of Action interactions datasets, each of which has a tracking id."""

    def __init__(self, registry: Registry, stores: Stores, throttle: Throttle, toggles: Toggles) -> None:
        self._registry = registry
        self._stores = stores
        self._throttle = throttle
        self._toggles = toggles

    def put_action_interactions(self, request: Request) -> None:
        """Accept all interactions of a call, or none. Raises InvalidInput, Throttling."""
        dataset = self._dataset(request["trackingId"])
        if self._toggles.throttling:
            self._throttle.take(EVENTS_RATE, "PutActionInteractions", dataset.description["datasetGroupArn"])
        for interaction in request["actionInteractions"]:
            properties_from_text(interaction.get("properties"))
            if type_of(interaction["eventType"]) is None:
                raise InvalidInput("eventType must be Taken, Not Taken or Viewed")
        streamed, now = self._stores.history_for(dataset).streamed, self._registry.now()
        streamed.show(now)
        for interaction in request["actionInteractions"]:
            streamed.accept(_event(interaction), now + self._registry.lag())

    def _dataset(self, tracking_id: str) -> Resource:
        for dataset in self._registry.here(resource_types.DATASET):
            if dataset.description.get("trackingId") == tracking_id:
                if dataset.status(self._registry.now()) != ACTIVE:
                    raise InvalidInput(f"The dataset of tracking ID {tracking_id} is not ACTIVE")
                return dataset
        raise InvalidInput(f"Tracking ID {tracking_id} does not exist")


def _event(interaction: Request) -> Event:
    """Return an interaction in the form of an event, whose item is the action."""
    return Event(
        user_id=interaction.get("userId"),
        session_id=interaction["sessionId"],
        event_id=interaction.get("eventId"),
        item_id=interaction["actionId"],
        event_type=interaction["eventType"],
        time=interaction["timestamp"],
        value=None,
        content=interaction.get("properties", ""),
    )
