"""The check of an uploaded batch: mParticle's published input schema and its limits on attributes.

It is laxer than that schema where mParticle's SDKs are: an mpid may be a decimal string, identities may have IDSync's
names, and unknown fields of ``device_info`` and ``application_info`` are passed over (each new SDK has some).
"""

from typing import Any

from local_stack.mparticle.identities import NAME_OF
from local_stack.mparticle.rules.checks import (
    Invalid,
    boolean,
    int64,
    integer,
    list_of,
    map_of,
    mpid,
    one_of,
    record,
    scalar,
    text,
    uuid,
)
from local_stack.mparticle.rules.events import LOCATION, MAX_ATTRIBUTES, MAX_VALUE, event

MAX_NAME = 256
MAX_LIST = 1000
MAX_LIST_ENTRY = 512

_DEVICE = record(
    {
        "platform": one_of(
            *("iOS", "Android", "web", "tvOS", "roku", "out_of_band", "alexa", "smart_tv", "fire_tv", "xbox")
        ),
        "att_authorization_status": one_of("authorized", "denied", "not_determined", "restricted"),
        **dict.fromkeys(
            ("screen_height", "screen_width", "screen_dpi", "timezone_offset", "att_timestamp_unixtime_ms"), integer
        ),
        **dict.fromkeys(
            (
                *("ios_advertising_id", "ios_idfv", "android_advertising_id", "fire_advertising_id"),
                *("roku_advertising_id", "roku_publisher_id"),
            ),
            uuid,
        ),
        **dict.fromkeys(
            (
                *("is_tablet", "push_notification_sound_enabled", "push_notification_vibrate_enabled", "is_dst"),
                *("supports_telephony", "has_nfc", "bluetooth_enabled", "limit_ad_tracking"),
            ),
            boolean,
        ),
        **dict.fromkeys(
            (
                *("brand", "product", "device", "android_uuid", "device_manufacturer", "os_version", "device_model"),
                *("device_country", "locale_language", "locale_country", "network_country", "network_carrier"),
                *("network_code", "network_mobile_country_code", "build_identifier", "http_header_user_agent"),
                *("push_token", "cpu_architecture", "radio_access_technology", "bluetooth_version", "amp_id"),
                *("build_version_release", "microsoft_advertising_id", "microsoft_publisher_id"),
            ),
            scalar,
        ),
    }
)
_APPLICATION = record(
    {
        **dict.fromkeys(
            (
                *("application_name", "application_version", "application_build_number", "install_referrer"),
                *("package", "os"),
            ),
            scalar,
        ),
        "apple_search_ads_attributes": map_of(map_of(scalar)),
    }
)
_CONSENT = map_of(
    record(
        {
            **dict.fromkeys(("regulation", "document", "location", "hardware_id"), scalar),
            "consented": boolean,
            "timestamp_unixtime_ms": integer,
        },
        required=("consented", "timestamp_unixtime_ms"),
        closed=True,
        nullable=False,
    ),
    nullable=False,
)
_SOURCE = record(
    {
        "channel": one_of("native", "javascript", "pixel", "desktop", "partner", "server_to_server"),
        **dict.fromkeys(("partner", "replay_request_id", "replay_job_id"), scalar),
        "is_historical": boolean,
    },
    required=("channel",),
    closed=True,
)
_PLAN = record({"plan_id": text, "plan_version": integer}, required=("plan_id",), closed=True)


def _user_attribute(value: Any) -> None:
    if not isinstance(value, list):
        scalar(value)
        if isinstance(value, str) and len(value) > MAX_VALUE:
            raise Invalid(f"is longer than {MAX_VALUE} characters")
        return
    list_of(scalar)(value)
    if len(value) > MAX_LIST:
        raise Invalid(f"has more than {MAX_LIST} entries")
    if any(isinstance(entry, str) and len(entry) > MAX_LIST_ENTRY for entry in value):
        raise Invalid(f"has an entry of more than {MAX_LIST_ENTRY} characters")


def _user_attributes(value: Any) -> None:
    map_of(_user_attribute)(value)
    if value and len(value) > MAX_ATTRIBUTES:
        raise Invalid(f"has more than {MAX_ATTRIBUTES} attributes")
    if value and any(len(name) > MAX_NAME for name in value):
        raise Invalid(f"has a name of more than {MAX_NAME} characters")


def _any_event(_: Any) -> None:
    """Accept anything: check_batch checks each event by itself."""


_BATCH = record(
    {
        "events": list_of(_any_event),
        "device_info": _DEVICE,
        "application_info": _APPLICATION,
        "user_attributes": _user_attributes,
        "deleted_user_attributes": list_of(text),
        "user_identities": record(dict.fromkeys(NAME_OF, scalar), closed=True),
        "environment": one_of("development", "production"),
        "api_keys": list_of(text),
        "integration_attributes": map_of(map_of(scalar)),
        "context": record({"data_plan": _PLAN, "location": LOCATION}),
        "partner_identities": map_of(scalar),
        "source_info": _SOURCE,
        "mp_deviceid": uuid,
        "attribution_info": record(
            dict.fromkeys(("service_provider", "publisher", "campaign"), scalar),
            required=("service_provider", "publisher", "campaign"),
            closed=True,
        ),
        **dict.fromkeys(("batch_id", "origin_mpid"), int64),
        "mpid": mpid,
        "timestamp_unixtime_ms": integer,
        "consent_state": record({"gdpr": _CONSENT, "ccpa": _CONSENT}, closed=True),
        **dict.fromkeys(("source_request_id", "api_key", "partner_identity", "sdk_version", "job_id", "ip"), scalar),
    },
    required=("environment",),
    closed=True,
    nullable=False,
)


def check_batch(value: Any) -> dict[int, Invalid]:
    """Check one uploaded batch; return the bad ones of its events by position, each with its reason.

    One bad event does not cost the others. Raises Invalid if anything else is wrong or if all events are bad.
    ``environment`` is required (by mParticle's 2023 schema), and so is an mpid, an identity or a device.
    """
    _BATCH(value)
    identities = (value.get("user_identities") or {}).values()
    if value.get("mpid") is None and not value.get("mp_deviceid") and not any(map(_is_given, identities)):
        raise Invalid("nothing says whose batch this is: no mpid, user_identities or mp_deviceid")
    events = value.get("events") or ()
    bad = {place: reason for place, each in enumerate(events) if (reason := _reason(place, each))}
    if bad and len(bad) == len(events):
        raise bad[0]
    return bad


def _reason(place: int, value: Any) -> Invalid | None:
    try:
        event(value)
    except Invalid as reason:
        return reason.at(place).at("events")
    return None


def _is_given(identity: Any) -> bool:
    return identity is not None and identity != ""
