"""What is next for a user, by what is in the table; and when an upload keeps its id."""

import pytest
from broker.profile_state import ProfileState

from seeding.attempts import Attempt, Step, attempt, next_step, unwritten, written
from tests.broker.stubs import NOW

KNOWN = NOW - 86_400.0
OWN = Attempt(claim=3, in_id=2)


@pytest.mark.parametrize(
    ("state", "last", "step"),
    [
        (ProfileState(), Attempt(), Step.WRITE),
        (ProfileState(3, asked_at=KNOWN - 1), Attempt(), Step.WRITE),
        (ProfileState(3, asked_at=KNOWN + 1), Attempt(), Step.NEWER),
        (ProfileState(3, asked_at=KNOWN), Attempt(), Step.NEWER),
        (ProfileState(3, asked_at=KNOWN), OWN, Step.WRITTEN),
        (ProfileState(4, asked_at=KNOWN), OWN, Step.NEWER),
        (ProfileState(3, asked_at=KNOWN + 1), OWN, Step.NEWER),
        (ProfileState(3, claimed_until=NOW + 1), Attempt(), Step.WAIT),
        (ProfileState(4, claimed_until=NOW + 1), OWN, Step.WAIT),
        (ProfileState(3, claimed_until=NOW + 1), OWN, Step.WRITE),
        (ProfileState(4, claimed_until=NOW), OWN, Step.WRITE),
        (ProfileState(4, claimed_until=NOW + 1, asked_at=KNOWN), Attempt(), Step.NEWER),
    ],
)
def test_the_newest_list_stays_and_whoever_is_refreshed_now_is_waited_for(
    state: ProfileState, last: Attempt, step: Step
) -> None:
    assert next_step(state, last, KNOWN, NOW) is step


@pytest.mark.parametrize(
    ("before", "last", "made"),
    [
        (ProfileState(), Attempt(), Attempt(1, 1)),
        (ProfileState(3), OWN, Attempt(4, 2)),
        (ProfileState(4), OWN, Attempt(5, 5)),
        (ProfileState(3), Attempt(), Attempt(4, 4)),
    ],
)
def test_an_upload_keeps_its_id_as_long_as_nobody_else_has_claimed_the_user(
    before: ProfileState, last: Attempt, made: Attempt
) -> None:
    claimed = ProfileState(before.generation + 1, claimed_until=NOW + 100)
    assert attempt(before, last, claimed) == made


def test_a_seeded_list_counts_as_no_refresh_and_holds_back_none() -> None:
    claimed = ProfileState(3, NOW + 100, KNOWN - 5, "", visit_refreshes=2, day=7, day_refreshes=4)
    assert written(claimed, KNOWN) == ProfileState(3, 0.0, KNOWN, "", 2, 7, 4)
    assert written(claimed, KNOWN, "fresh") == ProfileState(3, 0.0, KNOWN, "", 2, 7, 4, "fresh")


def test_what_was_not_sent_leaves_the_list_known_and_what_may_land_holds_the_user() -> None:
    before, claimed = ProfileState(2, digest="d"), ProfileState(3, NOW + 100, digest="d")
    assert unwritten(before, claimed, sent=False, lands_until=0.0) == ProfileState(3, 0.0, digest="d")
    assert unwritten(before, claimed, sent=True, lands_until=NOW + 9) == ProfileState(3, NOW + 9, digest="")
