"""Which value is the newest, when a record is to be sent, and what a stream may change of it."""

from dataclasses import replace
from typing import Any

import pytest
from broker.metadata.columns import Column
from broker.metadata.sightings import Sighting
from broker.metadata.state import (
    CONFIRM_EVERY,
    DEDUPLICATED,
    REQUEUE_AFTER,
    RETRY_REFUSED,
    Policy,
    State,
    after,
    merged,
    properties,
    settled,
    together,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.broker.stubs import NOW

NAME, PRICE = Column("NAME", "name", "string", is_required=True), Column("UNIT_PRICE", "price", "float")
CREATED = Column("CREATION_TIMESTAMP", "", "timestamp", is_required=True)
MERGE, ADD = Policy((NAME, PRICE)), Policy((NAME, PRICE), adds_only=True)
T = int(NOW * 1000)


def saw(at: int = 0, **fields: Any) -> Sighting:
    """Return a sighting of an item; ``at``: seconds."""
    time_ms = T + 1000 * at
    return Sighting("items", "mug", "7", {name: (time_ms, value) for name, value in fields.items()}, time_ms)


def known(**fields: Any) -> State:
    """Return the state of a record that was sent."""
    state = after(State(), saw(**fields), MERGE, NOW).state
    return settled(state, NOW, sent=state.digest)


def test_a_new_record_is_written_and_sent() -> None:
    step = after(State(), saw(NAME="Mug", UNIT_PRICE=12.5), MERGE, NOW)
    assert (step.write, step.send) == (True, True)
    assert (step.state.values, step.state.version, step.state.pending_since) == (
        {"NAME": "Mug", "UNIT_PRICE": 12.5},
        1,
        NOW,
    )


def test_what_is_known_already_is_neither_written_nor_sent() -> None:
    state = known(NAME="Mug", UNIT_PRICE=12.5)
    step = after(state, saw(60, NAME="Mug", UNIT_PRICE=12.5), MERGE, NOW + 60)
    assert (step.write, step.send, step.state) == (False, False, state)


def test_a_part_of_a_product_wipes_nothing() -> None:
    step = after(known(NAME="Mug", UNIT_PRICE=12.5), saw(60, UNIT_PRICE=11.0), MERGE, NOW + 60)
    assert step.send
    assert step.state.values == {"NAME": "Mug", "UNIT_PRICE": 11.0}


def test_an_older_value_replaces_no_newer_one() -> None:
    state = known(NAME="Mug", UNIT_PRICE=12.5)
    assert after(state, saw(-60, NAME="Cup", UNIT_PRICE=9.0), MERGE, NOW + 1).state == state


def test_an_older_value_fills_a_column_that_is_empty() -> None:
    assert after(known(NAME="Mug"), saw(-60, UNIT_PRICE=9.0), MERGE, NOW).state.values["UNIT_PRICE"] == 9.0


def test_a_record_waits_for_what_may_not_be_empty() -> None:
    step = after(State(), saw(UNIT_PRICE=12.5), MERGE, NOW)
    assert (step.write, step.send) == (True, False)
    step = after(step.state, saw(1, NAME="Mug"), MERGE, NOW + 1)
    assert (step.send, step.state.values) == (True, {"NAME": "Mug", "UNIT_PRICE": 12.5})


def test_a_deleted_attribute_is_empty_and_an_older_one_does_not_come_back() -> None:
    step = after(known(NAME="Mug", UNIT_PRICE=12.5), saw(60, UNIT_PRICE=None), MERGE, NOW + 60)
    assert (step.send, step.state.values) == (True, {"NAME": "Mug"})
    assert not after(step.state, saw(30, UNIT_PRICE=12.5), MERGE, NOW + 61).write


def test_while_a_message_waits_changes_are_written_and_no_second_one_is_sent() -> None:
    state = after(State(), saw(NAME="Mug"), MERGE, NOW).state
    step = after(state, saw(1, NAME="Cup"), MERGE, NOW + 1)
    assert (step.write, step.send, step.state.pending_since) == (True, False, NOW)


def test_what_comes_again_is_sent_again_while_the_queue_knows_the_message_twice() -> None:
    state = after(State(), saw(NAME="Mug"), MERGE, NOW).state
    again = [
        after(state, saw(NAME="Mug"), MERGE, NOW + later)
        for later in (1, DEDUPLICATED - 1, DEDUPLICATED, REQUEUE_AFTER - 1, REQUEUE_AFTER)
    ]
    assert [step.send for step in again] == [True, True, False, False, True]
    assert [step.write for step in again] == [False, False, False, False, True]
    assert again[-1].state.pending_since == NOW + REQUEUE_AFTER


def test_a_stream_that_only_adds_changes_nothing_that_is_known() -> None:
    forged = saw(60, NAME="Mug", UNIT_PRICE=0.01)
    waiting = after(State(), saw(NAME="Mug"), ADD, NOW).state
    imported = State(fields={"NAME": (T, "Mug")}, version=1, is_imported=True)
    for state in (known(NAME="Mug", UNIT_PRICE=12.5), waiting, imported):
        step = after(state, forged, ADD, NOW + 60)
        assert (step.write, step.state) == (False, state)
    assert after(imported, forged, MERGE, NOW + 60).state.values["UNIT_PRICE"] == 0.01


def test_a_stream_that_only_adds_completes_what_it_has_begun() -> None:
    state = after(State(), saw(UNIT_PRICE=12.5), ADD, NOW).state
    assert after(state, saw(1, NAME="Mug"), ADD, NOW + 1).send


def test_a_message_that_was_worked_off_leaves_the_newest_record_to_be_sent() -> None:
    state = after(State(), saw(NAME="Mug"), MERGE, NOW).state
    changed = after(state, saw(1, NAME="Cup"), MERGE, NOW + 1).state
    done = settled(changed, NOW + 2, sent=state.digest)
    assert (done.pending_since, done.settled, done.version) == (NOW + 2, 1, 3)
    done = settled(done, NOW + 3, sent=done.digest)
    assert (done.pending_since, done.settled) == (0.0, 2)


def test_a_refused_record_is_tried_again_when_it_changes_and_after_a_day() -> None:
    state = after(State(), saw(NAME="Mug"), MERGE, NOW).state
    refused = settled(state, NOW, sent=state.digest, is_refused=True)
    assert not refused.pending_since
    assert [after(refused, saw(NAME="Mug"), MERGE, NOW + later).send for later in (60, RETRY_REFUSED)] == [False, True]
    for policy in (MERGE, ADD):
        step = after(refused, saw(1, NAME="Cup"), policy, NOW + 1)
        assert (step.send, step.state.refused_at) == (True, 0.0)


def test_that_a_value_is_still_the_same_is_written_once_in_a_while() -> None:
    state = known(NAME="Mug")
    later = int(CONFIRM_EVERY)
    assert not after(state, saw(later, NAME="Mug"), MERGE, NOW + later).write
    step = after(state, saw(later + 1, NAME="Mug"), MERGE, NOW + later + 1)
    assert (step.write, step.send) == (True, False)
    assert not after(step.state, saw(later, NAME="Cup"), MERGE, NOW + later + 1).write


def test_a_new_item_was_created_when_it_was_seen_first() -> None:
    policy = Policy((NAME, CREATED))
    step = after(State(), saw(-60, NAME="Mug"), policy, NOW)
    assert step.state.values["CREATION_TIMESTAMP"] == int(NOW) - 60
    step = after(settled(step.state, NOW, sent=step.state.digest), saw(NAME="Cup"), policy, NOW)
    assert step.state.values["CREATION_TIMESTAMP"] == int(NOW) - 60
    given = Policy((NAME, replace_source(CREATED, "released")))
    assert "CREATION_TIMESTAMP" not in after(State(), saw(NAME="Mug"), given, NOW).state.values


def replace_source(column: Column, source: str) -> Column:
    return column._replace(source=source)


def test_properties_have_the_columns_in_camel_case() -> None:
    assert properties({"NAME": "Mug", "UNIT_PRICE": 12.5}) == '{"name":"Mug","unitPrice":12.5}'


SIGHTINGS = st.lists(
    st.builds(
        lambda at, fields: saw(at, **fields),
        st.integers(0, 4),
        st.dictionaries(st.sampled_from(["NAME", "UNIT_PRICE"]), st.sampled_from([None, 1.0, 2.0]), min_size=1),
    ),
    min_size=1,
    max_size=6,
)


@given(SIGHTINGS, st.randoms(use_true_random=False))
def test_each_column_ends_with_its_newest_value_in_whatever_order_values_come(
    sightings: list[Sighting], chance: Any
) -> None:
    policy = replace(MERGE, confirm_every=0.0)
    expected: dict[str, Any] = {}
    for one in sightings:
        expected = dict(merged(expected, one.fields))
    shuffled = sightings[:]
    chance.shuffle(shuffled)
    state = State()
    for one in shuffled:
        state = after(state, one, policy, NOW).state
    assert state.fields == expected
    newest = {name: max(one.fields[name][0] for one in sightings if name in one.fields) for name in expected}
    assert {name: time_ms for name, (time_ms, _) in state.fields.items()} == newest
    at_once = shuffled[0]
    for one in shuffled[1:]:
        at_once = together(at_once, one)
    assert after(State(), at_once, policy, NOW).state.fields == expected


@pytest.mark.parametrize("seen", [saw(NAME="Mug"), saw(UNIT_PRICE=None, NAME="Cup")])
def test_the_digest_stands_for_the_values_and_not_for_their_times(seen: Sighting) -> None:
    first, second = after(State(), seen, MERGE, NOW), after(State(), seen._replace(fields=later(seen)), MERGE, NOW)
    assert first.state.digest == second.state.digest
    assert known(NAME="Mug").digest != known(NAME="Cup").digest


def later(seen: Sighting) -> dict[str, Any]:
    return {name: (time_ms + 5, value) for name, (time_ms, value) in seen.fields.items()}
