"""What the comparison with an experiment measures: both do the same work, and only one knows of the experiment."""

from collections import Counter

import pytest

from bench.experiment import MOST, OFF, ON, VARIABLES, WORKLOADS, Comparison
from bench.loop.services.stub import Behaviour
from bench.loop.trial import bench


def test_the_ratio_is_the_median_of_the_pairs() -> None:
    one = Comparison("any", off=(1.0, 2.0, 1.0), on=(1.1, 2.2, 2.0))
    assert one.ratios == [1.1, 1.1, 2.0]
    assert one.ratio == 1.1 < MOST


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_with_and_without_every_interaction_is_sent_and_every_user_gets_a_list(workload) -> None:  # type: ignore[no-untyped-def]
    assert dict(ON.extra) == VARIABLES
    assert OFF.extra == ()
    found: dict[str, Counter[str]] = {}
    with bench([OFF, ON]) as started:
        for rival in (OFF, ON):
            trial = started.trial(rival, workload, Behaviour(), 30)
            assert trial.left == trial.refused == 0
            found[rival.name] = Counter(
                interactions=trial.parts["event_ids"] - trial.interactions, lists=trial.parts["profiles"] - trial.users
            )
    assert found == {"off": Counter(interactions=0, lists=0), "on": Counter(interactions=0, lists=0)}
