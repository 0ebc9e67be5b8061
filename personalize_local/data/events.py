"""PutEvents: rules beyond the service model, a ledger of accepted deliveries, and the streamed interactions."""

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

from personalize_local.control import avro, resource_types
from personalize_local.control.attributions import AttributionControl, added_by
from personalize_local.control.registry import Registry
from personalize_local.control.resources import ACTIVE, Resource
from personalize_local.data.attribution import UNDEFINED
from personalize_local.data.cells import CATEGORICAL_LENGTH
from personalize_local.data.ledger import Ledger
from personalize_local.data.stores import INTERACTIONS, Stores
from personalize_local.data.streamed import Event
from personalize_local.errors import InvalidInput
from personalize_local.toggles import EVENTS_RATE, Throttle, Toggles
from personalize_local.wire.validation import LONE_SURROGATE
from recommender_models.context.values import text_from

# Amazon Personalize API, Event.properties: not allowed as keys, in whatever case.
RESERVED_KEYS = frozenset({"userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"})
LOST_SESSION = "null"  # the service answers 200 to this session id and drops the events (aws/aws-sdk-js#3371)


class Events:
    """The event trackers' data plane."""

    def __init__(
        self,
        registry: Registry,
        stores: Stores,
        throttle: Throttle,
        toggles: Toggles,
        *,
        attributions: AttributionControl,
        source_of: Callable[[str], str | None],
    ) -> None:
        """``source_of(recommendation id)``: the ARN of what gave the list, None if it is not known."""
        self._registry = registry
        self._stores = stores
        self._attributions = attributions
        self._source_of = source_of
        self._throttle = throttle
        self._toggles = toggles
        self.ledger = Ledger()

    def put_events(self, request: dict[str, Any]) -> None:
        """Accept all events of a call, or none of them. Raises InvalidInput, Throttling."""
        tracker = self._tracker(request["trackingId"])
        if self._toggles.throttling:
            self._throttle.take(EVENTS_RATE, "PutEvents", tracker.description["datasetGroupArn"])
        dataset = self._dataset(tracker)
        has_value = "EVENT_VALUE" in self._stores.columns(dataset)
        context = avro.context_columns(self._stores.schema(dataset))
        properties = [properties_from_text(event.get("properties")) for event in request["eventList"]]
        if request["sessionId"] == LOST_SESSION:
            self.ledger.dropped += len(properties)
            return
        self._attribute(request["eventList"], tracker.description["datasetGroupArn"])
        streamed = self._stores.history_for(dataset).streamed
        now = self._registry.now()
        streamed.show(now)  # little by little, so that no later request waits for an hour's events
        for event, event_properties in zip(request["eventList"], properties, strict=True):
            self._record(request, event, now)
            own = context_from(event_properties, context) if event_properties else ""
            streamed.accept(_event(request, event, event_properties, has_value, own), now + self._registry.lag())

    def _attribute(self, events: list[dict[str, Any]], group_arn: str) -> None:
        """Add events to the report of the dataset group's metric attribution, if there is one."""
        attribution = self._attributions.of_group(group_arn)
        if attribution is None:
            return
        report, metrics = attribution
        for event in events:
            if report.counts(event, self._registry.now()):
                number = functools.partial(added_by, event=event, stores=self._stores, group_arn=group_arn)
                report.add(event, self._source(event), metrics, number)

    def _source(self, event: dict[str, Any]) -> str:
        """Return the source of an event: as it says itself, or else the campaign or recommender of its list."""
        given, list_id = _given_source(event), event.get("recommendationId")
        if given or not list_id:
            return given or UNDEFINED
        # Nobody keeps what gave a list: in a replay, the first answer counts.
        return self._registry.first_text(self._source_of(list_id) or UNDEFINED)

    def _tracker(self, tracking_id: str) -> Resource:
        trackers = self._registry.here(resource_types.EVENT_TRACKER)
        tracker = next((tracker for tracker in trackers if tracker.description["trackingId"] == tracking_id), None)
        if tracker is None:
            raise InvalidInput(f"Tracking ID {tracking_id} does not exist")
        if tracker.status(self._registry.now()) != ACTIVE:
            raise InvalidInput(f"The event tracker of tracking ID {tracking_id} is not ACTIVE")
        return tracker

    def _dataset(self, tracker: Resource) -> Resource:
        dataset = self._stores.dataset(tracker.description["datasetGroupArn"], INTERACTIONS)
        if dataset is None:
            raise InvalidInput("The event tracker's dataset group has no Interactions dataset")
        return dataset

    def _record(self, request: dict[str, Any], event: dict[str, Any], now: float) -> None:
        self.ledger.add(
            trackingId=request["trackingId"],
            userId=request.get("userId"),
            sessionId=request["sessionId"],
            eventId=event.get("eventId"),
            eventType=event["eventType"],
            itemId=event.get("itemId"),
            sentAt=event["sentAt"],
            eventValue=event.get("eventValue"),
            recommendationId=event.get("recommendationId"),
            impression=tuple(event.get("impression", ())),
            eventAttributionSource=_given_source(event),
            received_at=now,
        )


def _given_source(event: dict[str, Any]) -> str | None:
    source: str | None = event.get("metricAttribution", {}).get("eventAttributionSource")
    return source


def properties_from_text(text: str | None) -> dict[str, Any]:
    """Return an event's properties, which travel as a JSON string. Raises InvalidInput."""
    if text is None:
        return {}
    try:
        properties = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("Event properties must be a JSON object") from error
    if not isinstance(properties, dict):
        raise InvalidInput("Event properties must be a JSON object")
    if reserved := sorted(key for key in properties if key.lower() in RESERVED_KEYS):
        raise InvalidInput(f"Event properties must not contain {', '.join(reserved)}")
    return properties


def context_from(properties: Mapping[str, Any], columns: Mapping[str, str]) -> str:
    """Return the context in an event's properties; ``columns`` by their keys. Values that do not fit are none."""
    values = {columns[key]: value for key, value in properties.items() if key in columns}
    return text_from({column: value for column, value in values.items() if _is_category(value)})


def _is_category(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= CATEGORICAL_LENGTH and not LONE_SURROGATE.search(value)


def _event(
    request: dict[str, Any], event: dict[str, Any], properties: dict[str, Any], has_value: bool, context: str
) -> Event:
    old_form = properties.get("itemId")  # the item id's place before 2020; still in use
    return Event(
        user_id=request.get("userId"),
        session_id=request["sessionId"],
        event_id=event.get("eventId"),
        item_id=event.get("itemId") or (str(old_form) if old_form else None),
        event_type=event["eventType"],
        time=event["sentAt"],
        value=event.get("eventValue") if has_value else None,
        content=json.dumps(properties, sort_keys=True) if properties else "",
        context=context,
    )
