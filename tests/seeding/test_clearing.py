"""Lists taken off profiles: whose, at what rate, and what the next refresh does."""

from seeding.clearing import OneRun, without_lists
from seeding.progress import Progress
from tests.seeding.world import World

MPIDS = range(-300, 0)


def world_with_lists() -> World:
    world = World(54)
    assert all(world.refresh(mpid, ("a", "b")) for mpid in MPIDS)
    world.now += 60
    return world


def clear(world: World) -> Progress:
    now = world.now
    return world.seeding(OneRun(), known_until=now, clears=True).run(lambda: without_lists(MPIDS, now))


def items(world: World) -> set[tuple[str, ...]]:
    return {found for _, found in world.profiles.values()}


def test_every_list_is_taken_off_at_the_set_rate_and_the_next_refresh_writes_one() -> None:
    world = world_with_lists()
    assert items(world) == {("a", "b")}

    assert clear(world).counts == {"written": 300}
    assert items(world) == {()}
    assert world.most_within(60) <= 61 * 54 + 200
    # No digest: a list that equals the one before is not taken for unchanged.
    assert {state.digest for state in world.states().read(MPIDS, world.now + 60).values()} == {""}
    assert world.refresh(-1, ("a", "b"))
    assert world.profiles[-1][1] == ("a", "b")


def test_a_second_run_takes_off_what_there_is_again() -> None:
    world = world_with_lists()
    clear(world)
    world.now += 60
    assert world.refresh(-7, ("c",))
    world.now += 60

    assert clear(world).counts == {"written": 300}
    assert items(world) == {()}


def test_an_erased_user_is_not_written_to_and_a_list_that_came_meanwhile_stays() -> None:
    world = world_with_lists()
    world.erase({-5})
    now = world.now
    world.now += 60
    assert world.refresh(-9, ("new",))
    done = world.seeding(OneRun(), known_until=now, clears=True).run(lambda: without_lists(MPIDS, now))

    assert done.counts == {"written": 298, "suppressed": 1, "newer_list": 1}
    assert world.profiles[-5][1] == ("a", "b")
    assert world.profiles[-9][1] == ("new",)
