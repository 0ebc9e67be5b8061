"""Days on which a service hangs, throttles or is slow, each beside the good day of the same rival."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.loop.comparison import sample
from bench.loop.rivals.rivals import ARTICLE, Rival
from bench.loop.services.stub import Behaviour
from bench.loop.trial import Bench, Trial, bench
from bench.loop.workloads import ONE_EVENT

LATENCY = 0.02
GOOD = Behaviour(LATENCY)
EVENTS = 1000  # for which a day is reckoned
SLOW_MPARTICLE = Behaviour(LATENCY, latency_of={"Upload": 2.0, "BulkUpload": 2.0})
SLOW_SAMPLE = 10  # records of a rival that waits for each upload
DAYS = 4


@dataclass(frozen=True)
class Day:
    """Seconds for 1,000 events, and the events or users left after the first invocation.

    ``used``: the accepted new events by what a throttling service would have accepted in that time; ``refused``: the
    throttled calls by all calls.
    """

    seconds: float
    left_first: int
    used: float | None = None
    refused: float | None = None


def measure(rivals: Sequence[Rival], advance: Callable[[], None]) -> list[dict[str, Any]]:
    """Return, by rival, the good day and the bad ones."""
    rows = []
    for rival in rivals:
        with bench([rival]) as run:
            run.warm_up(ONE_EVENT)
            good = run.trial(rival, ONE_EVENT, GOOD, sample(rival, ONE_EVENT, LATENCY))
            days = {"a good day": _day(good)}
            advance()
            if rival != ARTICLE:  # boto3's own time-out is a minute, as long as the function may take
                days["one call in a thousand hangs"] = _hung(run, rival, good)
            advance()
            records = ONE_EVENT.records if rival.second_module else SLOW_SAMPLE
            days["mParticle takes 2 s"] = _day(run.trial(rival, ONE_EVENT, SLOW_MPARTICLE, records))
            advance()
        days["PutEvents is throttled at half the rate"] = _throttled(rival, good)
        advance()
        rows.append({"rival": rival.title, "days": {name: vars(day) for name, day in days.items()}})
    return rows


def _hung(run: Bench, rival: Rival, good: Trial) -> Day:
    """Return a day with one hung call of each kind; a rival that waits for them waits as long in 1,000 events."""
    bad = run.trial(rival, ONE_EVENT, Behaviour(LATENCY, hangs=good.records), good.records)
    if rival.second_module:
        return _day(bad)
    return Day(_day(good).seconds + max(0.0, bad.overlapping - good.overlapping), bad.left_first)


def _throttled(rival: Rival, good: Trial) -> Day:
    """Return a day on which the service accepts half as many calls per second as on a good day were made.

    The broker's setting for the quota says that it accepts as many.
    """
    rate = good.requests["PutEvents"] / good.first_wall
    limit = rate / 2
    with bench([rival], variables={"PUT_EVENTS_PER_SECOND": str(max(1, round(rate)))}) as run:
        run.warm_up(ONE_EVENT)
        bad = run.trial(rival, ONE_EVENT, Behaviour(LATENCY, limit_of={"PutEvents": limit}), good.records)
    could = limit * (1 + bad.first_wall)  # the bucket holds a second's worth
    return replace(_day(bad), used=bad.parts["event_ids"] / could, refused=bad.refused / bad.requests["PutEvents"])


def _day(trial: Trial) -> Day:
    return Day(trial.overlapping * EVENTS / trial.records, trial.left_first)
