"""Interactions and their packing: ids that repeat when they should, amounts, PutEvents' limits."""

import json
from typing import Any

import pytest
from broker.batch import Batch, decode
from broker.interactions import Interaction, Rules, extract, pack, put_events_request, unique

from tests.broker.lambda_events import MPID, batch, product_event
from tests.broker.stubs import NOW

ARRIVED_MS = int(NOW * 1000)


def read(document: Any, arrived_ms: int = ARRIVED_MS) -> Batch:
    [found] = decode(json.dumps(document).encode(), arrived_ms)
    assert isinstance(found, Batch)
    return found


def lines(document: Any, rules: Rules | None = None, arrived_ms: int = ARRIVED_MS) -> list[Interaction]:
    return extract(read(document, arrived_ms), rules or Rules())[0]


def skipped(document: Any, rules: Rules | None = None) -> dict[str, int]:
    return dict(extract(read(document), rules or Rules())[1])


def ids(document: Any, arrived_ms: int = ARRIVED_MS) -> list[str]:
    return [line.event_id for line in lines(document, arrived_ms=arrived_ms)]


def line(user: str = "u", session: str = "s", at: int = 0, name: str = "") -> Interaction:
    return Interaction(name or f"{user}{session}{at}", "View", "item", user, session, at * 1000, "view_detail")


def places(requests: list[list[Interaction]]) -> list[str]:
    return [" ".join(one.event_id for one in request) for request in requests]


def test_an_id_is_the_same_whenever_and_beside_whatever_the_event_arrives() -> None:
    event = product_event(items=["socks", "hat"], event_id="-77")
    alone, later = ids(batch(event)), ids(batch(product_event("refund"), event), ARRIVED_MS + 86_000_000)
    assert alone == later
    assert [own.rsplit("-", 2)[:2] for own in alone] == [["-77", "0"], ["-77", "1"]]


def test_an_event_without_any_time_keeps_its_id_when_it_arrives_again() -> None:
    timeless = batch(product_event(event_id="5", timestamp_unixtime_ms=None))
    assert ids(timeless) == ids(timeless, ARRIVED_MS + 5_000)


@pytest.mark.parametrize(
    "other",
    [
        batch(product_event(event_id="5"), mpid=8),
        batch(product_event(event_id="5", at=NOW - 4)),
        batch(product_event("purchase", event_id="5")),
        batch(product_event(items=["hat"], event_id="5")),
        batch(product_event(event_id="6")),
        batch(product_event(items=["hat", "socks"], event_id="5")),
    ],
    ids=["customer", "time", "action", "item", "event id", "index"],
)
def test_an_id_differs_with_each_thing_that_makes_it(other: Any) -> None:
    assert set(ids(other)) & set(ids(batch(product_event(event_id="5")))) == set()


def test_an_id_stands_for_its_event_even_where_mparticle_gave_none() -> None:
    two = batch(product_event(), product_event(), batch_id=9, message_id="m")
    assert [own.rsplit("-", 2)[0] for own in ids(two)] == ["9-0", "9-1"]


@pytest.mark.parametrize("name", ["session_uuid", "event_id", "source_message_id"])
def test_an_id_too_long_for_put_events_is_shortened_and_stays_one_of_its_own(name: str) -> None:
    [first] = lines(batch(product_event(**{name: "x" * 5000})))
    [second] = lines(batch(product_event(**{name: "x" * 4999 + "y"})))
    assert (first.session_id, first.event_id) != (second.session_id, second.event_id)
    assert all(len(text) <= 256 for text in (first.session_id, first.event_id))


@pytest.mark.parametrize("nothing", ["", " ", "null", "undefined", "None", "0", 0, None, False, [], {}])
def test_what_languages_print_for_nothing_is_no_session(nothing: object) -> None:
    known: dict[str, Any] = {"session_uuid": nothing, "session_id": "-12"}
    assert lines(batch(product_event(**known)))[0].session_id == "-12"
    unknown = batch(product_event(session_uuid=nothing, session_id=nothing), message_id="m", batch_id=3)
    assert lines(unknown)[0].session_id == "m"
    assert lines(unknown | {"message_id": nothing})[0].session_id == "3"
    assert lines(unknown | {"message_id": nothing, "batch_id": nothing})[0].session_id == str(MPID)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"events": [], "environment": "development"}, "no_events"),
        ({"environment": "Development", "mpid": None}, "other_environment"),
        ({"mpid": 0}, "no_customer"),
        ({"mpid": " "}, "no_customer"),
        ({"mpid": "undefined"}, "no_customer"),
        ({"mpid": "0.0"}, "no_customer"),
        ({"mpid": float("nan")}, "no_customer"),
        ({"mpid": -7.346244611012969e18}, "unreadable_customer"),
        ({"mpid": "5103277684950219000.0"}, "unreadable_customer"),
        ({"mpid": 12.5}, "unreadable_customer"),
        ({"mpid": str(2**63)}, "unreadable_customer"),
        ({"mpid": "ada"}, "unreadable_customer"),
        ({"mpid": [7]}, "unreadable_customer"),
        ({"mpid": True}, "unreadable_customer"),
    ],
)
def test_a_batch_that_is_not_for_us_is_skipped_once_for_one_reason(change: Any, reason: str) -> None:
    assert skipped(batch(product_event(items=["a", "b"])) | change) == {reason: 1}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (batch(mpid="ada", environment="development"), "other_environment"),
        (batch(mpid="ada", consent_state={"ccpa": {"data_sale_opt_out": {"consented": True}}}), "no_consent"),
        (batch({"event_type": "opt_out", "data": {"is_opted_out": True}}, product_event(), mpid="ada"), "no_consent"),
        (batch({"event_type": "screen_view", "data": {}}, mpid="ada"), "other_event_type"),
        (batch(mpid="ada", events=[]), "no_events"),
    ],
)
def test_a_batch_of_an_unreadable_customer_is_kept_only_where_it_would_be_reported(document: Any, reason: str) -> None:
    assert skipped(document) == {reason: 1}


@pytest.mark.parametrize("mpid", [17850, 17850.0, "17850", "17850.0", 2**53 - 1, float(2**53 - 1)])
def test_a_whole_customer_id_is_read_with_and_without_a_fraction(mpid: Any) -> None:
    assert {line.user_id for line in lines(batch(mpid=mpid))} == {str(int(float(mpid)))}


def test_what_is_left_out_is_counted_by_product_line_where_there_are_any() -> None:
    document = batch(
        product_event("refund", items=["a", "b", "c"]),
        product_event("checkout", items=[]),
        product_event(items=[{"id": None}, {"id": " "}, {}, "x" * 257, 7, "kept"]),
        product_event(product_action=None),
        {"event_type": "screen_view", "data": {}},
        {"event_type": "custom_event", "data": {"event_name": "Recommendations Updated"}},
        {"event_type": "commerce_event"},
    )
    assert [line.item_id for line in lines(document)] == ["kept"]
    reasons = {"other_action": 5, "no_item_id": 3, "bad_event": 3, "other_event_type": 1, "own_write_back": 1}
    assert skipped(document) == reasons


def test_an_action_is_renamed_for_personalize_and_keeps_mparticles_name_for_us() -> None:
    rules = Rules(event_types={"view_detail": "View", "click": "Click"})
    document = batch(product_event(), product_event("purchase"))
    assert [(line.action, line.event_type) for line in lines(document, rules)] == [("view_detail", "View")]
    assert ids(document)[0] != lines(document, rules)[0].event_id, "a wrong name can be put right by a rewind"


@pytest.mark.parametrize(
    ("product", "amount"),
    [
        ({"total_product_amount": 12.5}, 12.5),
        ({"total_product_amount": "12.50", "price": 1, "quantity": 1}, 12.5),
        ({"total_product_amount": 0, "price": 1, "quantity": 1}, 0.0),
        ({"total_product_amount": -3}, -3.0),
        ({"total_product_amount": "", "price": "2.5", "quantity": "4"}, 10.0),
        ({"price": 3.4e38, "quantity": 10}, None),
        ({"price": 5}, None),
        ({"total_product_amount": "NaN"}, None),
        ({"total_product_amount": float("nan")}, None),
        ({"total_product_amount": float("inf")}, None),
        ({"total_product_amount": "-Infinity"}, None),
        ({"total_product_amount": 3.5e38}, None),
        ({"total_product_amount": 10**400}, None),
        ({"total_product_amount": True}, None),
        ({"total_product_amount": [1]}, None),
        ({"total_product_amount": "12,50"}, None),
    ],
)
def test_an_amount_is_a_finite_32_bit_float_or_not_sent(product: Any, amount: float | None) -> None:
    document = batch(product_event(items=[{"id": "socks"} | product]))
    [sent] = [line.as_event() for line in lines(document)]
    assert sent.get("eventValue") == amount
    assert ("eventValue" in sent) == (amount is not None)
    assert "eventValue" not in lines(document, Rules(event_value=False))[0].as_event()


@pytest.mark.parametrize(
    ("item", "sent"), [("x" * 256, "x" * 256), (12, "12"), (0, "0"), ("Größe 40 👟", "Größe 40 👟")]
)
def test_an_item_id_is_sent_as_it_is_up_to_256_characters(item: Any, sent: str) -> None:
    assert [line.item_id for line in lines(batch(product_event(items=[{"id": item}])))] == [sent]


def test_a_time_is_sent_in_whole_seconds_cut_not_rounded() -> None:
    [one] = lines(batch(product_event(timestamp_unixtime_ms=1_700_000_000_999)))
    assert one.as_event()["sentAt"] == 1_700_000_000


def test_a_request_holds_at_most_ten_of_one_customer_and_session_in_time_order() -> None:
    mixed = [line(user, session, at) for at in range(12, 0, -1) for user in "ab" for session in "xy"]
    requests = pack(mixed)
    assert sorted(len(request) for request in requests) == [2, 2, 2, 2, 10, 10, 10, 10]
    for request in requests:
        assert len({(one.user_id, one.session_id) for one in request}) == 1
        assert [one.time_ms for one in request] == sorted(one.time_ms for one in request)
    assert sorted(one.event_id for request in requests for one in request) == sorted(one.event_id for one in mixed)


def test_the_earlier_ten_of_a_session_go_before_the_later_ones_whatever_came_first() -> None:
    requests = pack([line(at=at) for at in (*range(11, 21), *range(1, 11))])
    assert sorted([[one.time_ms // 1000 for one in request] for request in requests]) == [
        list(range(1, 11)),
        list(range(11, 21)),
    ]


def test_requests_stand_in_the_order_of_their_oldest_record() -> None:
    stream = [
        line("a", at=5, name="1"),
        line("b", at=1, name="2"),
        line("c", at=0, name="3"),
        line("a", at=9, name="4"),
    ]
    assert places(pack(stream)) == ["1 4", "2", "3"]
    assert places(pack(stream[::-1])) == ["1 4", "3", "2"]


def test_events_of_one_moment_stay_in_the_order_of_the_stream() -> None:
    assert places(pack([line(name=name) for name in "cab"])) == ["c a b"]


def test_nothing_packs_into_no_request() -> None:
    assert pack([]) == []


def test_a_request_names_tracker_customer_and_session_once() -> None:
    [request] = pack(lines(batch(product_event(items=["a", "b"], session_uuid="s"))))
    sent = put_events_request(request, "tracker")
    assert [sent.pop(name) for name in ("trackingId", "userId", "sessionId")] == ["tracker", str(MPID), "s"]
    assert [event["itemId"] for event in sent.pop("eventList")] == ["a", "b"]
    assert sent == {}


def test_of_a_repeated_id_the_first_is_kept() -> None:
    first, repeat, other = line("a", name="1"), line("b", name="1"), line("c", name="2")
    assert unique([first, repeat, other]) == [first, other]
