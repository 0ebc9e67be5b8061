"""The streamed interactions of one dataset: which events count in training, and from what time.

An accepted event shows in recommendations and in training only after a lag, as in the service. Of events with the same
event id the first one counts (Amazon Personalize API, Event.eventId); of events with the same user, second and content
one counts (Developer Guide, "Recording item interaction events").
"""

import heapq
import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from personalize_local.data import digests
from personalize_local.data.archive import NOTHING, Archive
from personalize_local.data.digests import digest
from personalize_local.data.user_counts import UserCounts
from personalize_local.toggles import Toggles
from recommender_models.interactions import Interaction, InteractionColumns

RECENT = 500  # interactions per user that a recommendation uses


@dataclass
class EventCounts:
    """Counts of events: ``accepted`` deliveries, and those that never count in training, by reason."""

    accepted: int = 0
    repeated_event_id: int = 0
    same_second: int = 0
    no_item: int = 0


class Event(NamedTuple):
    """One event as it was sent; ``content``: its properties as JSON, which deduplication compares.

    ``context``: a text of ``context.values``.
    """

    user_id: str | None
    session_id: str
    event_id: str | None
    item_id: str | None
    event_type: str
    time: float
    value: float | None
    content: str
    context: str = ""


class Streamed:
    """Accepts events and returns the visible ones: all for training, a user's own for recommendations.

    The interactions of known users are in ``archived``, as a snapshot left them; newer ones are in lists, one per user.
    """

    def __init__(self, toggles: Toggles, per_user: UserCounts | None = None) -> None:
        """``per_user``: where the interactions of each user are counted."""
        self._toggles = toggles
        self._per_user = per_user or UserCounts()
        self._seen_ids: set[bytes] = set()
        self._seen_contents: set[bytes] = set()
        self._waiting: list[tuple[float, int, Event]] = []
        self._by_user: dict[str, list[Interaction]] = defaultdict(list)
        self._by_session: dict[str, list[Interaction]] = defaultdict(list)
        self._user_of_session: dict[str, str] = {}
        self._order = 0
        self.archived = NOTHING
        self.counts = EventCounts()
        self.visible = 0

    def accept(self, event: Event, visible_at: float) -> None:
        """Accept one event, which is visible from ``visible_at`` on."""
        self.counts.accepted += 1
        if not self._counts_once(event):
            return
        self._order += 1
        heapq.heappush(self._waiting, (visible_at, self._order, event))

    def _counts_once(self, event: Event) -> bool:
        if event.event_id is not None:
            known = digest(event.event_id)
            if self._toggles.deduplication and known in self._seen_ids:
                self.counts.repeated_event_id += 1
                return False
            self._seen_ids.add(known)
        user = event.user_id or event.session_id
        content = digest(user, int(event.time), event.event_type, event.item_id, event.value, event.content)
        if self._toggles.same_second_merging and content in self._seen_contents:
            self.counts.same_second += 1
            return False
        self._seen_contents.add(content)
        return True

    def rows(self, now: float) -> list[Interaction]:
        """Return the interactions since the archive for a training at ``now``, in no particular order.

        The events of a session without a user count once some event carries both session and user.
        """
        self.show(now)
        return [interaction for interactions in self._by_user.values() for interaction in interactions]

    def between(self, start: float, end: float, now: float) -> Iterator[Interaction]:
        """Yield the visible interactions from ``start`` to before ``end``, in no particular order."""
        self.show(now)
        yield from self.archived.between(start, end)
        for interactions in self._by_user.values():
            yield from (each for each in interactions if start <= each.time < end)

    def for_user(self, user_id: str, now: float) -> list[Interaction]:
        """Return a user's newest visible interactions; ``user_id`` may be a session id of an unknown user."""
        self.show(now)
        known = self.known_as(user_id)
        own = self._by_user.get(known, [])[-RECENT:]
        if len(own) < RECENT:
            own = self.archived.newest(known, RECENT - len(own)) + own
        return own or self._by_session.get(user_id, [])[-RECENT:]

    def known_as(self, user_id: str) -> str:
        """Return the known user of a session, otherwise the id itself."""
        known = user_id in self._by_user or user_id in self.archived
        return user_id if known else self._user_of_session.get(user_id, user_id)

    def per_user(self) -> dict[str, int]:
        """Return how many visible interactions each user has."""
        counts = self.archived.counts
        for user, own in self._by_user.items():
            counts[user] = counts.get(user, 0) + len(own)
        return counts

    def forget(self, users: Collection[str], now: float) -> int:
        """Delete all interactions of some users; return how many."""
        self.show(now)  # so that the result does not depend on earlier requests
        gone = set(users)
        waiting = [entry for entry in self._waiting if self._user_for(entry[2]) not in gone]
        dropped = len(self._waiting) - len(waiting)
        heapq.heapify(waiting)
        self._waiting = waiting
        left = self.archived.without(gone)
        dropped += len(self.archived) - len(left)
        self.archived = left
        for user in gone:
            dropped += len(self._by_user.pop(user, ()))
        for session in [sid for sid, user in self._user_of_session.items() if user in gone]:
            del self._user_of_session[session]
        self.visible = len(left) + sum(map(len, self._by_user.values()))
        self._per_user.set(self.per_user())
        return dropped

    def show(self, now: float) -> None:
        """Make the events visible whose time has come."""
        while self._waiting and self._waiting[0][0] <= now:
            _, _, event = heapq.heappop(self._waiting)
            self._place(event)

    def save(self, folder: Path) -> None:
        """Write everything into a new folder; events that are still to be shown, too."""
        archived = self.archived.with_rows(self._by_user) if self._by_user else self.archived
        archived.save(folder / "users")
        Archive.of(self._by_session).save(folder / "sessions")
        digests.save(self._seen_ids, folder / "event_ids.bin")
        digests.save(self._seen_contents, folder / "contents.bin")
        rest = {
            "waiting": [(at, number, tuple(event)) for at, number, event in self._waiting],
            "user_of_session": self._user_of_session,
            "order": self._order,
            "counts": asdict(self.counts),
        }
        (folder / "rest.json").write_text(json.dumps(rest))

    def load(self, folder: Path) -> None:
        """Become what was saved."""
        self.archived = Archive.load(folder / "users")
        sessions = Archive.load(folder / "sessions")
        self._by_session.update({session: sessions.newest(session, len(sessions)) for session in sessions.users})
        self._seen_ids = digests.load(folder / "event_ids.bin")
        self._seen_contents = digests.load(folder / "contents.bin")
        rest = json.loads((folder / "rest.json").read_text())
        self._waiting = [(at, number, Event(*event)) for at, number, event in rest["waiting"]]
        self._user_of_session = rest["user_of_session"]
        self._order, self.counts = rest["order"], EventCounts(**rest["counts"])
        self.visible = len(self.archived)

    def _place(self, event: Event) -> None:
        if event.user_id is not None and event.session_id not in self._user_of_session:
            self._user_of_session[event.session_id] = event.user_id
            for interaction in self._by_session.pop(event.session_id, []):
                self._count(event.user_id, interaction)
        if event.item_id is None:
            self.counts.no_item += 1
            return
        user = self._user_for(event)
        owner = user or event.session_id
        interaction = Interaction(owner, event.item_id, event.event_type, event.time, event.value, event.context)
        if user is None:
            self._by_session[event.session_id].append(interaction)
        else:
            self._count(user, interaction)

    def _user_for(self, event: Event) -> str | None:
        return event.user_id or self._user_of_session.get(event.session_id)

    def _count(self, user: str, interaction: Interaction) -> None:
        own = interaction
        if own.user != user:
            own = own._replace(user=user)
        self._by_user[user].append(own)
        self._per_user.add(user)
        self.visible += 1


def columns_from_rows(rows: list[Interaction]) -> InteractionColumns:
    """Return interactions as columns. It takes about a second per few hundred thousand."""
    users = list(dict.fromkeys(row.user for row in rows))
    items = list(dict.fromkeys(row.item for row in rows))
    types = list(dict.fromkeys(row.event_type for row in rows))
    contexts = list(dict.fromkeys(row.context for row in rows))
    names = (users, items, types, contexts)
    user, item, kind, context = ({name: code for code, name in enumerate(each)} for each in names)
    return InteractionColumns(
        users,
        items,
        types,
        users=np.array([user[row.user] for row in rows], dtype=np.int32),
        items=np.array([item[row.item] for row in rows], dtype=np.int32),
        types=np.array([kind[row.event_type] for row in rows], dtype=np.int16),
        times=np.array([row.time for row in rows], dtype=np.int64),
        values=np.array([np.nan if row.value is None else row.value for row in rows], dtype=np.float32),
        contexts=contexts,
        context=np.array([context[row.context] for row in rows], dtype=np.int32),
    )
