"""What is remembered of the lists that were given: the newest ones, and which campaign or recommender gave each."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

RECENT = 20_000  # lists that are remembered, for whoever watches the service
ATTRIBUTABLE = 200_000  # lists whose source is remembered


@dataclass(frozen=True, slots=True)
class RecentList:
    """One list that was given to a user, in the names of GetRecommendations; ``given_at`` in epoch seconds."""

    number: int
    userId: str
    recommendationId: str
    items: tuple[str, ...]
    given_at: float


class GivenLists:
    """The lists since the service was started."""

    def __init__(self) -> None:
        self._recent: deque[RecentList] = deque(maxlen=RECENT)
        self._given = 0
        self._source_by_list: OrderedDict[str, str] = OrderedDict()

    def add(self, recommendation_id: str, source: str) -> None:
        """Remember the ARN of the campaign or recommender that gave a list."""
        self._source_by_list[recommendation_id] = source
        if len(self._source_by_list) > ATTRIBUTABLE:
            self._source_by_list.popitem(last=False)

    def add_recent(self, user_id: str, recommendation_id: str, items: Sequence[str], now: float) -> None:
        """Remember the items that a user was given."""
        self._given += 1
        self._recent.append(RecentList(self._given, user_id, recommendation_id, tuple(items), now))

    def recent(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Return at most ``limit`` of the newest lists whose number is above ``after``, in order."""
        return [asdict(one) for one in self._recent if one.number > after][:limit]

    def source_of(self, recommendation_id: str) -> str | None:
        """Return the ARN of what gave a list, None for one that is not remembered."""
        return self._source_by_list.get(recommendation_id)
