"""The seventeen events that may be uploaded, by type: mParticle's published input schema (draft-07), as checks.

Source: docs.mparticle.com/schema/mparticle.inbound.eventsapi.schema.json. Where that schema fails to require an object,
these checks require it; an enumeration next to a reference, which draft-07 ignores, is ignored here, too. The limits on
attributes are from docs.mparticle.com/guides/default-service-limits/.

Three checks are laxer than the schema, which mParticle's own SDKs do not keep: a custom flag may be a list (usage
examples of the server SDKs), a promotion's action may be 1 or 2, and a crash report needs no severity (web SDK).
"""

from typing import Any

from local_stack.mparticle.identities import NAME_OF
from local_stack.mparticle.rules.accepted import PROMOTION_ACTIONS
from local_stack.mparticle.rules.checks import (
    Check,
    Invalid,
    boolean,
    int64,
    integer,
    list_of,
    map_of,
    number,
    one_of,
    record,
    scalar,
    text,
    uuid,
)

MAX_ATTRIBUTES = 100
MAX_VALUE = 4096


def attribute_value(value: Any) -> None:
    """Accept the value of an event's attribute: a scalar of at most 4096 characters."""
    scalar(value)
    if isinstance(value, str) and len(value) > MAX_VALUE:
        raise Invalid(f"is longer than {MAX_VALUE} characters")


def _attributes(value: Any) -> None:
    map_of(attribute_value)(value)
    if value and len(value) > MAX_ATTRIBUTES:
        raise Invalid(f"has more than {MAX_ATTRIBUTES} attributes")


LOCATION = record(
    {
        **dict.fromkeys(("latitude", "longitude", "accuracy"), number),
        "dma_code": integer,
        **dict.fromkeys(("country_code", "region_code", "postal_code", "location_source", "city_name"), scalar),
    },
    required=("latitude", "longitude"),
    closed=True,
)
_DEVICE_STATE = record(
    {
        "time_since_start_ms": integer,
        "battery_level": number,
        **dict.fromkeys(("data_connection_type", "data_connection_type_detail", "cpu"), scalar),
        **dict.fromkeys(("gps_state", "system_memory_low"), boolean),
        "total_system_memory_usage_bytes": integer,
        **dict.fromkeys(("disk_space_free_bytes", "external_disk_space_free_bytes"), integer),
        **dict.fromkeys(("system_memory_available_bytes", "system_memory_threshold_bytes"), number),
        **dict.fromkeys(("application_memory_available_bytes", "application_memory_max_bytes"), number),
        "application_memory_total_bytes": number,
        **dict.fromkeys(("device_orientation", "status_bar_orientation"), scalar),
    },
    closed=True,
)
_COMMON: dict[str, Check] = {
    "timestamp_unixtime_ms": integer,
    "event_id": int64,
    "source_message_id": text,
    "session_id": int64,
    "session_uuid": uuid,
    "session_start_unixtime_ms": integer,
    "event_start_unixtime_ms": integer,
    "custom_attributes": _attributes,
    "location": LOCATION,
    "device_current_state": _DEVICE_STATE,
    "is_goal_defined": boolean,
    "lifetime_value_change": number,
    "event_num": integer,
    "is_main_thread": boolean,
    **dict.fromkeys(
        ("lifetime_value_attribute_name", "data_connection_type", "view_controller", "canonical_name"), scalar
    ),
    "event_system_notification_info": record({"type": one_of("gdpr_change")}, required=("type",)),
}


def _scalar_or_list(value: Any) -> None:
    if isinstance(value, list):
        list_of(scalar)(value)
    else:
        scalar(value)


_FLAGS = map_of(_scalar_or_list)
_CUSTOM_TYPES = (
    *("navigation", "location", "search", "transaction", "user_content", "user_preference", "social", "other", "media"),
)
_COMMERCE_TYPES = (
    *_CUSTOM_TYPES,
    *("add_to_cart", "remove_from_cart", "checkout", "checkout_option", "click", "view_detail", "purchase", "refund"),
    *("promotion_view", "promotion_click", "add_to_wishlist", "remove_from_wishlist", "impression", "attribution"),
    *("consent_granted", "consent_denied"),
)
PRODUCT = record(
    {
        **dict.fromkeys(("id", "name"), text),
        **dict.fromkeys(("brand", "category", "variant", "coupon_code"), scalar),
        **dict.fromkeys(("position", "added_to_cart_time_ms"), integer),
        **dict.fromkeys(("price", "quantity", "total_product_amount"), number),
        "custom_attributes": map_of(text),
    },
    nullable=False,
)
_PRODUCT_ACTION = record(
    {
        "action": one_of(
            *("add_to_cart", "remove_from_cart", "checkout", "checkout_option", "click", "view_detail", "purchase"),
            *("refund", "add_to_wishlist", "remove_from_wish_list"),
        ),
        "checkout_step": integer,
        **dict.fromkeys(
            ("checkout_options", "product_action_list", "product_list_source", "affiliation", "coupon_code"), scalar
        ),
        "transaction_id": text,
        **dict.fromkeys(("total_amount", "tax_amount", "shipping_amount"), number),
        "products": list_of(PRODUCT),
    },
    required=("action",),
    closed=True,
)
_PROMOTION = record({"id": text, "name": text, "creative": scalar, "position": scalar}, closed=True, nullable=False)


def _promotion_verb(value: Any) -> None:
    if type(value) is not int or value not in PROMOTION_ACTIONS:
        one_of(*PROMOTION_ACTIONS.values())(value)


_PROMOTION_ACTION = record(
    {"action": _promotion_verb, "promotions": list_of(_PROMOTION, nullable=False)},
    required=("action",),
    closed=True,
)
_IMPRESSION = record(
    {"product_impression_list": text, "products": list_of(PRODUCT)},
    required=("product_impression_list", "products"),
    closed=True,
    nullable=False,
)
_IDENTITY = record(
    {
        "identity_type": one_of(*NAME_OF),
        "identity": scalar,
        "timestamp_unixtime_ms": integer,
        "created_this_batch": boolean,
    },
    required=("identity_type", "identity", "timestamp_unixtime_ms"),
    closed=True,
)


def _data(fields: dict[str, Check] | None = None, *required: str) -> Check:
    return record({**_COMMON, **(fields or {})}, required=required, nullable=False)


DATA_OF: dict[str, Check] = {
    "session_start": _data(),
    "session_end": _data({"session_duration_ms": integer}, "session_duration_ms"),
    "screen_view": _data({"screen_name": text, "activity_type": scalar, "custom_flags": _FLAGS}, "screen_name"),
    "custom_event": _data(
        {"custom_event_type": one_of(*_CUSTOM_TYPES), "event_name": text, "custom_flags": _FLAGS},
        "custom_event_type",
        "event_name",
    ),
    "crash_report": _data({"severity": scalar, "message": scalar, "exception_handled": boolean}, "message"),
    "opt_out": _data({"is_opted_out": boolean}, "is_opted_out"),
    "first_run": _data(),
    "push_registration": _data({"register": boolean, "registration_token": text}, "register", "registration_token"),
    "application_state_transition": _data(
        {
            **dict.fromkeys(("successfully_closed", "is_first_run", "is_upgrade"), boolean),
            **dict.fromkeys(("push_notification_payload", "launch_referral"), scalar),
            "application_transition_type": one_of(
                *("application_initialized", "application_exit", "application_background", "application_foreground")
            ),
        },
        "application_transition_type",
    ),
    "push_message": _data(
        {
            **dict.fromkeys(("push_message_token", "push_notification_payload", "message", "network"), scalar),
            "push_message_type": one_of("sent", "received", "action"),
            **dict.fromkeys(("application_state", "action_identifier", "push_message_behavior"), scalar),
        },
        "push_message_token",
        "push_message_type",
        "push_notification_payload",
    ),
    "network_performance": _data(
        {
            **dict.fromkeys(("http_verb", "url"), text),
            **dict.fromkeys(("time_elapsed", "bytes_in", "bytes_out", "response_code"), integer),
        },
        "url",
        "response_code",
    ),
    "breadcrumb": _data({"session_number": integer, "label": text}, "label"),
    "profile": _data(
        {
            **dict.fromkeys(("previous_mpid", "current_mpid"), integer),
            "profile_event_type": one_of("signup", "login", "logout", "update", "delete"),
        },
        "previous_mpid",
        "current_mpid",
        "profile_event_type",
    ),
    "commerce_event": _data(
        {
            "product_action": _PRODUCT_ACTION,
            "promotion_action": _PROMOTION_ACTION,
            "product_impressions": list_of(_IMPRESSION),
            "shopping_cart": record({"products": list_of(PRODUCT, nullable=False)}, required=("products",)),
            "currency_code": scalar,
            **dict.fromkeys(("screen_name", "event_name"), text),
            "is_non_interactive": boolean,
            "custom_event_type": one_of(*_COMMERCE_TYPES),
            "custom_flags": _FLAGS,
        }
    ),
    "user_attribute_change": _data(
        {
            "user_attribute_name": text,
            **dict.fromkeys(("new", "old"), _scalar_or_list),
            **dict.fromkeys(("deleted", "is_new_attribute"), boolean),
        },
        "user_attribute_name",
    ),
    "user_identity_change": _data({"new": _IDENTITY, "old": _IDENTITY}, "new", "old"),
    "uninstall": _data(),
}
_ENVELOPE = record({"event_type": one_of(*DATA_OF)}, required=("event_type", "data"), nullable=False)
_CLOSED_TYPES = frozenset({"custom_event", "application_state_transition", "breadcrumb", "first_run", "commerce_event"})


def event(value: Any) -> None:
    """Accept one event: ``event_type`` and its ``data``. Raises Invalid."""
    _ENVELOPE(value)
    kind = value["event_type"]
    if kind in _CLOSED_TYPES and len(value) > 2:
        raise Invalid("has more than event_type and data")
    try:
        DATA_OF[kind](value["data"])
    except Invalid as error:
        raise error.at("data") from None
