"""With a data folder, whatever was acknowledged outlives ``kill -9`` at any moment."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from local_stack.process import NotStarted, start_service
from tests.draws import draws
from tests.personalize_local.conftest import ROOT
from tests.personalize_local.jobs.conftest import Bucket
from tests.personalize_local.served.clients import Aws, csv
from tests.personalize_local.served.crashing import Crashing
from tests.personalize_local.waiting import until
from tests.personalize_local.world import RECIPE, schema

ROLE = "arn:aws:iam::123456789012:role/any"
USERS, ROWS = 100, 3000
ROUNDS = draws(all_of_them=8, part=4)
KILLS = draws(all_of_them=3, part=1)  # of each job


def shop(aws: Aws) -> tuple[str, str, str]:
    """Create what events and imports need; return dataset group, dataset and tracking id."""
    group = aws.wait_until_active("DatasetGroup", aws.control.create_dataset_group(name="shop")["datasetGroupArn"])
    made = {"name": "shop", "datasetGroupArn": group}
    shaped = aws.control.create_schema(name="shop", schema=schema())["schemaArn"]
    dataset = aws.control.create_dataset(**made, schemaArn=shaped, datasetType="Interactions")["datasetArn"]
    tracker = aws.control.create_event_tracker(**made)
    aws.wait_until_active("Dataset", dataset)
    aws.wait_until_active("EventTracker", tracker["eventTrackerArn"])
    return group, dataset, tracker["trackingId"]


class Shopper(threading.Thread):
    """Puts events one after the other until the service dies; ``taken``: the ids that were acknowledged, in order."""

    def __init__(self, aws: Aws, tracking_id: str, name: str) -> None:
        super().__init__(name=name)
        self._events, self._tracking_id = aws.events, tracking_id
        self.taken: list[str] = []
        self.tried: list[str] = []

    def run(self) -> None:
        for number in range(100_000):
            ids = [f"{self.name}-{number}-{place}" for place in range(number % 10 + 1)]
            listed = [{"eventId": id, "eventType": "view", "itemId": id[-3:], "sentAt": time.time()} for id in ids]
            self.tried += ids
            try:
                self._events.put_events(trackingId=self._tracking_id, sessionId="s", userId=self.name, eventList=listed)
            except BotoCoreError:
                return
            self.taken += ids


@pytest.mark.parametrize("seed", range(1, 1 + draws(all_of_them=4, part=1)))
def test_every_event_that_was_acknowledged_is_there_once_and_in_order(
    tmp_path: Path, s3_endpoint: str, seed: int
) -> None:
    taken: list[str] = []
    tried: set[str] = set()
    with Crashing(tmp_path, s3_endpoint, seed) as service:
        _, _, tracking_id = shop(service.aws)
        for round_ in range(ROUNDS):
            shoppers = [Shopper(service.aws, tracking_id, f"{round_}{letter}") for letter in "ab"]
            enough = service.chance.randrange(1, 120)
            for shopper in shoppers:
                shopper.start()
            until(lambda shoppers=shoppers, enough=enough: sum(len(one.taken) for one in shoppers) >= enough)
            service.kill_and_restart()
            for shopper in shoppers:
                shopper.join()
                taken += shopper.taken
                tried |= set(shopper.tried)
            there = [event["eventId"] for event in service.local("events?limit=10000")["events"]]
            of_each = [[id for id in there if id.startswith(shopper.name)] for shopper in shoppers]
            assert [ids[: len(one.taken)] for ids, one in zip(of_each, shoppers, strict=True)] == [
                one.taken for one in shoppers
            ]
            assert set(taken) <= set(there) <= tried
            assert len(there) == len(set(there))
        assert service.local("status")["datasetGroups"][0]["accepted"] == len(there)


def rows() -> list[tuple[str, str, str, int]]:
    """Return a shop's worth of interactions."""
    return [
        (f"u{n % USERS}", f"i{(n % USERS % 2) + 2 * (n * 7 % 40)}", "view", 1_700_000_000 + n * 60) for n in range(ROWS)
    ]


def test_jobs_that_are_cut_off_end_as_if_nothing_had_happened(tmp_path: Path, s3_endpoint: str, bucket: Bucket) -> None:
    source = {"dataLocation": bucket.put("all.csv", csv("USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", rows()))}
    with Crashing(tmp_path, s3_endpoint, seed=3) as service:
        group, dataset, _ = shop(service.aws)
        job = {"jobName": "all", "roleArn": ROLE, "dataSource": source}
        imported = service.aws.control.create_dataset_import_job(**job, datasetArn=dataset)["datasetImportJobArn"]
        assert service.finished("DatasetImportJob", imported, KILLS)["status"] == "ACTIVE"
        assert service.local("status")["datasetGroups"][0]["interactions"] == ROWS

        made = {"name": "shop", "datasetGroupArn": group, "recipeArn": RECIPE, "performAutoTraining": False}
        solution = service.aws.wait_until_active("Solution", service.aws.control.create_solution(**made)["solutionArn"])
        version = service.aws.control.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        assert service.finished("SolutionVersion", version, KILLS)["status"] == "ACTIVE"
        campaign = service.aws.control.create_campaign(name="shop", solutionVersionArn=version)["campaignArn"]
        assert service.finished("Campaign", campaign, KILLS)["status"] == "ACTIVE"
        before = seen(service.aws, version, campaign)
        assert before["metrics"]["coverage"] > 0

        batch = service.aws.control.create_batch_inference_job(
            jobName="some",
            solutionVersionArn=version,
            numResults=5,
            jobInput={"s3DataSource": {"path": bucket.put("users.json", '{"userId": "u1"}\n{"userId": "u2"}\n')}},
            jobOutput={"s3DataDestination": {"path": bucket.at("out/")}},
            roleArn=ROLE,
        )["batchInferenceJobArn"]
        assert service.finished("BatchInferenceJob", batch, KILLS)["status"] == "ACTIVE"
        lines = [json.loads(line) for line in bucket.get("out/users.json.out").splitlines()]
        assert [line["output"]["recommendedItems"] for line in lines] == [before["u1"][:5], before["u2"][:5]]

        source = {"dataLocation": bucket.put("forget.csv", "USER_ID\nu1\nu3\n")}
        job = {"jobName": "some", "roleArn": ROLE, "dataSource": source}
        deletion = service.aws.control.create_data_deletion_job(**job, datasetGroupArn=group)["dataDeletionJobArn"]
        assert service.finished("DataDeletionJob", deletion, KILLS)["status"] == "COMPLETED"
        described = service.aws.describe("DataDeletionJob", deletion)
        assert service.local("status")["datasetGroups"][0]["users"] == USERS - 2

        service.kill_and_restart()
        after = seen(service.aws, version, campaign)
        assert {key: value for key, value in after.items() if key != "u1"} == {
            key: value for key, value in before.items() if key != "u1"
        }
        assert service.local("status")["datasetGroups"][0]["interactions"] == ROWS - 2 * (ROWS // USERS)
        assert service.aws.describe("DataDeletionJob", deletion) == described
        assert service.killed == 5 * KILLS + 1


def seen(aws: Aws, version: str, campaign: str) -> dict[str, Any]:
    """Return a version's metrics and what its campaign recommends."""
    metrics = aws.control.get_solution_metrics(solutionVersionArn=version)["metrics"]
    return {"metrics": metrics} | {user: aws.recommended(campaign, user) for user in ("u1", "u2", "nobody")}


def test_a_second_service_on_the_folder_is_refused_and_the_first_goes_on(tmp_path: Path, s3_endpoint: str) -> None:
    with Crashing(tmp_path, s3_endpoint, seed=4) as service:
        command = [sys.executable, "-m", "personalize_local", "--data", str(tmp_path)]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)  # noqa: S603
        assert second.returncode == 2
        assert second.stdout == ""
        (line,) = second.stderr.splitlines()
        assert str(tmp_path) in line
        assert line.endswith("is another service running on it?")
        assert service.aws.control.list_schemas()["schemas"] == []
        service.kill()
        service.restart()
        assert service.aws.control.list_schemas()["schemas"] == []


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotStarted, match=r"exit code 2\): .*file"):
        start_service("personalize_local", ["--data", str(tmp_path / "file" / "data")])
