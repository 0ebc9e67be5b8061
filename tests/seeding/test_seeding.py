"""What a seeding does where a system has no answer, refuses, or is used by others meanwhile."""

from collections.abc import Iterator
from itertools import islice

import pytest
from broker.failures import Misconfigured
from broker.profile_state import KEPT
from broker.recommendations import Recommendations

from seeding import seeding as module
from seeding.lists import SeedList
from seeding.progress import Progress, Taken
from seeding.seeding import Interrupted
from tests.broker.stubs import client_error
from tests.seeding.world import KNOWN_UNTIL, Killed, World

MPIDS = range(-300, 0)


def lists() -> Iterator[SeedList]:
    return (SeedList(mpid, Recommendations((f"item{mpid}",), None, KNOWN_UNTIL)) for mpid in MPIDS)


def test_every_list_gets_onto_its_profile_once() -> None:
    world = World(270)
    done = world.run(lists)
    assert {mpid: profile[1] for mpid, profile in world.profiles.items()} == {mpid: (f"item{mpid}",) for mpid in MPIDS}
    assert (done.counts, done.open, world.repeated) == ({"written": 300}, {}, 0)


def test_an_outage_of_mparticle_is_waited_for_and_holds_nobody() -> None:
    world = World(54)
    ends = world.now + 600
    world.status = lambda: 503 if world.now < ends else 202
    done = world.run(lists)
    assert (done.counts["written"], set(world.taken.values())) == (300, {1})
    assert ends < world.now < ends + 200
    assert len(world.posts) < 100, "it does not hammer"


def test_while_mparticle_is_down_users_are_refreshed_between_the_tries() -> None:
    world, refreshed = World(54), set[int]()
    ends = world.now + 300
    world.status = lambda: 503 if world.now < ends else 202

    def act() -> None:
        if world.now < ends and -299 not in refreshed and world.refresh(-299, ("newest",)):
            refreshed.add(-299)

    world.between = act
    done = world.run(lists)
    assert refreshed == {-299}
    assert (done.counts["newer_list"], world.profiles[-299][1]) == (1, ("newest",))


def test_an_outage_without_an_end_is_given_up_and_the_same_command_goes_on_later() -> None:
    world = World(54)
    world.status = lambda: 503
    with pytest.raises(Interrupted):
        world.run(lists)
    world.status = lambda: 202
    assert world.run(lists).counts == {"written": 300}
    assert set(world.taken.values()) == {1}


def test_what_is_processed_without_an_answer_is_taken_once() -> None:
    world = World(54)
    answers = iter([202, 500, 500, 500])
    world.status = lambda: next(answers, 202)
    take = world._bulk

    def lands_all_the_same(data: bytes) -> int:
        status = take(data)
        if status == 500:
            world.status, before = (lambda: 202), world.status
            take(data)
            world.status = before
        return status

    world._bulk = lands_all_the_same  # type: ignore[method-assign]
    done = world.run(lists)
    assert (done.counts, set(world.taken.values())) == ({"written": 300}, {1})
    assert world.repeated > 0


def test_a_user_whose_upload_may_still_land_stays_claimed_for_so_long() -> None:
    world = World(54)
    world.status = lambda: 500
    with pytest.raises(Interrupted):
        world.run(lists)
    tried = world.states().read(range(-300, -100), world.now + 60)
    assert min(state.claimed_until for state in tried.values()) > world.posts[-1][0] + 30
    world.status = lambda: 503  # takes nothing, and says so
    with pytest.raises(Interrupted):
        world.run(lists)
    freed = world.states().read(range(-300, -100), world.now + 60)
    assert {state.claimed_until for state in freed.values()} == {0.0}


def test_throttling_slows_it_down_and_loses_nobody() -> None:
    world = World(54)
    world.status = lambda: 429 if world.chance.random() < 0.5 else 202
    assert world.run(lists).counts == {"written": 300}


def test_a_wrong_key_ends_it_at_once_and_is_no_end_for_anybody() -> None:
    world = World(54)
    world.status = lambda: 403
    with pytest.raises(Misconfigured):
        world.run(lists)
    world.status = lambda: 202
    assert world.run(lists).counts == {"written": 300}


def test_one_bad_upload_costs_itself_alone_and_only_bad_ones_are_a_wrong_configuration() -> None:
    world = World(54)
    take = world._bulk
    world._bulk = lambda data: 400 if b'"mpid":-7,' in data else take(data)  # type: ignore[method-assign]
    assert world.run(lists).counts == {"written": 299, "refused": 1}
    alone = World(50)  # the last part is the bad one alone: what was accepted a while ago proves the configuration
    take_all = alone._bulk
    alone._bulk = lambda data: 400 if b'"mpid":-1,' in data else take_all(data)  # type: ignore[method-assign]
    assert alone.run(lambda: islice(lists(), 99, None)).counts == {"written": 200, "refused": 1}
    other = World(54)
    other.status = lambda: 400
    with pytest.raises(Misconfigured, match="configuration is wrong"):
        other.run(lists)


def test_whoever_is_refreshed_all_the_time_is_waited_for_until_they_have_a_newer_list() -> None:
    world = World(54)
    states = world.states()
    state = states.read([-5], world.now + 60)
    states.claim(state, world.now + 90, world.now + 60)
    began = world.now
    done = world.run(lists)
    assert done.counts == {"written": 300}
    assert world.now > began + 90


def test_a_table_that_does_not_answer_is_waited_for() -> None:
    world = World(54)
    broken = world.now + 100

    def between() -> None:
        world.table.error = client_error("InternalServerError", 500) if world.now < broken else None

    world.between = between
    assert world.run(lists).counts == {"written": 300}


def test_lists_that_are_too_old_to_compare_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(54)
    with pytest.raises(Interrupted, match="train"):
        world.run(lists, known_until=world.now - KEPT)
    assert world.profiles == {}
    slow = World(1)  # the last ones come five minutes later
    with pytest.raises(Interrupted, match="train"):
        slow.run(lists, known_until=slow.now - KEPT + 100)
    assert 50 < len(slow.profiles) < 150


def test_of_two_commands_at_the_same_time_one_ends() -> None:
    world = World(54)
    seen = list[Progress]()

    def meddle(progress: Progress) -> None:
        if not seen:
            seen.append(world.seeding().run(lists))

    with pytest.raises(Taken):
        world.run(lists, show=meddle)
    assert (seen[0].counts["written"] + seen[0].counts["newer_list"], set(world.taken.values())) == (300, {1})


@pytest.mark.parametrize("calls", range(1, 18))
def test_killed_at_any_call_it_goes_on_and_writes_nothing_twice(calls: int) -> None:
    world = World(54, seed=calls)
    world.dies_at = calls
    with pytest.raises(Killed):
        world.seeding().run(lists)
    world.dies_at = None
    began = world.now
    assert world.run(lists).counts == {"written": 300}
    assert (len(world.taken), set(world.taken.values())) == (300, {1})
    assert world.now - began < 150, "only claims that were not written down yet hold it up, until they end"


def test_a_small_share_sends_small_requests() -> None:
    world = World(2.0)
    world.run(lists)
    assert max(number for _, number in world.posts) == 8
    assert world.most_within(60) <= 61 * 2.0 + 8


def test_answers_without_a_list_are_counted_and_others_are_not_held_up() -> None:
    def some() -> Iterator[SeedList]:
        yield SeedList(None, None)
        yield SeedList(-1, None)
        yield SeedList(-2, Recommendations((), None, KNOWN_UNTIL))
        yield SeedList(-3, Recommendations(("a",), None, KNOWN_UNTIL))
        yield SeedList(-4, Recommendations(("a",), None, KNOWN_UNTIL))

    world = World(54)
    done = world.run(some, belongs=lambda mpid: mpid != -4)
    assert done.counts == {"no_answer": 2, "no_recommendations": 1, "other_variant": 1, "written": 1}
    assert (done.done, done.open) == (5, {})


def test_a_round_is_a_few_seconds_worth_in_whole_requests() -> None:
    def size(rate: float) -> tuple[int, int]:
        feed = module.Feed(None, "production", rate)  # type: ignore[arg-type]
        return feed.round_size, feed.request_size

    assert [size(rate) for rate in (0.1, 2.7, 27, 54, 270, 5_000)] == [
        (1, 1), (10, 27), (100, 100), (200, 100), (1000, 100), (1000, 100),
    ]  # fmt: skip


def test_profiles_say_the_variant_and_the_table_knows_it() -> None:
    world = World(54)
    world.run(lists, variant_of=lambda mpid: "odd" if mpid % 2 else "even")
    expected = {mpid: "odd" if mpid % 2 else "even" for mpid in MPIDS}
    assert world.variants == expected
    states = world.states().read(MPIDS, world.now + 60)
    assert {mpid: state.variant for mpid, state in states.items()} == expected

    without = World(54)
    without.run(lists)
    assert set(without.variants.values()) == {""}
