"""Every rival sends what it should to the stub: the counts of its requests."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.loop.quota import processor_share
from bench.loop.rivals.rivals import ARTICLE, BROKER, POWERTOOLS, Rival, earlier
from bench.loop.services.stub import Behaviour
from bench.loop.trial import Bench, bench
from bench.loop.workloads import ONE_EVENT, PURCHASES, SHOP, TEN_EVENTS, WORKLOADS, Workload

RECORDS = 30
SENT_TWICE = {"PutEvents", "GetRecommendations"}
ONE_BY_ONE = {ARTICLE: 1000, POWERTOOLS: 10}  # events per PutEvents call at the most


@pytest.fixture(scope="module")
def run() -> Iterator[Bench]:
    with bench([ARTICLE, POWERTOOLS, BROKER]) as started:
        yield started


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_the_broker_sends_the_fewest_requests_that_the_records_need(run: Bench, workload: Workload) -> None:
    run.trial(BROKER, ONE_EVENT, Behaviour(), 1)  # the first invocation also reads the secret and counts the shards
    trial = run.trial(BROKER, workload, Behaviour(), RECORDS)
    more = {name: number - trial.floor.get(name, 0) for name, number in trial.requests.items()}
    # What has no answer after a second, on a busy machine, is sent once more; at most one call in a hundred.
    assert {name: number for name, number in more.items() if name not in SENT_TWICE or number > 2} == dict.fromkeys(
        trial.floor.keys() - SENT_TWICE, 0
    )
    assert (trial.parts["event_ids"], trial.parts["profiles"]) == (trial.interactions, trial.users)
    assert trial.interactions > 0
    assert trial.left == 0


@pytest.mark.parametrize("rival", ONE_BY_ONE, ids=lambda rival: rival.name)
@pytest.mark.parametrize(("workload", "lines"), [(ONE_EVENT, 1), (TEN_EVENTS, 1), (PURCHASES, 20)])
def test_a_rival_without_a_queue_makes_every_call_for_every_record(
    run: Bench, rival: Rival, workload: Workload, lines: int
) -> None:
    trial = run.trial(rival, workload, Behaviour(), RECORDS)
    calls = math.ceil(lines / ONE_BY_ONE[rival])
    assert trial.requests == {
        "PutEvents": RECORDS * calls,
        "GetRecommendations": RECORDS,
        "Upload": RECORDS,
    }
    assert trial.parts["interactions"] == trial.interactions == RECORDS * lines
    assert trial.parts["profiles"] == RECORDS


def test_the_shop_has_records_without_an_interaction_and_users_with_several(run: Bench) -> None:
    trial = run.trial(ARTICLE, SHOP, Behaviour(), 100)
    assert trial.requests["PutEvents"] == trial.requests["Upload"] < 100
    assert trial.users < trial.requests["PutEvents"]
    assert trial.interactions > trial.users


def test_latency_is_waited_for_and_takes_no_processor_time(run: Bench) -> None:
    trial = run.trial(ARTICLE, ONE_EVENT, Behaviour(0.05), 4)
    assert trial.first_wall >= 4 * 3 * 0.05
    assert trial.first_processor < trial.first_wall
    assert trial.overlapping == trial.seconds() == trial.first_wall


def test_what_is_throttled_is_counted_and_sent_again(run: Bench) -> None:
    trial = run.trial(POWERTOOLS, ONE_EVENT, Behaviour(limit_of={"PutEvents": 1}), 4)
    assert trial.refused > 0
    assert trial.requests["PutEvents"] >= trial.refused + 4
    assert (trial.parts["event_ids"], trial.left) == (4, 0)


def test_an_earlier_checkout_is_one_that_has_the_broker(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no checkout of the broker"):
        earlier(tmp_path)
    (tmp_path / "shop-0123abc/lambda_src/broker").mkdir(parents=True)
    for module in ("ingest", "settings"):
        (tmp_path / f"shop-0123abc/lambda_src/broker/{module}.py").touch()
    rival = earlier(tmp_path / "shop-0123abc")
    assert (rival.title, rival.has_state, rival.has_purchase_queue) == ("the broker at 0123abc", False, False)
    assert BROKER.has_state
    assert BROKER.has_purchase_queue


def test_a_share_is_not_kept_where_no_cgroup_can_be_made(tmp_path: Path) -> None:
    with processor_share(0.29, tmp_path) as group:
        assert group is None
    with processor_share(None) as group:
        assert group is None
    assert not list(tmp_path.iterdir())
