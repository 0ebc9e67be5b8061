"""The output form of a forwarded batch: enriched, with nulls, and int64s in events as strings.

mParticle publishes no schema of its output. The style here follows the sample outputs in its documentation (S3 output,
data portability): an int64 is a string inside ``events[].data`` and a number at batch level.
"""

from collections.abc import Mapping
from typing import Any

from local_stack.mparticle.forwarding.connection import Connection
from local_stack.mparticle.ids import Ids
from local_stack.mparticle.inputs import Input
from local_stack.mparticle.profiles import Profile

SOURCE_FEED = "mParticle Source Feed"
"""The attribute that mParticle adds to every event of a feed (docs.mparticle.com/developers/server/json-reference/)."""

_INT64 = frozenset(
    {
        *("event_id", "session_id", "timestamp_unixtime_ms", "session_start_unixtime_ms", "event_start_unixtime_ms"),
        *("added_to_cart_time_ms", "previous_mpid", "current_mpid", "session_duration_ms", "time_since_start_ms"),
        *("total_system_memory_usage_bytes", "disk_space_free_bytes", "external_disk_space_free_bytes"),
    }
)
_NOT_OURS = frozenset({"custom_attributes", "custom_flags"})
_COMMON = {
    "source_message_id": None,
    "session_start_unixtime_ms": 0,
    "event_start_unixtime_ms": 0,
    "custom_attributes": None,
    "location": None,
    "is_goal_defined": False,
    "lifetime_value_change": 0.0,
    "lifetime_value_attribute_name": None,
    "data_connection_type": None,
    "event_num": 0,
    "view_controller": None,
    "is_main_thread": None,
    "canonical_name": None,
    "event_system_notification_info": None,
}
_COMMERCE = {
    "product_action": None,
    "promotion_action": None,
    "product_impressions": None,
    "shopping_cart": None,
    "currency_code": None,
    "screen_name": None,
    "is_non_interactive": False,
}
_PRODUCT_ACTION = {
    "checkout_step": 0,
    "checkout_options": None,
    "product_action_list": None,
    "product_list_source": None,
    "transaction_id": None,
    "affiliation": None,
    "total_amount": 0.0,
    "tax_amount": 0.0,
    "shipping_amount": 0.0,
    "coupon_code": None,
    "products": None,
}
_PRODUCT = {
    "id": None,
    "name": None,
    "brand": None,
    "category": None,
    "variant": None,
    "position": 0,
    "price": None,
    "quantity": None,
    "coupon_code": None,
    "added_to_cart_time_ms": 0,
    "total_product_amount": None,
    "custom_attributes": None,
}
_METADATA = ("device_info", "application_info", "source_info")
_PASSED_ON = ("source_request_id", "ip", "sdk_version", "integration_attributes", "partner_identities", "context")


def forwarded(
    batch: Mapping[str, Any], profile: Profile, source: Input, *, connection: Connection, ids: Ids, received_ms: int
) -> dict[str, Any]:
    """Return an uploaded batch as the Kinesis output sends it.

    ``batch`` is in input form and already accepted; ``received_ms`` is its time of receipt; ``ids`` makes the batch's
    ids and derives an event's id from its message id, so that an event that is uploaded twice keeps its id.
    """
    batch_id: int = batch["batch_id"]
    output: dict[str, Any] = {
        "events": [
            {"data": _event_data(event, index, batch, source, ids, received_ms), "event_type": event["event_type"]}
            for index, event in enumerate(connection.select(batch.get("events") or []))
        ],
        **{name: batch.get(name) for name in _PASSED_ON},
        **(_metadata(batch, source) if connection.include_metadata else {}),
        "user_attributes": dict(profile.attributes),
        "deleted_user_attributes": batch.get("deleted_user_attributes"),
        "user_identities": [
            {"identity_type": kind, "identity": value, "timestamp_unixtime_ms": since}
            for kind, (value, since) in profile.identities.items()
        ],
        "environment": batch["environment"],
        "timestamp_unixtime_ms": received_ms,
        "batch_id": batch_id,
        "mpid": profile.mpid,
        "message_id": ids.uuid("message", batch_id),
        "message_type": "events",
        "schema_version": 1,
    }
    if profile.consent:
        output["consent_state"] = profile.consent
    if connection.include_mp_deviceid:
        output["mp_deviceid"] = batch.get("mp_deviceid")
    return output


def _metadata(batch: Mapping[str, Any], source: Input) -> dict[str, Any]:
    metadata = {name: batch.get(name) for name in _METADATA}
    metadata["source_info"] = {
        "channel": source.channel,
        "partner": None,
        "replay_request_id": None,
        "replay_job_id": None,
        "is_historical": False,
        **(metadata["source_info"] or {}),
    }
    return metadata


def _event_data(
    event: Mapping[str, Any], index: int, batch: Mapping[str, Any], source: Input, ids: Ids, received_ms: int
) -> dict[str, Any]:
    data: dict[str, Any] = {**(_COMMERCE if event["event_type"] == "commerce_event" else {}), **_COMMON}
    data.update(event["data"])
    data["event_id"] = ids.number(
        "event", source.key, batch["environment"], data["source_message_id"] or f"{batch['batch_id']}:{index}"
    )
    if data.get("timestamp_unixtime_ms") is None:
        data["timestamp_unixtime_ms"] = received_ms
    if data.get("session_id") is None and data.get("session_uuid"):
        data["session_id"] = ids.number("session", data["session_uuid"])
    if source.feed:
        data["custom_attributes"] = {**(data["custom_attributes"] or {}), SOURCE_FEED: source.feed}
    if data.get("product_action"):
        data["product_action"] = _product_action(data["product_action"])
    return _with_string_int64s(data)


def _product_action(action: Mapping[str, Any]) -> dict[str, Any]:
    filled = {**_PRODUCT_ACTION, **action}
    if filled["products"] is not None:
        filled["products"] = [_product(product) for product in filled["products"]]
    return filled


def _product(product: Mapping[str, Any]) -> dict[str, Any]:
    filled = {**_PRODUCT, **product}
    if filled["total_product_amount"] is None and None not in (filled["price"], filled["quantity"]):
        filled["total_product_amount"] = round(filled["price"] * filled["quantity"], 2)
    return filled


def _with_string_int64s(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: each if key in _NOT_OURS else _written(key, each) for key, each in value.items()}


def _written(key: str, value: Any) -> Any:
    if key in _INT64 and isinstance(value, int | float):
        return str(int(value))
    if isinstance(value, dict):
        return _with_string_int64s(value)
    if isinstance(value, list):
        return [_with_string_int64s(each) if isinstance(each, dict) else each for each in value]
    return value
