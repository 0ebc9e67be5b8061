"""The sample of views: its size, whole sessions, no other action, and the same decision everywhere."""

import itertools
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from broker.batch import Batch, decode
from broker.interactions import Interaction, Rules, extract
from broker.setting_types import ACTIONS
from broker.view_sample import is_sampled
from hypothesis import given
from hypothesis import strategies as st

from local_stack.audit.rows import Row, Skipped, StreamRecord, from_record
from tests.broker.lambda_events import SHARD, batch, product_event, record, visit
from tests.broker.stubs import NOW
from tests.broker.test_ingest import World
from tests.real_data import ROOT

SESSIONS = 100_000
SHARES = (0.01, 0.25, 0.5, 0.9)


def interaction(user: object = 1, session: str = "s", action: str = "view_detail", **fields: Any) -> Interaction:
    told = {"event_id": "e", "event_type": "View", "item_id": "hat", "time_ms": 0} | fields
    return Interaction(user_id=str(user), session_id=session, action=action, **told)


def sessions(number: int = SESSIONS) -> Iterator[Interaction]:
    """Yield one view of each session, four of them per user, with ids that differ as little as ids can."""
    return (interaction(place // 4, f"session-{place % 4}") for place in range(number))


@pytest.mark.parametrize("share", SHARES)
def test_a_share_takes_so_many_of_the_sessions(share: float) -> None:
    taken = sum(is_sampled(view, share) for view in sessions())
    # Four standard deviations: a fair draw is further off once in 16,000.
    assert abs(taken - share * SESSIONS) < 4 * math.sqrt(SESSIONS * share * (1 - share))


def test_the_sessions_of_one_user_are_drawn_one_by_one() -> None:
    by_user = itertools.groupby(sessions(40_000), lambda view: view.user_id)
    taken = [sum(is_sampled(view, 0.5) for view in views) for _, views in by_user]
    # Of four independent draws, all agree in one user of eight.
    assert abs(sum(number in (0, 4) for number in taken) / len(taken) - 1 / 8) < 0.02


def test_a_larger_share_takes_all_that_a_smaller_one_takes() -> None:
    for view in sessions(5_000):
        decisions = [is_sampled(view, share) for share in (0.0, *SHARES, 1.0)]
        assert decisions == sorted(decisions)
        assert (decisions[0], decisions[-1]) == (False, True)


@given(st.data(), st.sampled_from((0.0, *SHARES)))
def test_all_views_of_a_session_share_one_decision(data: st.DataObject, share: float) -> None:
    texts = st.text(min_size=1, max_size=9)
    other = st.builds(
        interaction,
        user=st.just(7),
        session=st.just("s"),
        item_id=texts,
        event_id=texts,
        event_type=texts,
        time_ms=st.integers(0, 2**40),
    )
    assert len({is_sampled(view, share) for view in data.draw(st.lists(other, min_size=2))}) == 1


@given(st.integers(), st.text(), st.sampled_from(sorted(ACTIONS - {"view_detail"})))
def test_nothing_but_views_is_ever_left_out(user: int, session: str, action: str) -> None:
    assert is_sampled(interaction(user, session, action), 0.0)


DECIDE = """
import sys
sys.path.insert(0, "lambda_src")
from broker.interactions import Interaction
from broker.view_sample import is_sampled
views = [Interaction("e", "View", "hat", str(n // 4), f"session-{n % 4}", 0, "view_detail") for n in range(2000)]
print("".join("01"[is_sampled(view, 0.25)] for view in views))
"""


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_another_process_decides_alike(hash_seed: str) -> None:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", DECIDE]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "".join("01"[is_sampled(view, 0.25)] for view in sessions(2000))


def test_the_decision_of_some_sessions_never_changes() -> None:
    """A version that decides otherwise would report a rewound session in part: these are kept for good."""
    decided = [is_sampled(interaction(-7346244611012968789, f"session-{number}"), 0.25) for number in range(16)]
    assert "".join("01"[decision] for decision in decided) == "1100000000100100"


IDS = st.one_of(st.none(), st.sampled_from(["", "0", "null", 0, "1.5E+20"]), st.integers(1, 99), st.text(max_size=4))
SESSIONS_OF_MPARTICLE = st.fixed_dictionaries({"session_uuid": IDS, "session_id": IDS})
BATCHES = st.builds(
    lambda mpid, message_id, batch_id, event, action: batch(
        product_event(action, **event), mpid=mpid, message_id=message_id, batch_id=batch_id
    ),
    mpid=st.integers(1, 3),
    message_id=IDS,
    batch_id=IDS,
    event=SESSIONS_OF_MPARTICLE,
    action=st.sampled_from(["view_detail", "view_detail", "purchase"]),
)


@given(BATCHES, st.sampled_from(SHARES))
def test_the_ledger_which_shares_no_code_leaves_out_the_same(document: Any, share: float) -> None:
    data = json.dumps(document).encode()
    [decoded] = decode(data, int(NOW * 1000))
    assert isinstance(decoded, Batch)
    [read] = extract(decoded, Rules())[0]
    [entry] = from_record(StreamRecord(SHARD, "1", int(NOW * 1000), data), view_sample=share)
    assert isinstance(entry, Row if is_sampled(read, share) else Skipped)
    assert not isinstance(entry, Skipped) or entry.reason == "sampled_out"


def test_a_view_outside_the_sample_is_counted_and_neither_sent_nor_a_reason_to_refresh() -> None:
    world = World(view_sample=0.0)
    assert world.run(record(1, visit(1)), record(2, batch(product_event("purchase", ["hat"]), mpid=2))) == []
    assert world.sent_items() == ["hat"]
    assert set(world.asked()) == {2}
    assert world.counts.outcomes == {"Records": 2, "Accepted": 1, "Skipped": 1, "RefreshesQueued": 1}
    assert world.counts.reasons == {("Skipped", "sampled_out"): 1}


def test_every_delivery_samples_the_same_views() -> None:
    records = [record(number, visit(number, f"item-{number}")) for number in range(1, 200)]
    first, again = World(view_sample=0.25), World(view_sample=0.25)
    first.run(*records)
    for one in reversed(records):
        again.run(one)
    assert 0 < len(first.sent_items()) < len(records)
    assert set(first.sent_items()) == set(again.sent_items())


def test_a_record_whose_user_cannot_be_read_goes_to_quarantine_whatever_the_share() -> None:
    world = World(view_sample=0.0)
    assert world.run(record(1, batch(mpid=1.5e300))) == []
    assert [row["reason"] for row in world.bucket.rows()] == ["unreadable_customer"]
