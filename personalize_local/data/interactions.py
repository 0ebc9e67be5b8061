"""The interactions of one dataset group: what counts in training, once each, and from when on.

An accepted event shows in recommendations and in training only after a lag, as in the service. Of events with the same
event id the first one counts (Amazon Personalize API, Event.eventId); of events with the same user, second and content
one counts (Developer Guide, "Recording item interaction events").
"""

import heapq
from collections import defaultdict
from collections.abc import Callable
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


@dataclass
class Counts:
    """How events fared: ``accepted`` deliveries, and those of them that never count in training, by reason."""

    accepted: int = 0
    repeated_event_id: int = 0
    same_second: int = 0
    no_item: int = 0


class Interactions:
    """Takes events, gives the visible ones back: all for training, a shopper's own for recommendations."""

    def __init__(self, lag: Callable[[], float]) -> None:
        """``lag()``: the seconds after which the next event becomes visible."""
        self._lag = lag
        self._seen_ids: set[str] = set()
        self._seen_contents: set[tuple[object, ...]] = set()
        self._waiting: list[tuple[float, int, Event]] = []
        self._by_user: dict[str, list[Interaction]] = defaultdict(list)
        self._by_session: dict[str, list[Interaction]] = defaultdict(list)
        self._user_of_session: dict[str, str] = {}
        self._order = 0
        self.counts = Counts()
        self._visible = 0
        self._users_with_two = 0

    def accept(self, event: Event, now: float) -> None:
        """Take one event at ``now``."""
        self.counts.accepted += 1
        lag = self._lag()
        if not self._counts_once(event):
            return
        self._order += 1
        heapq.heappush(self._waiting, (now + lag, self._order, event))

    def _counts_once(self, event: Event) -> bool:
        if event.event_id is not None and event.event_id in self._seen_ids:
            self.counts.repeated_event_id += 1
            return False
        if event.event_id is not None:
            self._seen_ids.add(event.event_id)
        user = event.user_id or event.session_id
        content = (user, int(event.time), event.event_type, event.item_id, event.value, event.content)
        if content in self._seen_contents:
            self.counts.same_second += 1
            return False
        self._seen_contents.add(content)
        return True

    def for_training(self, now: float) -> list[Interaction]:
        """Return what a training at ``now`` may use, in no particular order.

        The events of a session without a user count once some event carries both session and user.
        """
        self._show(now)
        return [interaction for interactions in self._by_user.values() for interaction in interactions]

    def of_user(self, user_id: str, now: float) -> list[Interaction]:
        """Return a shopper's newest visible interactions; ``user_id`` may be a session id of an unknown shopper."""
        self._show(now)
        known = self._by_user.get(user_id) or self._by_user.get(self._user_of_session.get(user_id, ""))
        return (known or self._by_session.get(user_id, []))[-RECENT:]

    def totals(self, now: float) -> tuple[int, int, int]:
        """Return visible interactions, users, and users with two interactions or more, as training would count them."""
        self._show(now)
        return self._visible, len(self._by_user), self._users_with_two

    def _show(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            _, _, event = heapq.heappop(self._waiting)
            self._place(event)

    def _place(self, event: Event) -> None:
        if event.user_id is not None and event.session_id not in self._user_of_session:
            self._user_of_session[event.session_id] = event.user_id
            for interaction in self._by_session.pop(event.session_id, []):
                self._count(event.user_id, interaction)
        if event.item_id is None:
            self.counts.no_item += 1
            return
        user = event.user_id or self._user_of_session.get(event.session_id)
        interaction = Interaction(user or event.session_id, event.item_id, event.event_type, event.time, event.value)
        if user is None:
            self._by_session[event.session_id].append(interaction)
        else:
            self._count(user, interaction)

    def _count(self, user: str, interaction: Interaction) -> None:
        own = self._by_user[user]
        own.append(
            interaction
            if interaction.user == user
            else Interaction(user, interaction.item, interaction.event_type, interaction.time, interaction.value)
        )
        self._visible += 1
        self._users_with_two += len(own) == 2
