"""What is planned for a soak, and what its looks say."""

import itertools
import os
import time

import pytest

from local_stack.soak.findings import normal_lag, recoveries, usage
from local_stack.soak.plan import (
    FAULT_INTERVAL,
    FIRST_INTERVAL,
    KINDS,
    LONGEST,
    SHORTEST,
    FaultKind,
    PlannedFault,
    plan,
)
from local_stack.soak.watch import PROC, Process, ProcessorTime, Sample, process

SLOW = FaultKind("slow", {})


def sample(at: float, lag: float, memory: float = 50.0) -> Sample:
    return Sample(at, None, lag, 0, 0, {"ingest": Process(1, memory, 10, 5)})


def test_faults_come_one_at_a_time_with_calm_between_them_and_all_kinds_before_one_comes_again() -> None:
    planned = plan(7, 3600)
    assert planned == plan(7, 3600)
    assert planned != plan(8, 3600)
    assert planned[0].at == FIRST_INTERVAL
    assert all(SHORTEST <= one.lasts <= LONGEST for one in planned)
    for one, after in itertools.pairwise(planned):
        assert after.at == pytest.approx(one.at + one.lasts + FAULT_INTERVAL)
    assert planned[-1].at + planned[-1].lasts + FAULT_INTERVAL <= 3600
    assert {one.kind.name for one in planned[: len(KINDS)]} == {kind.name for kind in KINDS}


def test_a_soak_too_short_for_a_fault_has_none() -> None:
    assert plan(1, FIRST_INTERVAL + SHORTEST + FAULT_INTERVAL - 1) == []


def test_the_lag_is_normal_again_when_it_stays_below_twice_the_most_of_the_calm() -> None:
    lags = {0: 1, 10: 4, 20: 1, 30: 30, 40: 60, 50: 7, 60: 9, 70: 8, 80: 1, 90: 1}
    samples = [sample(at, lag) for at, lag in lags.items()]
    assert normal_lag(samples, first_fault=25) == 8
    (found,) = recoveries(samples, [PlannedFault(25, 20, SLOW)])
    assert found.normal_after == 70 - 45  # normal at 50, but not at 60
    assert found.longest_lag == 60


def test_a_soak_without_faults_has_nothing_to_recover_from() -> None:
    assert recoveries([sample(0, 1)], []) == []


def test_a_lag_that_stays_is_never_normal_again() -> None:
    samples = [sample(0, 1), *(sample(at, 50) for at in range(10, 100, 10))]
    (found,) = recoveries(samples, [PlannedFault(5, 10, SLOW)])
    assert found.normal_after is None


def test_a_fault_is_judged_by_the_looks_up_to_the_next_one() -> None:
    samples = [sample(0, 1), sample(20, 40), sample(30, 2), sample(50, 90), sample(60, 1)]
    first, second = recoveries(samples, [PlannedFault(10, 5, SLOW), PlannedFault(40, 5, SLOW)])
    assert (first.longest_lag, first.normal_after) == (40, 15)
    assert (second.longest_lag, second.normal_after) == (90, 15)


def test_memory_is_flat_when_its_end_is_about_its_beginning_after_warming_up() -> None:
    def took(last: float) -> bool:
        looks = [sample(at, 1, 20 if at < 10 else 50 if at < 90 else last) for at in range(100)]
        found = usage(looks, "ingest")
        assert found
        return found.is_flat

    assert took(59)
    assert not took(61)


def test_a_process_says_what_it_takes_and_one_that_is_gone_nothing() -> None:
    own = process(os.getpid())
    assert own is None or (own.memory_mb > 5 and own.files >= 3 and own.threads >= 1)
    assert process(2**22 + 1) is None


@pytest.mark.skipif(not PROC.exists(), reason="only Linux tells the processor time of other processes")
def test_processor_time_counts_from_the_first_look_and_leaves_out_who_is_gone() -> None:
    spent, processes = ProcessorTime(), [("own", os.getpid()), ("gone", 2**22 + 1)]
    spent.look(processes)
    assert spent.seconds == {"own": 0}, "what was used before does not count"
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    spent.look(processes)
    assert 0.2 < spent.seconds["own"] < 5
    assert "gone" not in spent.seconds
