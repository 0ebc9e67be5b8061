"""Interactions get the impressions that led to them, with one read and one write of the table per invocation.

The table never holds up the stream: what it does not answer at once goes without, and after a failure it is left alone
for a while.
"""

from collections import defaultdict
from collections.abc import Mapping

from broker.clock import Clock
from broker.failures import Failure
from broker.impression_store import ImpressionStore
from broker.impressions import Impression, Lists, items_shown, with_impressions
from broker.intake import Intake, Line
from broker.metric_names import Metric
from broker.telemetry import Counts

PATIENCE = 2.0  # seconds after which no further call to the table starts, of a read or of a write
PAUSE = 30.0  # seconds after a failure


class ImpressionMatching:
    """What one process knows of the table; ``match`` before interactions are sent, ``keep`` afterwards."""

    def __init__(self, store: ImpressionStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._ask_at = 0.0

    def match(self, intake: Intake, deadline: float, counts: Counts) -> dict[int, Lists]:
        """Give interactions the impressions that led to them; return the lists that are to be kept, by user."""
        clicks = [line for line in intake.lines if line.interaction.recommendation_id]
        new = _by_user(intake.impressions, counts)
        users = {int(line.interaction.user_id) for line in clicks} | new.keys()
        if not users:
            return {}
        known = self._read(users, deadline, counts)
        lists_of = {user: with_impressions((known or {}).get(user, {}), new.get(user, ())) for user in users}
        if clicks:
            intake.lines = [_with_impression(line, lists_of, counts) for line in intake.lines]
        # Without what is known of a user, a write would take other lists away.
        return {} if known is None else {user: lists_of[user] for user in new}

    def keep(self, lists_of: Mapping[int, Lists], deadline: float, counts: Counts) -> None:
        """Keep what users were shown."""
        if not lists_of:
            return
        try:
            self._store.write(lists_of, min(deadline, self._clock.now() + PATIENCE))
        except Failure:
            self._failed(len(lists_of), counts)

    def _read(self, users: set[int], deadline: float, counts: Counts) -> dict[int, Lists] | None:
        """Return what is known of users, None where the table does not say."""
        if self._clock.now() < self._ask_at:
            counts.add(Metric.IMPRESSIONS_FAILED, len(users))
            return None
        try:
            return dict(self._store.read(users, min(deadline, self._clock.now() + PATIENCE)))
        except Failure:
            self._failed(len(users), counts)
            return None

    def _failed(self, users: int, counts: Counts) -> None:
        self._ask_at = self._clock.now() + PAUSE
        counts.add(Metric.IMPRESSIONS_FAILED, users)


def _by_user(impressions: list[Impression], counts: Counts) -> dict[int, list[Impression]]:
    """Return the impressions of recommended lists."""
    by_user: dict[int, list[Impression]] = defaultdict(list)
    for impression in impressions:
        if impression.recommendation_id is None:
            counts.add(Metric.IMPRESSIONS_WITHOUT_LIST)
        else:
            counts.add(Metric.IMPRESSIONS)
            by_user[impression.mpid].append(impression)
    return dict(by_user)


def _with_impression(line: Line, lists_of: Mapping[int, Lists], counts: Counts) -> Line:
    interaction = line.interaction
    if not interaction.recommendation_id:
        return line
    items = items_shown(lists_of[int(interaction.user_id)], interaction, line.record.arrived_ms)
    counts.add(Metric.IMPRESSIONS_MATCHED if items else Metric.IMPRESSIONS_UNMATCHED)
    return line._replace(interaction=interaction._replace(impression=items)) if items else line
