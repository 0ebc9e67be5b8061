"""Each line of the table "what happens when things go wrong" as one history that is easy to follow.

The drawn histories show that the law holds; these show how: what is tried again, what waits, what an operator sees.
"""

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from local_stack.audit.rows import customer_events
from tests.law.histories import History
from tests.law.steps import (
    POISON,
    ColdStart,
    Copy,
    Fails,
    Forget,
    Poison,
    ReadAgain,
    Rotation,
    Spell,
    Step,
    Stray,
    Visit,
)
from tests.law.verdict import conserved, judged, play, report, settled, stale
from tests.law.world.loop import REFUSED_CUSTOMER, Loop, Setting

SHORT = Setting()
AS_DEPLOYED = Setting(record_age=172_800, retention=259_200)


def view(customer: int = 0, *items: str, message: int = 0) -> Visit:
    return Visit(customer, items or ("i1",), message=message)


def views(*customers: int, message: int = 0) -> list[Step]:
    """Return one view of each customer, close enough together to be one invocation's."""
    return [view(customer, f"i{customer}", message=message) for customer in customers]


def history_of(*steps: Step | float, setting: Setting = SHORT) -> History:
    """Return a history; a number is seconds of waiting."""
    pauses, timed = 0.0, []
    for step in steps:
        if isinstance(step, float):
            pauses += step
        else:
            timed.append((pauses, step))
            pauses = 0.0
    return History(setting, timed, pauses)


def after(*steps: Step | float, setting: Setting = SHORT) -> Loop:
    """Play steps (a number is seconds of waiting), let all settle, and return the loop, in which the law holds."""
    history = history_of(*steps, setting=setting)
    loop = play(history)
    problems = [*settled(loop), *conserved(loop)]
    assert not problems, report(history, loop, problems)
    return loop


def quarantined(loop: Loop, flow: str = "ingest") -> list[str]:
    """Return the reasons of all rows in quarantine."""
    found = [data.splitlines() for key, data in loop.buckets["quarantine"].items() if key.startswith(flow)]
    return sorted(json.loads(line)["reason"] for line in itertools.chain.from_iterable(found))


def accepted(loop: Loop) -> list[str]:
    """Return the items of all events that Personalize accepted, repeats included, in order."""
    return [delivery["itemId"] for delivery in customer_events(loop.recommender.deliveries())]


def seconds_of(loop: Loop, what: str) -> list[float]:
    """Return when something was told, in seconds since the beginning."""
    return [at - loop.began for at, told in loop.services.told if told.endswith(what)]


@pytest.mark.parametrize("name", [name for name in POISON if name != "a batch and a broken line"])
def test_a_record_that_nobody_can_read_is_quarantined_and_the_shard_goes_on(name: str) -> None:
    loop = after(Poison(name, 0), Poison(name, 1), *views(0, 1), 10.0)
    assert len(quarantined(loop)) == 2
    assert sorted(accepted(loop)) == ["i0", "i1"]


def test_a_bad_event_is_quarantined_and_the_rest_of_its_request_is_delivered() -> None:
    loop = after(view(0, "i1", "i2", "spoilt-1", "i3", "i4"), 10.0)
    assert quarantined(loop) == ["refused"]
    assert set(accepted(loop)) == {"i1", "i2", "i3", "i4"}


def test_a_wrong_tracker_of_ten_minutes_quarantines_nothing_and_is_told_at_every_invocation() -> None:
    visits = itertools.chain.from_iterable([*views(0, 1, message=n), 20.0] for n in range(30))
    loop = after(*views(2), 5.0, Spell("PutEvents", "wrong tracker", 600.0), *visits, 60.0)
    assert quarantined(loop) == []
    assert loop.ingest.alarms > 10
    assert loop.recommender.counted(loop.time.now + 10) == 61


@pytest.mark.parametrize("wrong", [0.0, 0.01, 0.03])
@pytest.mark.parametrize("right", [0.025, 0.045, 0.065, 0.085])
def test_a_tracker_that_is_wrong_for_moments_quarantines_nothing(wrong: float, right: float) -> None:
    """Whatever calls of an invocation of three requests lie within those moments."""
    spell = Spell("PutEvents", "wrong tracker", right)
    loop = after(view(0), 3.0, *views(0, 1, 2, message=1), 1.0 + wrong, spell, 60.0)
    assert quarantined(loop) == []


def test_most_of_a_large_record_may_be_bad_where_its_like_was_good_before() -> None:
    spoilt = [f"spoilt-{n}" for n in range(25)]
    loop = after(view(0, "i1", "i2"), 3.0, Visit(1, ("i1", *spoilt), message=1), 20.0)
    assert len(quarantined(loop)) == 25
    assert seconds_of(loop, "nothing fails any more")[0] < 60, "and its shard is not held up"


def test_a_lone_bad_event_in_a_new_process_of_a_quiet_shop_is_quarantined_at_once() -> None:
    loop = after(view(0, "spoilt-1"), 30.0)
    assert quarantined(loop) == ["refused"]
    assert loop.ingest.alarms == 0
    assert loop.ingest.invocations == 1


def test_a_wrong_tracker_of_six_hours_quarantines_nothing_and_loses_nothing() -> None:
    hours = 6 * 3600.0
    visits = itertools.chain.from_iterable([*views(0, 1, message=n), hours / 20] for n in range(19))
    steps = [Spell("PutEvents", "wrong tracker", hours), *visits, hours / 10, *views(2)]
    loop = after(*steps, 60.0, setting=AS_DEPLOYED)
    assert quarantined(loop) == []
    assert loop.buckets["on-failure"] == {}
    assert len(set(accepted(loop))) == 3
    assert loop.recommender.counted(loop.time.now + 10) == 39
    assert loop.ingest.alarms > 100


def test_events_with_a_value_wait_while_the_schema_has_no_column_for_it_and_the_others_are_delivered() -> None:
    bought = [Visit(0, (f"i{n}",), "purchase", message=n) for n in (1, 3)]
    loop = after(Spell("PutEvents", "no column for values", 800.0), *bought, view(1, "i2"), 900.0, setting=AS_DEPLOYED)
    assert quarantined(loop) == []
    assert loop.ingest.alarms == 0, "the invocation goes on; it counts ConfigurationErrors"
    assert accepted(loop)[0] == "i2"
    assert set(accepted(loop)) == {"i1", "i2", "i3"}


def test_what_stays_unproven_for_a_quarter_of_an_hour_is_quarantined_and_the_shard_goes_on() -> None:
    bought = [Visit(0, (f"i{n}",), "purchase", message=n) for n in (1, 3)]
    loop = play(
        History(AS_DEPLOYED, [(0.0, Spell("PutEvents", "no column for values", 7200.0)), *_at_once(bought)], 3600.0)
    )
    assert quarantined(loop) == ["refused_unproven", "refused_unproven"]
    assert loop.is_settled()


def _at_once(steps: Sequence[Step]) -> list[tuple[float, Step]]:
    return [(0.0, step) for step in steps]


ERASURE: tuple[Step | float, ...] = (*views(0, 1, 2), 120.0, Forget(0))


@pytest.mark.parametrize("upload_probe", [True, False])
@pytest.mark.parametrize(
    "wrong",
    [
        [Spell("PutEvents", "wrong tracker", 7000.0), *views(1, 2, message=1)],
        [Spell("PutEvents", "no column for values", 800.0), *views(1, 2, message=1)],
        [Spell("GetRecommendations", "refused", 7000.0), *views(1, 2, message=1)],
        [Spell("bulkevents", "refused", 7000.0), *views(1, 2, message=1)],
        list(itertools.chain.from_iterable([view(1, f"spoilt-{n}", message=n + 1), 600.0] for n in range(12))),
        list(itertools.chain.from_iterable([*views(REFUSED_CUSTOMER, message=n + 1), 600.0] for n in range(12))),
    ],
    ids=["tracker", "schema", "campaign", "feed", "events", "profile"],
)
def test_no_proof_brings_a_forgotten_customer_back_while_others_are_refused_for_hours(
    wrong: list[Step | float], upload_probe: bool
) -> None:
    loop = after(*ERASURE, *wrong, 7200.0, setting=replace(AS_DEPLOYED, upload_probe=upload_probe))
    refused = [operation for operation, request in loop.services.requests[loop.forgotten[0] :] if operation in PROBED]
    assert len(refused) > 2, "there was something to prove"


PROBED = ("PutEvents", "GetRecommendations", "bulkevents")


@pytest.mark.parametrize(
    "kind", ["throttled", "throttled 429", "unavailable", "failed", "hangs before", "half a reply"]
)
def test_one_failure_of_personalize_is_tried_again_within_the_invocation(kind: str) -> None:
    loop = after(Fails("PutEvents", kind), view(0), 20.0)
    assert len(seconds_of(loop, "calls PutEvents")) == 1, "beside the one that fails"
    assert seconds_of(loop, "ingest 1 begins")[1:2] > seconds_of(loop, "calls SendMessageBatch")


def test_while_personalize_throttles_a_request_waits_within_its_invocation() -> None:
    loop = after(Spell("PutEvents", "throttled", 20.0), *views(0, 2), 40.0)
    assert len(seconds_of(loop, "calls PutEvents: throttled")) > 4
    assert accepted(loop) == ["i0", "i2"], "each once"
    assert loop.ingest.invocations == 2, "one for each record: none is delivered again"


def test_a_request_that_stays_throttled_until_the_end_lets_no_other_start() -> None:
    loop = after(Spell("PutEvents", "throttled", 70.0), *views(0, 2), 200.0)
    until = seconds_of(loop, "ingest 1 begins")[1]
    tries = len([at for at in seconds_of(loop, "calls PutEvents: throttled") if at < until])
    requests = [request for operation, request in loop.services.requests if operation == "PutEvents"][:tries]
    assert len({request["userId"] for request in requests}) == 1
    assert sorted(set(accepted(loop))) == ["i0", "i2"]


def test_what_was_accepted_a_moment_ago_is_not_sent_again_with_what_was_not() -> None:
    four_tries = [Fails("PutEvents", "unavailable", n) for n in range(4)]
    loop = after(*four_tries, *views(0, 2), 30.0)
    assert accepted(loop) == ["i2", "i0"], "the first record's, and with it the second, was delivered again"


@pytest.mark.parametrize("kind", ["denied", "wrong tracker"])
def test_without_permission_everything_waits_and_goes_to_the_on_failure_bucket_when_it_is_old(kind: str) -> None:
    loop = after(view(1), 3.0, Spell("PutEvents", kind, 800.0), *views(0, 2, message=1), 900.0)
    assert quarantined(loop) == []
    assert len(loop.buckets["on-failure"]) >= 1
    assert loop.ingest.alarms > 5


def test_a_quarantine_that_cannot_be_written_holds_up_what_belongs_there() -> None:
    loop = after(Spell("PutObject", "denied", 30.0), Poison("a number", 0), *views(0, 1), 60.0)
    assert quarantined(loop) == ["not_a_batch"]


@pytest.mark.parametrize("kind", ["unavailable", "denied"])
def test_a_queue_that_cannot_be_written_holds_nothing_up(kind: str) -> None:
    loop = after(Spell("SendMessageBatch", kind, 30.0), *views(0, 2), 20.0, *views(0, 2, message=1), 40.0)
    assert loop.ingest.invocations == 2, "each record is read once"
    assert len(list(stale(loop, (0, 2)))) == 2


@pytest.mark.parametrize("kind", ["unavailable", "denied", "every other entry", "half a reply, read as empty"])
def test_the_next_event_of_a_customer_whom_the_queue_did_not_take_asks_again(kind: str) -> None:
    loop = after(Spell("SendMessageBatch", kind, 30.0), *views(0, 2), 40.0, *views(0, 2, message=1), 60.0)
    assert list(stale(loop, (0, 2))) == []


def test_near_its_time_limit_a_function_starts_no_further_call_and_says_what_is_left() -> None:
    visits = [Visit(0, (f"i{n}",), message=n, session=n) for n in range(7)]
    loop = after(Spell("PutEvents", "hangs before", 70.0), *visits, 200.0)
    assert loop.services.deaths == 0
    assert loop.ingest.alarms == 0


@pytest.mark.parametrize("kind", ["throttled", "unavailable", "reset before", "reset after", "half a reply"])
def test_one_failure_of_mparticle_is_tried_again_within_the_invocation(kind: str) -> None:
    loop = after(*views(0), Fails("bulkevents", kind), 30.0)
    assert len(seconds_of(loop, " begins")) == len(seconds_of(after(*views(0), 30.0), " begins"))


@pytest.mark.parametrize("kind", ["throttled", "unavailable", "failed", "reset before", "reset after", "half a reply"])
def test_a_short_outage_of_mparticle_costs_less_than_a_minute_and_no_refresh(kind: str) -> None:
    loop = after(*views(0, 1), Spell("bulkevents", kind, 25.0), 90.0)
    assert list(stale(loop, (0, 1))) == []
    assert max(seconds_of(loop, "calls bulkevents")) < 85, "a failed message is not hidden for the queue's six minutes"


def test_mparticles_retry_after_is_kept_to() -> None:
    loop = after(*views(0), Fails("bulkevents", "throttled, come back in 400 s"), 900.0)
    first, second = (
        seconds_of(loop, "calls bulkevents: throttled, come back in 400 s")[0],
        seconds_of(loop, "calls bulkevents")[0],
    )
    assert second - first >= 400
    assert list(stale(loop, (0,))) == []


def test_a_key_that_was_rotated_is_read_again_within_the_invocation() -> None:
    loop = after(*views(0), 30.0, Rotation(0.0), *views(0, message=1), 30.0)
    assert loop.refresh.alarms == 0
    assert list(stale(loop, (0,))) == []


def test_a_key_that_mparticle_refuses_is_told_and_nothing_is_quarantined() -> None:
    loop = after(*views(0, 1), Rotation(30.0), 200.0)
    assert loop.refresh.alarms > 0
    assert quarantined(loop, "refresh") == []
    assert list(stale(loop, (0, 1))) == []


def test_a_profile_that_mparticle_refuses_is_quarantined_and_the_others_of_its_request_are_written() -> None:
    loop = after(*views(0, 1, 2, REFUSED_CUSTOMER), 60.0)
    assert quarantined(loop, "refresh") == ["refused"]
    assert list(stale(loop, (0, 1, 2))) == []


def test_a_message_that_is_none_of_ours_is_quarantined() -> None:
    loop = after(Stray("{}"), *views(0), 60.0)
    assert quarantined(loop, "refresh") == ["not_a_message"]
    assert list(stale(loop, (0,))) == []


CALLS = ["PutEvents", "PutObject", "SendMessageBatch", "GetRecommendations", "GetSecretValue", "bulkevents"]


@pytest.mark.parametrize("when", ["killed before", "killed after"])
@pytest.mark.parametrize("operation", CALLS)
def test_death_at_any_call_loses_nothing_and_counts_nothing_twice(operation: str, when: str) -> None:
    steps = [Fails(operation, when), Poison("a number", 0), view(0, "i1", "spoilt-1", "i2"), *views(1, 2)]
    history = History(Setting(), [(0.0, step) for step in steps])
    loop, problems = judged(history)
    assert not problems, report(history, loop, problems)
    assert loop.services.deaths == 1


LATEST = "hangs, and lands at the last moment"
KILLED = Fails("bulkevents", "killed, and it lands at the last moment")


def law_holds_after(*steps: Step | float) -> None:
    """Play steps to the end, where every profile shows the newest list that was sent."""
    history = history_of(*steps)
    loop, problems = judged(history)
    assert not problems, report(history, loop, problems)


def test_while_an_upload_without_an_answer_may_land_no_newer_list_is_sent() -> None:
    law_holds_after(view(0, "i1"), 5.0, Spell("bulkevents", LATEST, 15.0), 15.0, view(0, "i7", message=1), 60.0)


def test_while_an_upload_of_a_killed_process_may_land_no_newer_list_is_sent() -> None:
    """It is sent half a minute after the invocation began, because the table hangs, and lands after its time limit."""
    table = [
        Fails(operation, "hangs before", n) for operation in ("BatchGetItem", "TransactWriteItems") for n in range(3)
    ]
    law_holds_after(view(0, "i1"), *table, KILLED, 55.0, view(0, "i7", message=1), 60.0)


def test_a_settlement_that_is_done_after_another_claim_ends_no_claim() -> None:
    """Else a third process would send a newer list, while that of the second, which was killed, may still land."""
    late = [Fails("TransactWriteItems", "hangs, and lands late", after=n) for n in range(1, 5)]
    steps = [view(0, "i1"), *late, 114.0, view(0, "i7", message=1), 5.0, KILLED, 6.0]
    law_holds_after(*steps, Visit(0, ("i3",), "purchase", message=2), 60.0)


def test_redeliveries_of_every_kind_count_once_in_training() -> None:
    again = [Copy(0, 0), Copy(1, 0), ReadAgain(0, 5), ReadAgain(1, 5)]
    loop = after(*views(0, 1), 5.0, ColdStart("ingest"), *again, 60.0)
    assert len(accepted(loop)) > 2
    assert loop.recommender.counted(loop.time.now + 10) == 2
