"""The programs of "Use the recommendations" run as they are written there, but for the address and the user."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from infra.paths import ROOT
from infra.toolchain import node
from local_stack import loopback
from local_stack.mparticle.profile_api import CLIENT_ID, CLIENT_SECRET
from local_stack.process import ServiceProcess
from tests.browser.browsers import BROWSERS, opened
from tests.browser.page_server import PATIENCE, served
from tests.local_stack.mparticle.stream import Stream
from tests.loop.clone import eventually

MPID = 5_103_277_684_950_218_837  # beyond 2^53
LIST = ["LIG-1143", "FUR-2002", "tăble"]


def program(language: str) -> str:
    """Return the guide's only program in a language."""
    [found] = re.findall(
        rf"^```{language}\n(.*?)^```", (ROOT / "docs/use.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    return str(found)


def in_node(mparticle: ServiceProcess, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the guide's program for Node.js with the settings that the guide names for the local stack."""
    local = {"AUTH": mparticle.url, "API": mparticle.url, "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET}
    environment = {"PATH": os.defpath, "WORKSPACE": "org/account/workspace", "MPID": str(MPID), **local, **settings}
    return subprocess.run(  # noqa: S603 - the guide's program
        [node(), "--input-type=module", "--eval", program("js")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def write(mparticle: ServiceProcess, **attributes: object) -> None:
    batch = {"environment": "production", "mpid": MPID, "user_attributes": attributes}
    auth = ("broker-feed-key", "broker-feed-secret")
    loopback.call("POST", f"{mparticle.url}/v2/events", json=batch, auth=auth, timeout=60).raise_for_status()


def test_the_program_for_node_prints_the_users_list_and_nothing_for_a_user_without_one(
    mparticle: ServiceProcess,
) -> None:
    write(mparticle, town="Boise")
    assert in_node(mparticle).stdout.split() == []
    write(mparticle, product_recs=LIST)
    done = in_node(mparticle)
    assert (done.stdout.split(), done.stderr) == (LIST, "")


@pytest.mark.parametrize(("settings", "status"), [({"CLIENT_SECRET": "wrong"}, "401"), ({"MPID": "77"}, "404")])
def test_the_program_for_node_says_why_it_is_refused(
    mparticle: ServiceProcess, settings: dict[str, str], status: str
) -> None:
    done = in_node(mparticle, **settings)
    assert done.returncode == 1
    assert status in done.stderr


@pytest.mark.parametrize("browser", BROWSERS)
def test_the_page_sends_its_users_view_to_the_stream(
    browser: str, host: str, mparticle: ServiceProcess, stream: Stream, tmp_path: Path
) -> None:
    first = len(stream.records)
    html = program("html")
    assert html.count("127.0.0.1:PORT") == 1
    with served(html.replace("127.0.0.1:PORT", host)) as page, opened(browser, page.url, tmp_path):
        assert eventually(lambda: "view_detail LIG-1143" in actions(stream, first))
    assert loopback.get(f"{mparticle.url}/_local/dropped").json()["count"] == 0


def actions(stream: Stream, first: int) -> list[str]:
    events = [event for batch in stream.batches()[first:] for event in batch["events"]]
    done = [each["data"]["product_action"] for each in events if each["event_type"] == "commerce_event"]
    return [f"{action['action']} {product['id']}" for action in done for product in action["products"]]
