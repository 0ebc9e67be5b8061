"""A user's own batches: which are held back, and what is known of a customer without those to judge by."""

import json
from typing import Any

from local_stack.user_batches import UserBatches, hold_back

NOW_MS = 1_790_000_000_000


def batch(mpid: int, minute: int, *products: dict[str, Any]) -> bytes:
    """Return a batch with one purchase, dated in minutes."""
    at = str(NOW_MS - 86_400_000 + minute * 60_000)
    data = {"event_id": f"{mpid}{minute}", "timestamp_unixtime_ms": at}
    data["product_action"] = {"action": "purchase", "products": list(products)}
    return json.dumps({"mpid": mpid, "events": [{"event_type": "commerce_event", "data": data}]}).encode()


def product(item: str, category: object = None) -> dict[str, Any]:
    return {"id": item} | ({} if category is None else {"category": category})


def held_back(*records: bytes) -> UserBatches:
    return hold_back(records, NOW_MS)


def test_a_history_has_all_but_the_record_to_judge_by_oldest_first() -> None:
    events = held_back(
        batch(7, 4, product("judged")),
        batch(7, 2, product("second"), product("third")),
        batch(7, 3, product("prompting")),
        batch(7, 1, product("first")),
        batch(8, 1, product("of another")),
    )
    assert [row.item_id for record in events.judging for row in record.rows] == ["judged"]
    assert events.histories() == {"7": ["first", "second", "third", "prompting"], "8": ["of another"]}


def test_categories_are_those_of_the_records_that_are_not_judged_by() -> None:
    events = held_back(
        batch(7, 1, product("hat", "clothes"), product("pen"), product("cup", ""), product("jar", 5)),
        batch(7, 2, product("mug", "kitchen")),
        batch(7, 3, product("pan", "judged by")),
        b"not a batch",
    )
    assert events.categories() == {"hat": "clothes", "mug": "kitchen"}


def test_an_id_that_is_a_number_has_its_category_under_the_id_that_is_sent() -> None:
    events = held_back(batch(7, 1, {"id": 17850, "category": "clothes"}))
    assert events.categories() == {"17850": "clothes"}
    assert events.histories() == {"7": ["17850"]}
