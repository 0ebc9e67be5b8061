"""`./broker tracker` on the local Personalize."""

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from cli.__main__ import main
from local_stack.aws.session import local_client
from local_stack.process import start_service
from tests.json_numbers import rounded


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with start_service("personalize_local") as service:
        yield service.url


@pytest.fixture
def tracker(url: str) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        environment = {"AWS_ENDPOINT_URL_PERSONALIZE": url}
        return CliRunner(env=environment).invoke(main, ["tracker", *arguments, "--local"], catch_exceptions=False)

    return run


def test_a_tracker_takes_events_and_a_second_run_names_the_same(url: str, tracker: Callable[..., Result]) -> None:
    made = json.loads(tracker("--name", "shop-2", "--json").stdout)
    assert rounded(made) == []
    event = {"eventType": "view_detail", "itemId": "i1", "sentAt": 1_790_000_000, "eventId": "e1"}
    local_client("personalize-events", url).put_events(
        trackingId=made["tracking_id"], sessionId="s", userId="u", eventList=[event]
    )

    again = tracker("--name", "shop-2")
    assert again.exit_code == 0
    assert f"tracking id: {made['tracking_id']}" in again.stdout
    groups = local_client("personalize", url).list_dataset_groups()["datasetGroups"]
    assert [group["datasetGroupArn"] for group in groups] == [made["dataset_group"]]


def test_without_a_name_it_makes_nothing_in_the_stacks_place(url: str, tracker: Callable[..., Result]) -> None:
    refused = tracker()
    assert (refused.exit_code, "give --name" in refused.output) == (2, True)
