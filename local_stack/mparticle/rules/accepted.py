"""A checked batch in the form of mParticle's published schema, whichever of its SDKs wrote it.

mParticle's web SDK writes the mpid as a string, since JavaScript rounds such numbers, and a promotion's action as 1 or
2. Its server SDKs spell ``customerid``.
"""

from collections.abc import Collection, Mapping
from typing import Any

from local_stack.mparticle.identities import NAME_OF, named_as_in_batches

PROMOTION_ACTIONS = {1: "view", 2: "click"}
_SIDES = ("new", "old")


def accepted_form(batch: Mapping[str, Any], bad_events: Collection[int]) -> dict[str, Any]:
    """Return what is accepted of a checked batch: everything but the events at the positions ``bad_events``."""
    form = dict(batch)
    if isinstance(batch.get("mpid"), str):
        form["mpid"] = int(batch["mpid"])
    if batch.get("user_identities"):
        form["user_identities"] = named_as_in_batches(batch["user_identities"])
    if batch.get("events"):
        form["events"] = [_event(each) for place, each in enumerate(batch["events"]) if place not in bad_events]
    return form


def _event(event: dict[str, Any]) -> dict[str, Any]:
    change = _CHANGES.get(event["event_type"])
    return {**event, "data": {**event["data"], **change(event["data"])}} if change else event


def _promotion(data: Mapping[str, Any]) -> dict[str, Any]:
    promotion = data.get("promotion_action")
    if not promotion or isinstance(promotion["action"], str):
        return {}
    return {"promotion_action": {**promotion, "action": PROMOTION_ACTIONS[promotion["action"]]}}


def _identities(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        side: {**data[side], "identity_type": NAME_OF[data[side]["identity_type"]]} for side in _SIDES if data[side]
    }


_CHANGES = {"commerce_event": _promotion, "user_identity_change": _identities}
