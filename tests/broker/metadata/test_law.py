"""The law of users and items, over drawn histories: processes end anywhere, records come twice and in any order.

Whatever happens, each record in its dataset is in the end the newest value of each column that the stream had. On the
way, none becomes older, and none loses a column. Values here are the times at which they were true.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from broker.metadata.sightings import Sighting
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.broker.metadata.world import NAME, PRICE, TIER, World, saw, saw_user
from tests.draws import draws

PROCESSES = 3


class Killed(BaseException):
    """A process ends where it is."""


class See(NamedTuple):
    """A process of ``ingest`` sees something; another one sees something else while it does."""

    process: int
    sightings: tuple[Sighting, ...]
    meanwhile: tuple[Sighting, ...]
    killed_at: int | None


class Send(NamedTuple):
    """A batch of messages is worked off. Meanwhile ``ingest`` sees something, at one of the calls."""

    meanwhile: tuple[Sighting, ...]
    during: str
    killed_at: int | None


class Wait(NamedTuple):
    """Nothing happens for some seconds."""

    seconds: int


def sighting(record: int, at: int, columns: frozenset[str]) -> Sighting:
    """Return what is true of a record at a time, or a part of it."""
    if record == 0:
        return saw_user(7, at, TIER=f"{at:03}")
    values = {NAME.name: f"{at:03}", PRICE.name: float(at)}
    return saw(f"item {record}", at, **{name: values[name] for name in columns})


SIGHTINGS = st.lists(
    st.builds(
        sighting,
        st.integers(0, 2),
        st.integers(0, 30),
        st.sampled_from([frozenset({NAME.name}), frozenset({PRICE.name}), frozenset({NAME.name, PRICE.name})]),
    ),
    max_size=3,
).map(tuple)
KILLED_AT = st.none() | st.integers(0, 7)
STEPS = st.lists(
    st.builds(See, st.integers(0, PROCESSES - 1), SIGHTINGS, SIGHTINGS, KILLED_AT)
    | st.builds(Send, SIGHTINGS, st.sampled_from(["put_items", "transact_write_items"]), KILLED_AT)
    | st.builds(Wait, st.sampled_from([1, 60, 400])),
    max_size=draws(14, 9),
)


class History:
    """A world in which a process ends at a call, before or after the call is carried out."""

    def __init__(self, *, merges_items: bool) -> None:
        self.world = World(merges_items=merges_items, confirm_every=0.0)
        self.processes = [self.world.collector() for _ in range(PROCESSES)]
        self.seen: list[Sighting] = []
        self._killed_at: int | None = None
        self._meanwhile: Callable[[], Any] | None = None
        self._during = ""
        for end in (self.world.table_end, self.world.fifo, self.world.datasets):
            end.answers = {name: self._counted(name, answer) for name, answer in end.answers.items()}

    def _counted(self, name: str, answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def call(request: Any) -> Any:
            if name == self._during and self._meanwhile:
                meanwhile, self._meanwhile = self._meanwhile, None
                meanwhile()
            left = self._killed_at
            if left is None:
                return answer(request)
            self._killed_at = left - 2 if left >= 2 else None
            if left == 0:
                raise Killed
            done = answer(request)
            if left == 1:
                raise Killed
            return done

        return call

    def take(self, step: See | Send | Wait) -> None:
        """Do a step; one that is killed is done again, as Lambda does."""
        if isinstance(step, Wait):
            self.world.time.now += step.seconds
        else:
            self.seen += step.meanwhile
            self._killed_at, self._meanwhile = step.killed_at, self._other(step)
            self._during = step.during if isinstance(step, Send) else "transact_write_items"
            self._see(step) if isinstance(step, See) else self._send()
            if self._meanwhile:  # there was no such call
                self._meanwhile()
        self._killed_at = self._meanwhile = None

    def _other(self, step: See | Send) -> Callable[[], None]:
        other = (step.process + 1) % PROCESSES if isinstance(step, See) else 0

        def see() -> None:
            killed_at, self._killed_at = self._killed_at, None
            self.world.collect(*step.meanwhile, process=self.processes[other])
            self._killed_at = killed_at

        return see

    def _send(self) -> None:
        try:
            self.world.invoke()
        except Killed:
            self.world.sender = self.world.make_sender()

    def _see(self, step: See) -> None:
        self.seen += step.sightings
        try:
            self.world.collect(*step.sightings, process=self.processes[step.process])
        except Killed:
            self.processes[step.process] = self.world.collector()
            self._killed_at = None
            self.world.collect(*step.sightings, process=self.processes[step.process])

    def newest(self) -> dict[str, dict[str, Any]]:
        """Return each record as it has to be in the end: that of an item needs a name."""
        records: dict[str, dict[str, Any]] = {}
        for one in self.seen:
            for name, (_, value) in one.fields.items():
                record = records.setdefault(one.id, {})
                record[name.lower()] = max(record.get(name.lower(), value), value)
        return {id: record for id, record in records.items() if {"name", "tier"} & record.keys()}


@settings(max_examples=draws(2_000, 150), deadline=None)
@given(STEPS)
def test_every_record_is_the_newest_in_the_end_and_never_becomes_older_or_smaller(steps: list[Any]) -> None:
    history = History(merges_items=True)
    for step in steps:
        history.take(step)
    history.world.drain()
    assert history.world.datasets.records == history.newest()
    put: dict[str, dict[str, Any]] = {}
    for id, record in history.world.datasets.history:
        for name, value in put.get(id, {}).items():
            assert record[name] >= value
        put[id] = record


@settings(max_examples=draws(2_000, 150), deadline=None)
@given(STEPS)
def test_a_stream_that_only_adds_puts_each_item_as_it_was_first(steps: list[Any]) -> None:
    history = History(merges_items=False)
    for step in steps:
        history.take(step)
    history.world.drain()
    records = history.world.datasets.records
    assert records.keys() == history.newest().keys()
    put = [(id, record) for id, record in history.world.datasets.history if id != "7"]
    assert all(record == records[id] for id, record in put)
    assert records.get("7") == history.newest().get("7")


@settings(max_examples=draws(500, 60), deadline=None)
@given(STEPS)
def test_where_nothing_is_killed_a_record_has_one_message_at_most(steps: list[Any]) -> None:
    history = History(merges_items=True)
    for step in steps:
        history.take(step if isinstance(step, Wait) else step._replace(killed_at=None))
        assert set(history.world.fifo.waiting().values()) <= {1}


def test_the_columns_of_the_world_are_those_of_this_law() -> None:
    assert (NAME.is_required, PRICE.is_required, TIER.is_required) == (True, False, False)
