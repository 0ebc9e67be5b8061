"""Batches as mParticle's SDKs and a till post them: the input form, with personal data as in real batches."""

from dataclasses import dataclass
from typing import Any

from local_stack.items4u.script import Upload
from local_stack.items4u.shoppers import Device, Shopper

_PLATFORMS = {
    "web": ("web", "MobileWeb", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"),
    "ios": ("iOS", "IOS", "Items4U/7.2 (iPhone15,2; iOS 19.1)"),
    "android": ("Android", "Android", "Items4U/7.2 (Pixel 8; Android 16)"),
}
EVENT_GAP_MS = 7
"""Between the events of one upload: no two share a time, as no two taps do."""


@dataclass(frozen=True)
class Caller:
    """The sender of a session's batches; a till has no device."""

    shopper: Shopper
    device: Device | None
    session_uuid: str
    environment: str


def batch(caller: Caller, upload: Upload, *, now_ms: int, started_ms: int) -> dict[str, Any]:
    """Return an upload as a batch of mParticle's published input schema; its last event happens at ``now_ms``."""
    document: dict[str, Any] = {
        "environment": caller.environment,
        "source_request_id": upload.request_id,
        "events": _events(caller, upload, now_ms, started_ms),
        "ip": caller.shopper.ip,
    }
    if caller.device:
        document |= _device(caller.device)
    if upload.signed_in:
        document |= _person(caller.shopper)
    if not caller.shopper.sells_data:
        refused = {"consented": True, "timestamp_unixtime_ms": started_ms, "document": "privacy notice"}
        document["consent_state"] = {"ccpa": {"data_sale_opt_out": refused}}
    return document


def _events(caller: Caller, upload: Upload, now_ms: int, started_ms: int) -> list[dict[str, Any]]:
    first_ms = now_ms - EVENT_GAP_MS * (len(upload.events) - 1)
    session = {"session_uuid": caller.session_uuid, "session_start_unixtime_ms": started_ms} if caller.device else {}
    return [
        {
            "event_type": event["event_type"],
            "data": {
                **event["data"],
                **session,
                "source_message_id": message_id,
                "timestamp_unixtime_ms": first_ms + EVENT_GAP_MS * index,
            },
        }
        for index, (event, message_id) in enumerate(zip(upload.events, upload.message_ids, strict=True))
    ]


def _device(device: Device) -> dict[str, Any]:
    platform, system, agent = _PLATFORMS[device.input]
    return {
        "mp_deviceid": device.id,
        "device_info": {
            "platform": platform,
            "device_model": device.model,
            "http_header_user_agent": agent,
            "locale_language": "en",
            "locale_country": "US",
            "timezone_offset": -5,
        },
        "application_info": {"application_name": "Items4U", "application_version": "7.2.0", "os": system},
        "sdk_version": "2.51.0" if device.input == "web" else "8.30.1",
    }


def _person(shopper: Shopper) -> dict[str, Any]:
    city, state, postcode = shopper.town
    return {
        "user_identities": {
            "customer_id": shopper.customer_id,
            "email": shopper.email,
            "mobile_number": shopper.mobile,
        },
        "user_attributes": {
            "$FirstName": shopper.first_name,
            "$LastName": shopper.last_name,
            "$City": city,
            "$State": state,
            "$Zip": postcode,
            "age_band": shopper.age_band,
            "member_level": shopper.member_level,
        },
    }
