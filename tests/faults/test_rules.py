"""Faults as JSON: what can be said, what cannot, and which requests each strikes when."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from faults.injection import NOTHING, Faults
from faults.request import Request
from faults.rules import BadRule, read_rule

PUT_EVENTS = {
    "userId": "-12",
    "sessionId": "s",
    "eventList": [{"eventId": "e1-0-abc", "itemId": "LIG-1143"}, {"eventId": "e2-0-def", "itemId": "RUG-7"}],
}


class World:
    """Faults with a clock and dice of the test's own."""

    def __init__(self, *chances: float) -> None:
        self.now = 100.0
        self._chances = list(chances)
        self.faults = Faults("here", clock=lambda: self.now, chance=lambda: self._chances.pop(0))

    def add(self, **given: Any) -> str:
        return self.faults.add([read_rule(given)])[0]

    def struck(self, operation: str = "personalize.PutEvents", document: Any = None, authorization: str = "") -> bool:
        request = Request(operation, json.dumps(document or PUT_EVENTS).encode(), authorization)
        return self.faults.decide(request).fault is not None


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("reset", "object"),
        ({}, "one of latency"),
        ({"fault": "explode"}, "one of latency"),
        ({"fault": "reset", "evry": 2}, "evry"),
        ({"fault": "reset", "chance": 1.5}, "share"),
        ({"fault": "reset", "chance": "0.5"}, "chance must be a number"),
        ({"fault": "reset", "chance": True}, "chance must be a number"),
        ({"fault": "reset", "every": 0}, "every"),
        ({"fault": "reset", "times": 1.5}, "whole"),
        ({"fault": "reset", "from": 5, "to": 5}, "later"),
        ({"fault": "unavailable", "status": 200}, "status"),
        ({"fault": "reset", "when": "never"}, "before or after"),
        ({"fault": "half-reply", "when": "before"}, "half a reply"),
        ({"fault": "invalid", "match": {"colour": "red"}}, "user, item, event, key"),
        ({"fault": "invalid", "match": {"item": []}}, "empty"),
        ({"fault": "invalid", "match": {"item": 7}}, "text"),
        ({"fault": "reset", "operation": ""}, "text"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_what_is_wrong(given: Any, word: str) -> None:
    with pytest.raises(BadRule, match=word):
        read_rule(given)


def test_what_a_fault_shows_makes_the_same_fault() -> None:
    given = {
        "fault": "hanging",
        "operation": "sqs.*",
        "match": {"user": ["-12"], "item": ["LIG-*", "RUG-*"]},
        "chance": 0.5,
        "every": 3,
        "times": 4,
        "from": 1.0,
        "to": 9.0,
        "when": "after",
        "seconds": 2.0,
        "status": 500,
        "retry_after": 7,
    }
    assert read_rule(given).as_json() == given


@pytest.mark.parametrize(
    ("match", "struck"),
    [
        ({}, True),
        ({"user": "-12"}, True),
        ({"user": "-1"}, False),
        ({"user": "-1*"}, True),
        ({"item": "RUG-7"}, True),
        ({"item": ["NO", "LIG-*"]}, True),
        ({"item": "NO"}, False),
        ({"event": "e2-*"}, True),
        ({"event": "e3-*"}, False),
        ({"user": "-12", "item": "NO"}, False),
        ({"item": "-12"}, False),
    ],
)
def test_a_fault_strikes_requests_that_name_what_it_matches(match: dict[str, Any], struck: bool) -> None:
    world = World()
    world.add(fault="invalid", match=match)
    assert world.struck() is struck


def test_mparticles_numbers_are_matched_as_text_and_what_is_no_json_names_nothing() -> None:
    world = World()
    world.add(fault="invalid", match={"user": "-6917529027641081857"})
    assert world.struck(document=[{"mpid": -6917529027641081857, "events": []}])
    assert world.faults.decide(Request("x", b"\xff{")) is NOTHING


def basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:secret".encode()).decode()


def signed(key: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential={key}/20261122/us-east-1/sqs/aws4_request, SignedHeaders=host"


@pytest.mark.parametrize("authorization", [basic, signed])
def test_credentials_are_refused_by_the_key_of_either_kind(authorization: Callable[[str], str]) -> None:
    world = World()
    world.add(fault="denied", match={"key": "old-key"})
    assert world.struck(authorization=authorization("old-key"))
    assert not world.struck(authorization=authorization("new-key"))
    assert not world.struck(authorization="Basic ?")
    assert not world.struck()


def test_only_operations_that_are_named_are_struck() -> None:
    world = World()
    world.add(fault="reset", operation="sqs.Send*")
    assert world.struck("SQS.sendMessageBatch")
    assert not world.struck("sqs.ReceiveMessage")
    assert not world.struck("personalize.PutEvents")


def test_every_third_that_it_meets_is_struck_and_so_many_times_only() -> None:
    world = World()
    world.add(fault="reset", operation="a", every=3, times=2)
    assert [world.struck("b" if number % 2 else "a") for number in range(24)].count(True) == 2
    [shown] = world.faults.shown()
    assert (shown["met"], shown["struck"], shown["over"]) == (6, 2, True)


def test_the_dice_decide_by_the_chance() -> None:
    world = World(0.29, 0.3, 0.31, 0.0)
    world.add(fault="reset", chance=0.3)
    assert [world.struck() for _ in range(4)] == [True, False, False, True]


def test_a_schedule_counts_from_when_the_fault_was_added() -> None:
    world = World()
    world.add(**{"fault": "reset", "from": 2, "to": 5})
    struck = []
    for _ in range(7):
        struck.append(world.struck())
        world.now += 1
    assert struck == [False, False, True, True, True, False, False]
    assert world.faults.shown()[0]["over"]


def test_latencies_add_up_and_of_the_other_faults_the_first_counts() -> None:
    world = World()
    world.add(fault="latency", seconds=1)
    world.add(fault="invalid", operation="personalize.*")
    world.add(fault="latency", seconds=0.5, when="after")
    late = world.add(fault="reset")
    decision = world.faults.decide(Request("personalize.PutEvents"))
    assert decision.fault
    assert (decision.fault.fault, decision.pause_before, decision.pause_after) == ("invalid", 1, 0.5)
    assert next(one for one in world.faults.shown() if one["id"] == late)["met"] == 0


def test_faults_are_cleared_by_id_or_all() -> None:
    world = World()
    first, second, third = (world.add(fault="reset", operation=name) for name in "abc")
    assert world.faults.clear([second, "unknown"]) == [second]
    assert not world.struck("b")
    assert world.struck("a")
    assert world.faults.clear() == [first, third]
    assert not world.faults
