"""A million users are seeded in virtual time, killed and resumed: each once, none erased, none without consent."""

import random
from pathlib import Path

import pytest
from broker.interactions import Rules
from broker.recommendations import recommendations

from personalize_data.consent import Consent
from personalize_data.plan import Source
from seeding import customers
from seeding.lists import SeedList
from tests.broker.stubs import NOW
from tests.draws import draws
from tests.seeding.world import DAY, KNOWN_UNTIL, World

CUSTOMERS = draws(1_000_000, 100_000)
SHARE, QUOTA = 0.2, 270
RATE = SHARE * QUOTA
ACTIVE_DAYS = 30
FIRST = -9_223_372_036_854_775_000  # ids of 64 bits, which no float holds
# By the last digit of a customer's number: their rows, each days ago with an answer, and whether they get a list.
KINDS = {
    0: ([(3, "false")], False),
    1: ([(3, "")], False),
    2: ([(ACTIVE_DAYS + 1, "true")], False),
    3: ([(9, "true"), (2, "false")], False),
    4: ([(9, "false"), (2, "true")], True),
    5: ([(2, "true"), (2, "no")], False),
}
OTHERS = ([(4, "true")], True)


def kind(number: int) -> tuple[list[tuple[int, str]], bool]:
    return KINDS.get(number % 10, OTHERS)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seed") / "customers.csv"
    with path.open("w") as file:
        file.write("id,last_seen,agreed\n")
        for number in range(CUSTOMERS):
            file.writelines(f"{FIRST + number},{int(NOW - days * DAY)},{answer}\n" for days, answer in kind(number)[0])
    return path


def test_each_gets_a_list_once_none_who_is_erased_and_none_without_consent(table: Path) -> None:
    rng = random.Random(5)
    world = World(RATE)
    expected = {FIRST + number for number in range(CUSTOMERS) if kind(number)[1]}
    everybody = sorted(expected)
    erased = set(rng.sample(everybody, len(expected) // 100))
    world.erase(erased)
    columns = customers.Columns("id", "last_seen", consent=Consent("agreed"))
    activity = customers.read([Source("f", table, "f")], columns, Rules(consent_purpose="recs"), NOW)
    chosen, left_out = customers.choose(
        activity, NOW - ACTIVE_DAYS * DAY, lambda mpid: "suppressed" if mpid in erased else None
    )
    assert set(chosen) == expected - erased
    assert left_out == {
        "no_consent": 3 * CUSTOMERS // 10,
        "consent_unknown": CUSTOMERS // 10,
        "inactive": CUSTOMERS // 10,
        "suppressed": len(erased),
    }

    some = [
        recommendations({"itemList": [{"itemId": f"item-{shelf + rank}"} for rank in range(10)]}, KNOWN_UNTIL)
        for shelf in range(997)
    ]

    # Of those erased, too, as if they were erased while the job ran.
    answers = [SeedList(mpid, some[mpid % len(some)]) for mpid in everybody]

    refreshed: set[int] = set()
    erased_later = set(rng.sample(chosen, 200))
    acting = rng.sample(chosen, len(chosen) // 50)
    half = NOW + 0.5 * len(chosen) / RATE

    def meanwhile() -> None:
        if acting and rng.random() < 0.1 and world.refresh(acting[-1], ("newest",)):
            refreshed.add(acting.pop())
        if world.now > half and len(world.suppressed) == len(erased):
            world.erase(erased_later)

    world.between = meanwhile
    deaths = tuple(rng.randrange(5, len(expected) // 400) for _ in range(12))
    done = world.run(lambda: iter(answers), deaths)

    unwritten = {mpid for mpid in chosen if mpid not in world.taken}
    assert set(world.taken.values()) == {1}, "each once"
    assert world.taken.keys() <= set(chosen), "none erased, none without consent"
    assert unwritten <= refreshed | erased_later, "nobody is forgotten"
    assert 50 < len(unwritten & erased_later) < 150, "who is erased meanwhile gets none from then on"
    assert {mpid for mpid in refreshed if world.profiles[mpid][1] != ("newest",)} == set(), "the newest list wins"
    assert len(refreshed & unwritten) > 10
    assert len(refreshed - unwritten) > 10

    assert (done.done, done.open) == (len(expected), {})
    assert done.counts["written"] == len(world.taken)
    assert done.counts["newer_list"] + done.counts["suppressed"] == len(unwritten) + len(erased)
    assert 0 < world.repeated < len(deaths) * 216, "what was under way at a death was sent again, and taken once"
    assert world.most_within(60) <= 61 * RATE + 100
    assert len(chosen) / RATE * 0.95 < world.now - NOW < len(chosen) / RATE * 1.15 + len(deaths) * 60
