"""The law over histories about "rewind" (see ``themes``); and that it would notice if there were none."""

from tests.law.check import law_holds
from tests.law.histories import KEPT_FOR_DAYS, History
from tests.law.steps import Correct, RewindStream, Visit
from tests.law.verdict import judged
from tests.law.world.loop import Setting

WRONG = Setting(reported=("purchase",), **KEPT_FOR_DAYS)
VISITS = ((0.0, Visit(0, ("i1",))), (1.0, Visit(1, ("i2",), action="purchase")), (60.0, Correct()))

test_the_law_holds = law_holds("rewind")


def test_without_a_rewind_what_was_not_reported_is_lost() -> None:
    _, problems = judged(History(WRONG, VISITS))

    assert [problem.partition(":")[0] for problem in problems] == ["lost", "neither accepted nor anywhere else"]


def test_a_rewind_sends_again_what_was_accepted_and_nothing_asks_for_a_list_because_of_it() -> None:
    loop, problems = judged(History(WRONG, (*VISITS, (61.0, RewindStream(200.0)))))
    sent = [(one["userId"], one["itemId"]) for one in loop.recommender.deliveries() if one["userId"] != "broker-probe"]

    assert problems == []
    assert sent.count((str(loop.mpid(1)), "i2")) == 2, "once by ingest, and once more by rewind"
    assert sent.count((str(loop.mpid(0)), "i1")) == 1
    assert set(loop.asked_at) == {loop.mpid(1)}
