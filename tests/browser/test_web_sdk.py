"""A whole visit with mParticle's own web SDK: every batch is valid input for the broker, and nothing of it is lost."""

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from broker.batch import Batch, decode
from broker.interactions import Interaction, Rules, extract

from local_stack import loopback
from local_stack.process import ServiceProcess
from tests.browser.browsers import BROWSERS, opened
from tests.browser.page_server import served
from tests.local_stack.mparticle.stream import Stream
from tests.loop.clone import eventually

PAGE = Path(__file__).parent / "pages/visit.html"
CONSENTED = Rules(consent_purpose="personalisation")
NOT_FORWARDED = {"user_identity_change", "user_attribute_change"}  # by mParticle's defaults
DONE = {
    ("anonymous", "view_detail", "VIEWED"),
    ("anonymous", "add_to_cart", "CARTED"),
    ("customer", "add_to_wishlist", "WISHED"),
    ("customer", "purchase", "CARTED"),
    ("customer", "purchase", "ADDED"),
    ("stranger", "view_detail", "LOOKED-AT"),
}
"""All of the visit that trains: who did what with which item."""
LEFT_OUT = ("impression", "promotion seen", "promotion clicked", "removed", "checked out CARTED", "checked out ADDED")
"""Commerce that does not train, by line of products where it has some."""
KINDS = {
    *("session_start", "session_end", "application_state_transition", "screen_view", "custom_event", "commerce_event"),
    *("crash_report", "user_identity_change", "user_attribute_change"),
}


@dataclass(frozen=True)
class Visit:
    """What the page reports, what the stream got of it, and what the local mParticle says."""

    users: dict[str, str]
    sent: list[dict[str, Any]]
    problems: list[str]
    records: list[bytes]
    mparticle: str
    before: str

    def names(self, found: list[Interaction]) -> set[tuple[str, str, str]]:
        """Return who did what with which item, with the names of the visit's users."""
        names = {mpid: name for name, mpid in self.users.items()}
        return {(names[each.user_id], each.event_type, each.item_id) for each in found}

    def profile(self, user: str) -> dict[str, Any]:
        path = f"/userprofile/v1/org/account/workspace/{self.users[user]}"
        fields = {"fields": "user_identities,user_attributes"}
        return dict(loopback.get(self.mparticle + path, params=fields).json())


@pytest.fixture(scope="module", params=BROWSERS)
def visit(
    request: pytest.FixtureRequest,
    stream: Stream,
    mparticle: ServiceProcess,
    host: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Visit:
    """Of a customer who was known before, on another device."""
    customer = f"customer-by-{request.param}"
    known = {"environment": "production", "known_identities": {"customerid": customer}}
    answer = loopback.call("POST", f"{mparticle.url}/v1/identify", json=known, headers={"x-mp-key": "web-key"})
    first = len(stream.records)
    html = PAGE.read_text("utf-8").replace("HOST", host).replace("CUSTOMER", customer)
    with served(html) as page, opened(request.param, page.url, tmp_path_factory.mktemp("browser")):
        report = page.report()
    assert eventually(lambda: loopback.get(f"{mparticle.url}/_local/status").json()["waiting"] == 0)
    return Visit(**report, records=stream.data()[first:], mparticle=mparticle.url, before=answer.json()["mpid"])


def read(texts: list[bytes], rules: Rules) -> tuple[list[Interaction], Counter[str]]:
    """Return what the broker makes of records, and what it leaves out; no record is a bad one."""
    batches = [each for text in texts for each in decode(text, int(time.time() * 1000))]
    found: list[Interaction] = []
    left_out: Counter[str] = Counter()
    for batch in batches:
        assert isinstance(batch, Batch), batch
        interactions, reasons = extract(batch, rules)
        found += interactions
        left_out.update({reason.value: count for reason, count in reasons.items()})
    return found, left_out


def as_sent(visit: Visit) -> list[bytes]:
    return [json.dumps(batch).encode() for batch in visit.sent]


def message_ids(batches: list[dict[str, Any]]) -> list[str]:
    events = [event for batch in batches for event in batch["events"]]
    return [each["data"]["source_message_id"] for each in events if each["event_type"] not in NOT_FORWARDED]


def test_the_visit_went_without_a_problem_and_has_all_kinds_of_events(visit: Visit) -> None:
    assert visit.problems == []
    assert {event["event_type"] for batch in visit.sent for event in batch["events"]} == KINDS
    assert {batch["sdk_version"] for batch in visit.sent} == {"2.68.0"}


def test_three_people_use_the_device_one_after_another(visit: Visit) -> None:
    assert len(set(visit.users.values())) == 3
    assert visit.users["customer"] == visit.before
    assert {batch["mpid"] for batch in visit.sent} == set(visit.users.values())


def test_mparticle_takes_every_batch_whole(visit: Visit) -> None:
    assert loopback.get(f"{visit.mparticle}/_local/dropped").json()["latest"] == []
    requests = loopback.get(f"{visit.mparticle}/_local/requests", params={"detail": 1}).json()
    assert {row["status"] for row in requests if row["operation"] == "UploadWebEvents"} == {202}


def test_every_event_that_the_page_sent_is_on_the_stream(visit: Visit) -> None:
    sent = message_ids(visit.sent)
    assert len(sent) == len(set(sent))
    assert set(message_ids([json.loads(record) for record in visit.records])) == set(sent)


@pytest.mark.parametrize("road", ["as the page sent them", "from the stream"])
def test_the_broker_reads_the_whole_visit_from_its_batches(visit: Visit, road: str) -> None:
    found, left_out = read(visit.records if road == "from the stream" else as_sent(visit), Rules())
    assert visit.names(found) == DONE
    assert len({each.event_id for each in found}) == len(DONE)
    assert len({each.session_id for each in found}) == 1
    assert {each.item_id: each.event_value for each in found if each.event_type == "purchase"} == {
        "CARTED": 39.0,
        "ADDED": 19.5,
    }
    others = [event["event_type"] for batch in visit.sent for event in batch["events"]]
    changes = sum(kind in NOT_FORWARDED for kind in others)
    expected = {"other_event_type": len(others) - others.count("commerce_event"), "other_action": len(LEFT_OUT)}
    if road == "from the stream":  # a batch of nothing else arrives without events
        expected = {**expected, "other_event_type": expected["other_event_type"] - changes, "no_events": changes}
    assert left_out == expected


def test_what_the_page_says_of_consent_reaches_the_broker(visit: Visit) -> None:
    """The customer agrees before they buy; the anonymous visitor and the stranger were never asked."""
    found, _ = read(visit.records, CONSENTED)
    assert visit.names(found) == {done for done in DONE if done[1] == "purchase"}


def test_the_profiles_have_what_the_page_said_of_each(visit: Visit) -> None:
    customer = visit.profile("customer")
    name = next(each["value"] for each in customer["user_identities"] if each["type"] == "customer_id")
    assert {each["type"]: each["value"] for each in customer["user_identities"]} == {
        "customer_id": name,
        "email": f"new.{name}@example.com",
        "other_id_2": f"{name}-2",
    }
    assert customer["user_attributes"] == {"$FirstName": "Ann", "sizes": ["S", "M"]}
    for unknown in ("anonymous", "stranger"):
        profile = visit.profile(unknown)
        assert (profile["user_identities"], profile["user_attributes"]) == ([], {})
