"""The stack is deployed by the pinned CDK command line, takes a shop's events, changes its stage and goes again.

One deployment serves all tests. Each fixture brings it one step further and keeps what was to be seen there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from infra.paths import ROOT
from infra.settings import Stage
from local_stack.audit.reconciliation import Audit
from local_stack.audit.rows import Unreadable, rows_from_bytes
from tests.deploy import cdk
from tests.deploy.deployment import CAMPAIGN, NAME, Deployment
from tests.deploy.inventory import Inventory, inventory, new

pytestmark = pytest.mark.deploy

# The envelope holds other samples as Lambda passes them; no record of a stream looks like it.
SAMPLES = sorted(
    path for path in (ROOT / "events").iterdir() if path.suffix in {".json", ".ndjson"} and path.stem != "kinesis_event"
)
VISITS = 40


@dataclass(frozen=True)
class Deployed:
    """What was to be seen after a stage was deployed."""

    difference: str
    added: Inventory
    variables: dict[str, str]


@dataclass(frozen=True)
class Took:
    """What was to be seen after customers had visited the shop."""

    audit: Audit
    customers: set[int]
    lists: dict[int, list[str]]


@dataclass(frozen=True)
class Asked:
    """How the checks of ``make deploy`` ended: their exit code and what they said."""

    code: int
    said: str


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """An empty account, and what is to be deployed."""
    with Deployment(tmp_path_factory.mktemp("assemblies")) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def bootstrapped(deployment: Deployment) -> Inventory:
    """The account after ``cdk bootstrap``."""
    cdk.bootstrap(deployment.account, deployment.assemblies[Stage.COLLECT])
    return inventory(deployment.account)


@pytest.fixture(scope="module")
def collecting(deployment: Deployment, bootstrapped: Inventory) -> Deployed:
    """Stage collect on a given tracker."""
    difference = deployment.deploy(Stage.COLLECT)
    return Deployed(difference, new(bootstrapped, inventory(deployment.account)), deployment.variables("Ingest"))


@pytest.fixture(scope="module")
def collected(deployment: Deployment, collecting: Deployed) -> Took:
    """Enough visits to train on."""
    deployment.connect_mparticle()
    deployment.visits_until_trainable()
    return Took(deployment.audit(), set(), deployment.lists())


@pytest.fixture(scope="module")
def going_forward(deployment: Deployment, collected: Took) -> Asked:
    """The checks before stage recommend over stage collect, with a campaign and mParticle's key in place."""
    assert deployment.train() == CAMPAIGN
    checked = deployment.checks(Stage.RECOMMEND, "--confirm", "silent")
    return Asked(checked.returncode, checked.stderr)


@pytest.fixture(scope="module")
def recommending(deployment: Deployment, bootstrapped: Inventory, going_forward: Asked) -> Deployed:
    """Stage recommend, on a campaign made of what the deployed function collected."""
    difference = deployment.deploy(Stage.RECOMMEND)
    return Deployed(difference, new(bootstrapped, inventory(deployment.account)), deployment.variables("Ingest"))


@pytest.fixture(scope="module")
def recommended(deployment: Deployment, recommending: Deployed) -> Took:
    """More visits, and every sample batch."""
    before = set(deployment.records())
    for sample in SAMPLES:
        deployment.put(sample.read_bytes())
    deployment.visits(VISITS)
    deployment.settle()
    arrived = set(deployment.records()) - before
    customers = {int(row.user_id) for record in arrived for row in rows_from_bytes(record.data, record.arrived_ms)}
    deployment.wait_for_lists(customers)
    return Took(deployment.audit(), customers, deployment.lists())


@pytest.fixture(scope="module")
def going_back(deployment: Deployment, recommending: Deployed) -> list[Asked]:
    """The checks before stage collect over stage recommend, without and with the word that it is meant."""
    asked = [deployment.checks(Stage.COLLECT, "--confirm", word) for word in ("silent", "downgrade,silent")]
    return [Asked(one.returncode, one.stderr) for one in asked]


@pytest.fixture(scope="module")
def destroyed(deployment: Deployment, bootstrapped: Inventory, recommended: Took, going_back: list[Asked]) -> Inventory:
    """What is there after ``cdk destroy`` that was not before the first deployment."""
    deployment.empty_buckets()
    cdk.destroy(deployment.account, deployment.assemblies[Stage.RECOMMEND])
    return new(bootstrapped, inventory(deployment.account))


def test_stage_collect_brings_the_stream_and_what_reads_it_but_no_queue(collecting: Deployed) -> None:
    assert numbers(collecting.added) == {
        "streams": 1,
        "functions": 1,
        "mappings": 1,
        "buckets": 3,
        "roles": 3,
        "secrets": 1,
        "alarms": 16,
        "dashboards": 1,
        "log groups": 1,
        "stacks": 1,
    }
    assert "REFRESH_QUEUE_URL" not in collecting.variables


def test_once_deployed_a_stage_differs_in_nothing_from_what_is_there(
    collecting: Deployed, recommending: Deployed
) -> None:
    for stage in (collecting, recommending):
        assert "There were no differences" in stage.difference
        assert "Number of stacks with differences: 0" in stage.difference


def test_every_interaction_on_the_deployed_stream_is_in_personalize_through_the_deployed_zip(collected: Took) -> None:
    assert collected.audit.holds
    assert collected.audit.count("in_personalize") >= 1_000
    assert collected.audit.count("quarantined") == 0
    assert collected.lists == {}


def test_stage_recommend_adds_queues_dead_letters_and_refresh_and_replaces_nothing(
    collecting: Deployed, recommending: Deployed
) -> None:
    assert numbers(new(collecting.added, recommending.added)) == {
        "queues": 3,
        "functions": 2,
        "mappings": 2,
        "tables": 1,
        "roles": 4,  # of refresh and the daily check, and CodeDeploy's for each function
        "alarms": 28,
        "log groups": 2,
    }
    assert new(recommending.added, collecting.added) == {}
    queues = {recommending.variables[f"{name}_QUEUE_URL"].rpartition("/")[2] for name in ("REFRESH", "PURCHASE")}
    assert len(queues) == 2
    assert queues < {url.rpartition("/")[2] for url in recommending.added["queues"]}


def test_the_profiles_of_all_customers_who_did_something_carry_recommendations(recommended: Took) -> None:
    assert len(recommended.customers) > len(SAMPLES) / 2
    assert recommended.customers <= recommended.lists.keys()
    assert all(len(items) == 10 == len(set(items)) for items in recommended.lists.values())


def test_only_what_nobody_can_read_goes_to_quarantine(recommended: Took) -> None:
    assert recommended.audit.holds
    assert {type(entry) for entry in recommended.audit.places["quarantined"]} == {Unreadable}
    assert recommended.audit.count("on_failure") == 0


def test_going_forward_is_let_through(going_forward: Asked) -> None:
    assert going_forward.code == 0
    assert_says_only_the_cost(going_forward, "recommend")


def test_going_back_a_stage_is_refused_until_it_is_confirmed(going_back: list[Asked]) -> None:
    refused, confirmed = going_back
    assert refused.code == 2
    assert re.search(
        rf"{NAME} is deployed at stage recommend; going back to collect .* CONFIRM=downgrade", refused.said
    )
    assert confirmed.code == 0
    assert_says_only_the_cost(confirmed, "collect")


def assert_says_only_the_cost(asked: Asked, stage: str) -> None:
    [line] = asked.said.splitlines()
    assert line.startswith(f"Estimated cost of stage {stage} at ")


def test_nothing_is_left_after_a_teardown_that_deletes(destroyed: Inventory) -> None:
    assert destroyed == {}


def numbers(inventory: Inventory) -> dict[str, int]:
    """Return how many there are of each kind."""
    return {kind: len(names) for kind, names in inventory.items()}
