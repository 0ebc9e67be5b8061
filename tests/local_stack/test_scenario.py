"""What a play is judged by: purchases with a list, and what Personalize had of their customers before."""

from typing import Any

from local_stack.items4u.client import PlayedSession
from local_stack.items4u.sessions import Session, Shop
from local_stack.list_quality import Purchase
from local_stack.scenario import judged_purchases

BEGAN = 1_790_000_000
BUYING = next(session for session in Shop(1, 60).sessions() if session.purchased_items)
BROWSING = next(session for session in Shop(1, 60).sessions() if not session.purchased_items)


def played(session: Session = BUYING, recommended: tuple[str, ...] = ("a", "b")) -> PlayedSession:
    return PlayedSession(session, -5, recommended, ("a", "b", "c"), BEGAN, batches=2, interactions=3)


def accepted(item: str, seconds_before: int, *, user: str = "-5", event_id: str = "") -> dict[str, Any]:
    event = {"eventId": event_id or f"{item}{seconds_before}", "eventType": "view_detail", "userId": user}
    return event | {"itemId": item, "sentAt": BEGAN - seconds_before}


def test_a_history_is_the_customers_own_from_before_the_visit_oldest_first() -> None:
    events = [
        accepted("late", 1),
        accepted("early", 50),
        accepted("of another", 20, user="6"),
        accepted("of this visit", 0),
        accepted("of the next one", -9),
        accepted("early", 10),
    ]
    (purchase,) = judged_purchases([played()], events)
    assert purchase == Purchase(
        "-5", ("a", "b"), BUYING.purchased_items, ["early", "early", "late"], ranked=("a", "b", "c")
    )


def test_an_event_that_was_delivered_twice_is_one_interaction() -> None:
    events = [accepted("hat", 9, event_id="1"), accepted("hat", 9, event_id="1"), accepted("hat", 9, event_id="2")]
    (purchase,) = judged_purchases([played()], events)
    assert purchase.history == ["hat", "hat"]


def test_a_customer_of_whom_nothing_is_known_has_an_empty_history() -> None:
    (purchase,) = judged_purchases([played()], [accepted("hat", 9, user="6")])
    assert purchase.history == []


def test_visits_without_a_list_or_a_purchase_are_not_judged() -> None:
    assert judged_purchases([played(recommended=()), played(BROWSING)], []) == []
