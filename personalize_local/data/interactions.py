"""What an interaction is: as it is sent, and as training and recommendations see it."""

from dataclasses import dataclass

RECENT = 500  # of a shopper's interactions are looked at for a recommendation


@dataclass(frozen=True, slots=True)
class Interaction:
    """One event as training sees it; ``user`` is a user id or, as long as that is not known, a session id."""

    user: str
    item: str
    event_type: str
    time: float
    value: float | None


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it was sent, with what decides whether it counts; ``content`` is everything else that was said."""

    user_id: str | None
    session_id: str
    event_id: str | None
    item_id: str | None
    event_type: str
    time: float
    value: float | None
    content: str
