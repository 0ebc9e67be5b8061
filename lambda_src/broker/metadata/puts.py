"""PutUsers and PutItems: at most ten records in a call, and ten calls a second to each dataset.

https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutUsers.html, API_UBS_PutItems.html, and limits.html. A call
is accepted or refused as a whole. So a refused one is halved until each bad record stands alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.clock import Clock
from broker.failures import Rejected, Unavailable, aws_call
from broker.metadata.columns import USERS
from broker.rate_limit import Calls
from broker.retry import Retry

MOST = 10
SPACING = 0.1  # seconds from the start of a call to that of the next one
RETRY = Retry(attempts=6, base=0.25, cap=5.0)


@dataclass(frozen=True)
class Record:
    """A record: its key in the table, its id in the dataset, its properties as JSON, and the digest of its values."""

    key: str
    id: str
    properties: str
    digest: str


@dataclass
class Outcome:
    """What became of records: accepted ones, and the refused ones with AWS's error code.

    ``may_land``: accepted ones of which an earlier try may still be carried out.
    """

    accepted: list[Record] = field(default_factory=list)
    refused: dict[Record, str] = field(default_factory=dict)
    may_land: set[Record] = field(default_factory=set)


class MetadataPuts:
    """The datasets, by name: ``arns``. ``client``: a ``personalize-events`` client that does not retry by itself.

    It expects that nobody else writes to a dataset at the same time: then its spacing keeps the rate.
    """

    def __init__(self, client: Any, arns: Mapping[str, str], clock: Clock) -> None:
        self._client = client
        self._arns = arns
        self._clock = clock
        self._made = self._throttled = 0
        self._due: dict[str, float] = {}  # when the next call to a dataset may start

    def put(self, dataset: str, records: Sequence[Record], deadline: float, outcome: Outcome) -> None:
        """Put records, and say in ``outcome`` what became of them. Raises Unavailable, Misconfigured."""
        for start in range(0, len(records), MOST):
            self._put(dataset, records[start : start + MOST], deadline, outcome)

    def wait(self) -> None:
        """Wait until every dataset may be called again: the next one to do so may be another process."""
        self._clock.sleep(max(0.0, max(self._due.values(), default=0.0) - self._clock.now()))

    def take_calls(self) -> Calls:
        """Return the calls since this was asked last."""
        calls, self._made, self._throttled = Calls(self._made, self._throttled), 0, 0
        return calls

    def _put(self, dataset: str, records: Sequence[Record], deadline: float, outcome: Outcome) -> None:
        try:
            may_land = self._call(dataset, records, deadline)
        except Rejected as failure:
            if len(records) == 1:
                outcome.refused[records[0]] = str(failure)
                return
            middle = len(records) // 2
            self._put(dataset, records[:middle], deadline, outcome)
            self._put(dataset, records[middle:], deadline, outcome)
        else:
            outcome.accepted += records
            outcome.may_land |= set(records) if may_land else set()

    def _call(self, dataset: str, records: Sequence[Record], deadline: float) -> bool:
        """Make a call; return whether an earlier try of it had no answer. Raises Failure."""
        operation, request = self._request(dataset, records)
        timed_out = False

        def attempt() -> None:
            nonlocal timed_out
            self._clock.sleep(max(0.0, self._due.get(dataset, 0.0) - self._clock.now()))
            self._due[dataset] = self._clock.now() + SPACING
            self._made += 1
            try:
                aws_call(operation, datasetArn=self._arns[dataset], **request)
            except Unavailable as failure:
                self._throttled += failure.throttled
                timed_out = timed_out or failure.timed_out
                raise

        RETRY.call(attempt, self._clock, deadline)
        return timed_out

    def _request(self, dataset: str, records: Sequence[Record]) -> tuple[Any, dict[str, Any]]:
        if dataset == USERS:
            users = [{"userId": record.id, "properties": record.properties} for record in records]
            return self._client.put_users, {"users": users}
        items = [{"itemId": record.id, "properties": record.properties} for record in records]
        return self._client.put_items, {"items": items}
