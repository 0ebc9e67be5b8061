"""What is shown and written: lists, uploads that mParticle's own schema accepts, requests within its limits."""

import json
import uuid
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from broker.profile import bulk_body, upload
from broker.recommendations import Recommendations, digest, get_recommendations_request, is_changed, recommendations
from broker.users import UserToRefresh, user_from_body

from tests.broker.lambda_events import MPID
from tests.broker.stubs import NOW

NOW_MS = int(NOW * 1000)
ARN = "arn:aws:personalize:us-east-1:123456789012:campaign/c"
CLAIM = (MPID, "production", 3)
LONG = [chr(0x1F45F) * 60 + f"{number:03}" for number in range(500)]  # 12 bytes a character as JSON


def listed(*items: Any, recommendation_id: str | None = "rec-1") -> Recommendations:
    response = {"itemList": [{"itemId": item, "score": 0.5} for item in items], "recommendationId": recommendation_id}
    return recommendations(response, NOW)


def written(new: Recommendations, claim: tuple[int, str, int] = CLAIM, *, with_event: bool = True) -> dict[str, Any]:
    batch: dict[str, Any] = json.loads(upload(*claim, new, NOW_MS, with_event=with_event).body)
    return batch


@pytest.mark.parametrize(
    ("response", "items"),
    [
        ({"itemList": [{"itemId": "b"}, {"itemId": "a"}]}, ("b", "a")),
        ({"itemList": [{"itemId": "b"}, {"itemId": "a"}, {"itemId": "b"}]}, ("b", "a")),
        ({"itemList": [{"itemId": ""}, {"itemId": None}, {}, {"itemId": "x" * 513}, {"itemId": "a"}]}, ("a",)),
        ({"itemList": []}, ()),
        ({"itemList": None}, ()),
        ({}, ()),
    ],
)
def test_a_list_is_the_campaigns_items_in_rank_order_each_once(response: Any, items: tuple[str, ...]) -> None:
    assert recommendations(response, NOW).items == items


def test_a_list_holds_as_many_items_as_a_profile_can() -> None:
    assert listed(*map(str, range(1500))).items == tuple(map(str, range(1000)))
    assert 0 < len(json.dumps(listed(*LONG).items)) <= 76_000
    assert listed(*LONG).items == tuple(LONG[: len(listed(*LONG).items)]), "the best, without gaps"


@pytest.mark.parametrize(
    ("new", "on_profile", "news"),
    [
        (("a", "b"), ("a", "b"), False),
        (("a", "b"), ("b", "a"), True),
        (("a", "b"), ("a",), True),
        (("a",), None, True),
        (("a",), (), True),
        ((), ("a",), False),
        ((), None, False),
    ],
)
def test_a_list_is_news_unless_it_is_empty_or_the_one_on_the_profile(new: Any, on_profile: Any, news: bool) -> None:
    assert is_changed(listed(*new), None if on_profile is None else digest(on_profile)) is news


def test_the_campaign_is_asked_with_the_customer_as_text_and_a_filter_only_where_there_is_one() -> None:
    asked = {"campaignArn": ARN, "userId": str(MPID), "numResults": 10}
    assert get_recommendations_request(MPID, ARN, None, 10) == asked
    assert get_recommendations_request(MPID, ARN, "filter", 10) == asked | {"filterArn": "filter"}


@pytest.mark.parametrize("with_event", [True, False])
@pytest.mark.parametrize("environment", ["production", "development"])
@pytest.mark.parametrize("items", [["socks", "hat"], ["Größe 40 👟", 'a"\\,b'], LONG], ids=["plain", "odd", "long"])
def test_mparticles_own_schema_accepts_what_is_written(
    test_data: Path, items: list[str], environment: str, with_event: bool
) -> None:
    schema = json.loads((test_data / "mparticle" / "schema.mparticle.inbound.eventsapi.json").read_bytes())
    claim = (-(2**63), environment, 1)
    batch = written(listed(*items), claim, with_event=with_event)
    jsonschema.Draft7Validator(schema).validate(batch)
    assert batch["environment"] == environment
    assert ("events" in batch) is with_event


def test_a_profile_gets_the_list_its_id_and_one_event() -> None:
    batch = written(listed("b", "a"))
    assert batch["user_attributes"] == {"product_recs": ["b", "a"], "product_recs_id": "rec-1"}
    [event] = batch["events"]
    assert event["event_type"] == "custom_event"
    assert event["data"]["event_name"] == "Recommendations Updated"
    assert event["data"]["custom_attributes"] == {"product_recs": "b,a", "product_recs_id": "rec-1"}
    assert event["data"]["timestamp_unixtime_ms"] == NOW_MS
    without_id = written(listed("a", recommendation_id=None))
    assert "product_recs_id" not in json.dumps(without_id | {"deleted_user_attributes": []})


def test_a_list_without_an_id_takes_the_id_of_the_list_before_off_the_profile() -> None:
    assert written(listed("a", recommendation_id=None), with_event=False)["deleted_user_attributes"] == [
        "product_recs_id"
    ]
    assert "deleted_user_attributes" not in written(listed("a"))


def with_columns(*entries: tuple[str, dict[str, Any] | None], columns: tuple[str, ...] = ("NAME",)) -> Recommendations:
    """Return a list whose answer has these items, each with its metadata."""
    listed = [{"itemId": item} | ({} if metadata is None else {"metadata": metadata}) for item, metadata in entries]
    return recommendations({"itemList": listed, "recommendationId": "rec-1"}, NOW, columns)


def test_columns_are_asked_for_by_their_names_and_stand_beside_the_list() -> None:
    request = get_recommendations_request(MPID, ARN, None, 10, ("NAME", "UNIT_PRICE"))
    assert request["metadataColumns"] == {"ITEMS": ["NAME", "UNIT_PRICE"]}
    answer = ("b", {"NAME": "Brass, lamp", "unitPrice": "12.5"}), ("a", {"name": "Vase"}), ("c", None)
    new = with_columns(*answer, columns=("NAME", "UNIT_PRICE"))
    batch = json.loads(upload(*CLAIM, new, NOW_MS, with_event=True, columns=("NAME", "UNIT_PRICE")).body)
    assert batch["user_attributes"] == {
        "product_recs": ["b", "a", "c"],
        "product_recs_id": "rec-1",
        "product_recs_name": ["Brass, lamp", "Vase", ""],
        "product_recs_unit_price": ["12.5", "", ""],
    }
    assert "deleted_user_attributes" not in batch
    assert batch["events"][0]["data"]["custom_attributes"].keys() == {"product_recs", "product_recs_id"}


def test_a_list_without_columns_takes_those_of_the_list_before_off_the_profile() -> None:
    batch = json.loads(upload(*CLAIM, listed("a"), NOW_MS, with_event=False, columns=("NAME", "PRICE")).body)
    assert batch["deleted_user_attributes"] == ["product_recs_name", "product_recs_price"]
    nothing = json.loads(
        upload(*CLAIM, Recommendations((), None, NOW), NOW_MS, with_event=False, columns=("NAME",)).body
    )
    assert nothing["deleted_user_attributes"] == ["product_recs", "product_recs_id", "product_recs_name"]


def test_a_list_with_columns_keeps_within_a_batch_and_an_entry_within_512_characters() -> None:
    long = with_columns(*((item, {"NAME": chr(0x1F45F) * 600}) for item in LONG))
    assert 0 < len(long.items) < len(listed(*LONG).items)
    assert long.items == tuple(LONG[: len(long.items)]), "the best, without gaps"
    assert {len(name) for name in long.columns[0]} == {512}
    assert len(upload(*CLAIM, long, NOW_MS, with_event=True, columns=("NAME",)).body) <= 128_000


def test_a_column_does_not_change_whether_a_list_is_new() -> None:
    assert with_columns(("a", {"NAME": "Vase"})).digest == listed("a").digest


def test_a_customers_id_stays_exact_and_an_integer() -> None:
    body = upload(*CLAIM, listed("a"), NOW_MS, with_event=True).body
    assert b'"mpid":-7346244611012968789,' in body


def test_an_events_attribute_holds_whole_items_up_to_4096_characters() -> None:
    for items in (["x" * 2047, "y" * 2048, "z"], ["x" * 2047, "y" * 2049], ["x" * 500] * 9):
        new = Recommendations(tuple(items), None, NOW)
        joined = written(new)["events"][0]["data"]["custom_attributes"]["product_recs"]
        assert len(joined) <= 4096
        kept = joined.split(",")
        assert kept == items[: len(kept)]
        assert len(",".join(items[: len(kept) + 1])) > 4096, "and as many as fit"


def test_the_longest_list_that_a_campaign_can_give_still_fits_one_batch() -> None:
    assert len(upload(*CLAIM, listed(*LONG), NOW_MS, with_event=True).body) <= 128_000


def test_a_retry_has_the_same_ids_and_a_refresh_that_says_something_new_has_others() -> None:
    def ids(claim: tuple[int, str, int], new: Recommendations, now_ms: int = NOW_MS) -> tuple[str, str]:
        batch = json.loads(upload(*claim, new, now_ms, with_event=True).body)
        return batch["source_request_id"], batch["events"][0]["data"]["source_message_id"]

    first = ids(CLAIM, listed("a", "b"))
    assert ids(CLAIM, listed("a", "b", recommendation_id="rec-2"), NOW_MS + 9) == first
    others = [
        ids(CLAIM, listed("b", "a")),
        ids((MPID, "production", 4), listed("a", "b")),
        ids((MPID + 1, "production", 3), listed("a", "b")),
    ]
    assert len({request for request, _ in (first, *others)}) == 4
    assert len({message for _, message in (first, *others)}) == 4
    assert str(uuid.UUID(first[1])) == first[1]


def test_a_request_is_the_array_of_its_batches() -> None:
    uploads = [
        upload(*CLAIM, listed("a"), NOW_MS, with_event=False),
        upload(*CLAIM, listed("b"), NOW_MS, with_event=True),
    ]
    assert json.loads(bulk_body(uploads)) == [json.loads(one.body) for one in uploads]


@pytest.mark.parametrize("known", [None, (), ("b", "a"), ("Größe 40 👟", "\ud83d")])
def test_a_message_says_on_the_other_side_what_it_said_here(known: Any) -> None:
    user = UserToRefresh(-(2**63), "development", None if known is None else digest(known), "4959", 17)
    assert user_from_body(user.as_body()) == user
    assert user.as_body().isascii()


def test_a_message_is_small_and_knows_the_longest_list() -> None:
    longest = [f"{number:064}" for number in range(1000)]
    user = UserToRefresh(-(2**63), "development", digest(longest), "9" * 129, NOW_MS)
    assert len(user.as_body()) < 400
    told = user_from_body(user.as_body()).list_digest
    assert not is_changed(listed(*longest), told)
    assert is_changed(listed(*longest[:-1]), told)
    assert is_changed(listed(*longest[1:], longest[0]), told)


@pytest.mark.parametrize(("known", "news"), [(["a"], False), (["b"], True), (None, True), ("a", True), ([1], True)])
def test_a_message_from_before_an_upgrade_has_the_list_itself(known: Any, news: bool) -> None:
    told = user_from_body(json.dumps(GOOD | {"recommendations": known}))
    assert is_changed(listed("a"), told.list_digest) is news


@pytest.mark.parametrize("known", [7, ["a"], {}, True])
def test_a_digest_of_another_type_says_nothing(known: Any) -> None:
    assert user_from_body(json.dumps(GOOD | {"list_digest": known})).list_digest is None


GOOD: dict[str, Any] = {"mpid": 5, "environment": "production", "sequence_number": "1", "event_ms": 2}
INCOMPLETE = [{name: value for name, value in GOOD.items() if name != left_out} for left_out in GOOD]
WRONG: list[dict[str, Any]] = [
    {"mpid": 0},
    {"mpid": 5.0},
    {"mpid": 2**63},
    {"environment": "staging"},
    {"environment": ["production"]},
    {"sequence_number": 1},
]


@pytest.mark.parametrize(
    "body",
    ["", "hello", "[]", "7", *map(json.dumps, INCOMPLETE), *(json.dumps(GOOD | wrong) for wrong in WRONG)],
)
def test_a_body_that_is_none_of_our_messages_is_a_value_error(body: str) -> None:
    assert user_from_body(json.dumps(GOOD)).mpid == 5
    with pytest.raises(ValueError):  # noqa: PT011 - its text is for nobody
        user_from_body(body)
