"""The settings of mParticle's Kinesis connection: the events that it sends, and the parts of a batch."""

from dataclasses import dataclass
from typing import Any

_SWITCH_OF = {
    **dict.fromkeys(("session_start", "session_end", "application_state_transition", "first_run"), "lifecycle"),
    "screen_view": "screen_views",
    "crash_report": "crashes",
    "network_performance": "network_performance",
    "custom_event": "custom",
    **dict.fromkeys(("push_message", "push_registration", "push_reaction"), "push"),
    "commerce_event": "commerce",
    "user_attribute_change": "user_attribute_changes",
    "user_identity_change": "user_identity_changes",
}


@dataclass(frozen=True)
class Connection:
    """The settings, with mParticle's defaults except that each batch is sent as received ("Send as Batch" off).

    Source: docs.mparticle.com/integrations/amazon-kinesis/event/. Events without a setting (opt_out, profile, …) are
    sent: mParticle's documentation does not say whether it sends them, and the broker must tolerate them.
    """

    lifecycle: bool = True
    screen_views: bool = True
    crashes: bool = True
    network_performance: bool = True
    custom: bool = True
    push: bool = True
    commerce: bool = True
    user_attribute_changes: bool = False
    user_identity_changes: bool = False
    batches_without_events: bool = True
    include_mp_deviceid: bool = False
    include_metadata: bool = True

    def select(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the events that are sent."""
        return [event for event in events if getattr(self, _SWITCH_OF.get(event["event_type"], ""), True)]
