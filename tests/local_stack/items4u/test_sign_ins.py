"""What becomes of a user's history at a sign-in, by identity strategy, and what the documentation says of it."""

import itertools

from local_stack.items4u.sessions import Shop
from local_stack.items4u.sign_ins import (
    History,
    Interactions,
    figures,
    history,
    interactions,
    profile_conversion,
    profile_link,
)
from tests.real_data import ROOT

DEVICE, ANNA = 1, 2


def made(shopper: str, session: int, mpid: int, *, signed_in: bool, purchases: int = 0) -> Interactions:
    return Interactions(shopper, session, mpid, signed_in, 1, purchases)


def test_an_anonymous_interaction_is_lost_to_the_user_who_signs_in_later():
    rows = [
        made("anna", 0, DEVICE, signed_in=False),
        made("anna", 1, DEVICE, signed_in=False),
        made("anna", 1, ANNA, signed_in=True, purchases=1),
        made("ben", 2, 3, signed_in=False),
    ]
    assert history(rows) == History(total=4, lost=2, lost_in_session=1, never=1, purchases=1, without_history=1)


def test_nothing_is_lost_to_a_user_who_keeps_their_id():
    rows = [made("anna", 0, DEVICE, signed_in=False), made("anna", 0, DEVICE, signed_in=True, purchases=1)]
    assert history(rows) == History(total=2, lost=0, lost_in_session=0, never=0, purchases=1, without_history=0)


def test_a_first_interaction_is_no_loss():
    rows = [made("anna", 0, ANNA, signed_in=True, purchases=1)]
    assert history(rows) == History(total=1, lost=0, lost_in_session=0, never=0, purchases=1, without_history=0)


def test_both_strategies_count_the_same_interactions():
    sessions = list(itertools.islice(Shop(3, 100).sessions(), 200))
    link, conversion = (history(interactions(sessions, ids(3))) for ids in (profile_link, profile_conversion))
    wanted = sum(len(upload.interactions) for each in sessions for upload in each.uploads if _trains(each))
    assert link.total == conversion.total == wanted
    assert link.lost > conversion.lost > 0


def test_the_documentation_has_the_figures_of_the_shop():
    assert "\n".join(figures()) in (ROOT / "docs" / "use.md").read_text("utf-8")


def _trains(session) -> bool:
    return session.consents and session.environment == "production"
