"""The probes that show whether the configuration works. Their user, session and event id are reserved names.

A wrong tracker is answered like a bad event, so only a request that must be accepted tells the two apart. A user's own
event would bring them back after they were erased. So user, session and event id are reserved, and always the same:
of a repeated event id only the first event is used in training (Amazon Personalize API reference, Event.eventId).
"""

from typing import NamedTuple

from broker.interactions import Interaction

PROBE = "broker-probe"  # the user, the session, the event id, and the item where none is known to be accepted
VALUE = 1.0


class Kind(NamedTuple):
    """What a schema or a tracker may tell apart: the event's type, and which of the optional columns it fills."""

    event_type: str
    has_value: bool = False
    has_list: bool = False
    has_impression: bool = False


def kind_of(interaction: Interaction) -> Kind:
    """Return what kind of event an interaction is."""
    return Kind(
        interaction.event_type,
        interaction.event_value is not None,
        interaction.recommendation_id is not None,
        bool(interaction.impression),
    )


def probe(kind: Kind, item: str, now: float) -> Interaction:
    """Return the probe of a kind of event; ``now`` in epoch seconds."""
    return Interaction(
        event_id=PROBE,
        event_type=kind.event_type,
        item_id=item,
        user_id=PROBE,
        session_id=PROBE,
        time_ms=int(now * 1000),
        action=kind.event_type,
        event_value=VALUE if kind.has_value else None,
        recommendation_id=PROBE if kind.has_list else None,
        impression=(item,) if kind.has_impression else (),
    )
