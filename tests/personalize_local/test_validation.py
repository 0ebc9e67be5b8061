"""Every request is checked against botocore's service model, upper bounds included."""

import json
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from hypothesis import given
from hypothesis import strategies as st

from personalize_local.wire.validation import LATEST_SECOND, compile_shape, python_pattern
from tests.personalize_local.world import API, OPERATIONS, Refused, World

EVENT: dict[str, Any] = {"eventType": "view", "sentAt": 1_790_000_000}
ARN = "arn:aws:personalize:us-east-1:123456789012:campaign/shop"


def put(**changes: Any) -> dict[str, Any]:
    return {"trackingId": "t", "sessionId": "s", "userId": "u", "eventList": [EVENT], **changes}


def put_event(**changes: Any) -> dict[str, Any]:
    return put(eventList=[EVENT, {**EVENT, **changes}])


TOO_LONG = "length less than or equal to"
TOO_SHORT = "length greater than or equal to"
INVALID = [
    ("PutEvents", put(trackingId=None), "trackingId", "must not be null"),
    ("PutEvents", {}, "sessionId", "must not be null"),
    ("PutEvents", put(sessionId=""), "sessionId", f"{TOO_SHORT} 1"),
    ("PutEvents", put(userId="u" * 257), "userId", f"{TOO_LONG} 256"),
    ("PutEvents", put(eventList=[]), "eventList", f"{TOO_SHORT} 1"),
    ("PutEvents", put(eventList=[EVENT] * 11), "eventList", f"{TOO_LONG} 10"),
    ("PutEvents", put(colour="red"), "colour", "Unknown member"),
    ("PutEvents", put_event(colour="red"), "eventList.2.member.colour", "Unknown member"),
    ("PutEvents", put_event(sentAt=None), "eventList.2.member.sentAt", "must not be null"),
    ("PutEvents", put_event(sentAt=1_790_000_000_000), "eventList.2.member.sentAt", "epoch seconds"),
    ("PutEvents", put_event(eventType="v" * 257), "eventList.2.member.eventType", f"{TOO_LONG} 256"),
    ("PutEvents", put_event(eventId="v" * 257), "eventList.2.member.eventId", f"{TOO_LONG} 256"),
    ("PutEvents", put_event(itemId="v" * 257), "eventList.2.member.itemId", f"{TOO_LONG} 256"),
    ("PutEvents", put_event(itemId=""), "eventList.2.member.itemId", f"{TOO_SHORT} 1"),
    ("PutEvents", put_event(recommendationId="r" * 41), "eventList.2.member.recommendationId", f"{TOO_LONG} 40"),
    ("PutEvents", put_event(impression=["i"] * 26), "eventList.2.member.impression", f"{TOO_LONG} 25"),
    ("PutEvents", put_event(impression=["i", ""]), "eventList.2.member.impression.2.member", f"{TOO_SHORT} 1"),
    ("PutEvents", put_event(properties="{}" + " " * 1023), "eventList.2.member.properties", f"{TOO_LONG} 1024"),
    ("PutEvents", put_event(properties=""), "eventList.2.member.properties", f"{TOO_SHORT} 1"),
    (
        "PutEvents",
        put_event(metricAttribution={"eventAttributionSource": "é"}),
        "eventList.2.member.metricAttribution.eventAttributionSource",
        "regular expression",
    ),
    ("GetRecommendations", {"campaignArn": "shop", "userId": "u"}, "campaignArn", "regular expression"),
    ("GetRecommendations", {"campaignArn": ARN, "userId": "u", "numResults": -1}, "numResults", "greater than"),
    ("GetRecommendations", {"campaignArn": ARN, "context": {"a" * 151: "x"}}, "context.key", f"{TOO_LONG} 150"),
    ("GetRecommendations", {"campaignArn": ARN, "context": {"a": "x" * 1001}}, "context.value", f"{TOO_LONG} 1000"),
    ("CreateDatasetGroup", {"name": "-shop"}, "name", "regular expression"),
    ("CreateDatasetGroup", {"name": "shop\n"}, "name", "regular expression"),
    ("CreateDatasetGroup", {"name": "s" * 64}, "name", f"{TOO_LONG} 63"),
    ("CreateDatasetGroup", {"name": "s", "domain": "GROCERY"}, "domain", "enum"),
    ("CreateDatasetGroup", {"name": "s", "roleArn": "role"}, "roleArn", "regular expression"),
    (
        "CreateDatasetGroup",
        {"name": "s", "tags": [{"tagKey": "é", "tagValue": "\x07"}]},
        "tags.1.member.tagValue",
        "regular expression",
    ),
    ("ListSchemas", {"maxResults": 101}, "maxResults", "less than or equal to 100"),
    ("ListSchemas", {"nextToken": "é"}, "nextToken", "regular expression"),
    (
        "CreateSolution",
        {"name": "s", "datasetGroupArn": ARN, "solutionConfig": {"eventsConfig": {"eventParametersList": [{}] * 11}}},
        "solutionConfig.eventsConfig.eventParametersList",
        f"{TOO_LONG} 10",
    ),
    (
        "CreateSolution",
        {
            "name": "s",
            "datasetGroupArn": ARN,
            "solutionConfig": {"eventsConfig": {"eventParametersList": [{"weight": 1.5}]}},
        },
        "solutionConfig.eventsConfig.eventParametersList.1.member.weight",
        "less than or equal to 1",
    ),
]


@pytest.mark.parametrize(("operation", "request_", "path", "constraint"), INVALID)
def test_an_unmet_constraint_is_an_invalid_input_that_says_where(
    operation: str, request_: dict[str, Any], path: str, constraint: str
) -> None:
    with pytest.raises(Refused) as refused:
        World().call(operation, **request_)
    assert (refused.value.status, refused.value.code) == (400, "InvalidInputException")
    assert f"'{path}'" in refused.value.message
    assert constraint in refused.value.message


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"\xff\xfe\xfd",
        b'{"trackingId": 1, "sessionId": "s", "eventList": []}',
        b'{"trackingId": "t", "sessionId": "s", "eventList": {}}',
        b'{"trackingId": "t", "sessionId": "s", "eventList": ["e"]}',
        b'{"trackingId": "t", "sessionId": "\\ud800", "eventList": []}',
        b'{"trackingId": "t", "sessionId": "s", "eventList": [{"eventType": "v", "sentAt": "2026-11-21"}]}',
        b'{"trackingId": "t", "sessionId": "s", "eventList": [{"eventType": "v", "sentAt": true}]}',
        b'{"trackingId": "t", "sessionId": "s", "eventList": [{"eventType": "v", "sentAt": 1, "eventValue": NaN}]}',
        b'{"trackingId": "t", "sessionId": "s", "eventList": [{"eventType": "v", "sentAt": 1, "eventValue": 1e999}]}',
        b'{"trackingId": "t", "sessionId": "s", "eventList": [{"eventType": "v", "sentAt": 1, "properties": {}}]}',
        b"[" * 100_000,
    ],
)
def test_a_body_of_the_wrong_form_is_a_serialization_error(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        World().post("PutEvents", body)
    assert (refused.value.status, refused.value.code) == (400, "SerializationException")


def test_every_unmet_constraint_is_told_at_once_and_no_value_is_repeated() -> None:
    with pytest.raises(Refused) as refused:
        World().call("PutEvents", **put(userId="secret" * 100, sessionId="", eventList=[EVENT] * 11))
    assert refused.value.message.startswith("3 validation errors detected: ")
    assert "secret" not in refused.value.message


def test_the_largest_allowed_values_reach_the_service() -> None:
    event = {
        "eventType": "v" * 256,
        "eventId": "é" * 256,
        "itemId": "i" * 256,
        "sentAt": 1_790_000_000,
        "eventValue": 12.5,
        "properties": "{" + " " * 1022 + "}",
        "recommendationId": "r" * 40,
        "impression": ["i" * 256] * 25,
        "metricAttribution": {"eventAttributionSource": "~" * 1024},
    }
    world = World()
    tracking = world.ready_to_collect()
    world.call("PutEvents", trackingId=tracking, sessionId="s" * 256, userId="u" * 256, eventList=[event] * 10)
    assert world.counts()["accepted"] == 10


def test_the_checks_of_all_operations_compile_with_every_pattern_translated() -> None:
    assert len(OPERATIONS) == len(API.by_target) + len(API.by_path) == 79
    for operation in OPERATIONS.values():
        for shape in (operation.input_shape, operation.output_shape):
            if shape is not None:
                compile_shape(shape)([] if shape.type_name == "list" else {}, "", [])


def test_javas_letters_and_separators_are_translated() -> None:
    tag = python_pattern(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$")
    assert tag.fullmatch("Größe Ⅷ\u2003東京-1@x")
    assert not tag.fullmatch("a\tb")
    assert not tag.fullmatch("a;b")


def valid(shape: Shape) -> st.SearchStrategy[Any]:
    """Return values that lie within the bounds of a shape without patterns."""
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 40)
    if isinstance(shape, StructureShape):
        members = {name: valid(member) for name, member in shape.members.items()}
        required = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    if isinstance(shape, ListShape):
        return st.lists(valid(shape.member), min_size=least, max_size=most)
    if isinstance(shape, MapShape):
        return st.dictionaries(valid(shape.key), valid(shape.value), max_size=5)
    if isinstance(shape, StringShape):
        return st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=max(least, 1), max_size=most)
    return st.integers(0, LATEST_SECOND) if shape.type_name == "timestamp" else st.floats(-1e6, 1e6)


@given(valid(OPERATIONS["PutEvents"].input_shape))
def test_whatever_the_model_allows_passes_the_checks_and_one_event_too_many_does_not(request: dict[str, Any]) -> None:
    problems: list[str] = []
    check = compile_shape(OPERATIONS["PutEvents"].input_shape)
    check(json.loads(json.dumps(request)), "", problems)
    assert problems == []
    check({**request, "eventList": request["eventList"][:1] * 11}, "", problems)
    assert len(problems) == 1
