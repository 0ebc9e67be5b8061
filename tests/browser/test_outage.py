"""While mParticle is down, people go on shopping: the page keeps what they do, and sends it when mParticle is back."""

from pathlib import Path

import pytest

from local_stack import loopback
from local_stack.process import ServiceProcess
from tests.browser.browsers import BROWSERS, opened
from tests.browser.page_server import served
from tests.local_stack.mparticle.stream import Stream
from tests.loop.clone import eventually

PAGE = Path(__file__).parent / "pages/clicks.html"
VIEWED = ["CHAIR", "LAMP", "TABLE"]


def refused(mparticle: ServiceProcess, status: int) -> int:
    """Return how many uploads of pages were answered with a status; 0 is no answer at all."""
    rows = loopback.get(f"{mparticle.url}/_local/requests", params={"detail": 1}).json()
    found = [row for row in rows if (row["operation"], row["status"]) == ("UploadWebEvents", status)]
    return sum(row["count"] for row in found)


def viewed(stream: Stream, first: int) -> list[str]:
    events = [event for batch in stream.batches()[first:] for event in batch["events"]]
    actions = [each["data"]["product_action"] for each in events if each["event_type"] == "commerce_event"]
    return sorted(product["id"] for action in actions for product in action["products"])


@pytest.mark.parametrize("browser", BROWSERS)
@pytest.mark.parametrize("status", [503, 0], ids=["refused", "no answer"])
def test_what_people_do_while_mparticle_is_down_arrives_once_when_it_is_back(
    browser: str, status: int, stream: Stream, mparticle: ServiceProcess, host: str, tmp_path: Path
) -> None:
    before, first = refused(mparticle, status), len(stream.records)
    outage = {"input": "web", "status": status or "reset", "seconds": 3600}
    loopback.post(f"{mparticle.url}/_local/outage", json=outage)
    with served(PAGE.read_text("utf-8").replace("HOST", host)) as page, opened(browser, page.url, tmp_path):
        assert eventually(lambda: refused(mparticle, status) > before + len(VIEWED))
        assert viewed(stream, first) == []
        loopback.delete(f"{mparticle.url}/_local/outage")
        assert eventually(lambda: len(viewed(stream, first)) >= len(VIEWED))
    assert eventually(lambda: loopback.get(f"{mparticle.url}/_local/status").json()["waiting"] == 0)
    assert viewed(stream, first) == VIEWED


@pytest.mark.parametrize("browser", BROWSERS)
@pytest.mark.parametrize("fault", ["unavailable", "reset"])
def test_a_visitor_who_comes_while_mparticle_is_down_is_known_when_it_is_back(
    browser: str, fault: str, stream: Stream, mparticle: ServiceProcess, host: str, tmp_path: Path
) -> None:
    first, faults = len(stream.records), f"{mparticle.url}/_local/faults"
    loopback.post(faults, json={"faults": [{"fault": fault, "operation": "mparticle.*"}]}).raise_for_status()
    with served(PAGE.read_text("utf-8").replace("HOST", host)) as page, opened(browser, page.url, tmp_path):
        assert eventually(lambda: loopback.get(faults).json()["faults"][0]["struck"] > 2)
        loopback.delete(faults)
        assert eventually(lambda: len(viewed(stream, first)) >= len(VIEWED))
    assert viewed(stream, first) == VIEWED
