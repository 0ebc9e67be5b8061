"""Faults to switch on and off, in words: each is a rule of the services' fault injection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_stack import loopback
from shop.places import Places

SECONDS = 5.0


@dataclass(frozen=True)
class Switch:
    """A fault. ``service`` is where its rule goes; ``what`` says what the reader will see."""

    name: str
    title: str
    what: str
    service: str
    rule: Mapping[str, Any]


SWITCHES = (
    Switch(
        "mparticle-down",
        "mParticle is down",
        "Pages, sign-ins, the Profile API and the broker's uploads get 503. Shopping goes on: the SDK keeps the events "
        "in the browser, the shop shows the newest list it has read, and users wait in the queue. Switched off, "
        "everything arrives.",
        "mparticle",
        {"fault": "unavailable", "operation": "mparticle.*"},
    ),
    Switch(
        "mparticle-slow",
        "mParticle takes three seconds",
        "Each answer of mParticle comes three seconds later. Lists are written later, and events are on time.",
        "mparticle",
        {"fault": "latency", "operation": "mparticle.BulkUploadEvents", "seconds": 3.0},
    ),
    Switch(
        "events-down",
        "Personalize takes no events",
        "PutEvents fails. The broker tries again, and Lambda delivers the records again. The lag grows, and nothing is "
        "lost.",
        "personalize",
        {"fault": "unavailable", "operation": "personalize.PutEvents"},
    ),
    Switch(
        "events-throttled",
        "Personalize throttles",
        "One of two PutEvents is throttled. The broker waits and repeats.",
        "personalize",
        {"fault": "throttling", "operation": "personalize.PutEvents", "chance": 0.5},
    ),
    Switch(
        "answers-lost",
        "Answers of Personalize get lost",
        "PutEvents does its work, and the connection is cut. The broker cannot know and sends the events again. They "
        "have the same ids, so each counts once.",
        "personalize",
        {"fault": "reset", "operation": "personalize.PutEvents", "every": 2, "when": "after"},
    ),
    Switch(
        "toys-refused",
        "Personalize refuses toys",
        "Events of items TOY-… are invalid. The broker bisects each request: the toys go to quarantine, and all others "
        "to Personalize. View a toy to see it.",
        "personalize",
        {"fault": "invalid", "operation": "personalize.PutEvents", "match": {"item": ["TOY-*"]}},
    ),
    Switch(
        "campaign-down",
        "The campaign does not answer",
        "GetRecommendations fails. Events go on, lists stay as they are, and users wait in the queue.",
        "personalize",
        {"fault": "unavailable", "operation": "personalize.GetRecommendations"},
    ),
)
BY_NAME = {switch.name: switch for switch in SWITCHES}


@dataclass(frozen=True)
class State:
    """A switch, the ids of its faults that are on, and how many requests they have made fail."""

    switch: Switch
    ids: Sequence[str]
    failed: int


def states(places: Places) -> tuple[list[State], list[dict[str, Any]]]:
    """Return the switches, and the faults that somebody else has switched on. Raises RequestException."""
    on = [fault for url in _urls(places).values() for fault in _call("GET", url)["faults"] if not fault["over"]]
    found = []
    for switch in SWITCHES:
        mine = [fault for fault in on if _is(fault, switch)]
        found.append(State(switch, [fault["id"] for fault in mine], sum(fault["struck"] for fault in mine)))
    return found, [fault for fault in on if not any(_is(fault, switch) for switch in SWITCHES)]


def switch_on(places: Places, name: str) -> None:
    """Switch a fault on, once. Raises RequestException."""
    switch = BY_NAME[name]
    if not any(state.ids for state in states(places)[0] if state.switch == switch):
        _call("POST", _urls(places)[switch.service], json={"faults": [dict(switch.rule)]})


def switch_off(places: Places, ids: Sequence[str]) -> None:
    """Switch faults off by their ids. Raises RequestException."""
    if not ids:
        return  # no id would mean all
    for url in _urls(places).values():
        _call("DELETE", url, params=[("id", id_) for id_ in ids])


def _is(fault: Mapping[str, Any], switch: Switch) -> bool:
    return {name: fault[name] for name in fault if name not in ("id", "met", "struck", "over")} == dict(switch.rule)


def _urls(places: Places) -> dict[str, str]:
    urls = {"personalize": places.personalize, "mparticle": places.mparticle, "aws": places.aws}
    return {service: f"{url}/_local/faults" for service, url in urls.items()}


def _call(method: str, url: str, **request: Any) -> Any:
    answer = loopback.call(method, url, timeout=SECONDS, **request)
    answer.raise_for_status()
    return answer.json()
