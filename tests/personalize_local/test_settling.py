"""A job's output is applied without making other requests wait; output that cannot be applied fails the job."""

import gc
import json
import os
import threading
import weakref
from pathlib import Path

import numpy as np

from personalize_local.data.history import History
from personalize_local.data.streamed import Event, Streamed
from personalize_local.jobs.runner import Outcome
from personalize_local.toggles import Toggles
from recommender_models.interactions import InteractionColumns
from recommender_models.models import UserPersonalization
from tests.personalize_local.test_journal import started
from tests.personalize_local.world import HeldJobs, World

DATASET = "arn:aws:personalize:us-east-1:123456789012:dataset/shop/INTERACTIONS"
ROLE = "arn:aws:iam::123456789012:role/any"


def import_of(world: World) -> str:
    source = {"dataLocation": "s3://bucket/all.csv"}
    made = world.call("CreateDatasetImportJob", jobName="all", datasetArn=DATASET, dataSource=source, roleArn=ROLE)
    return str(made["datasetImportJobArn"])


def state(world: World, arn: str) -> tuple[str, str]:
    job = world.call("DescribeDatasetImportJob", datasetImportJobArn=arn)["datasetImportJob"]
    return job["status"], job.get("failureReason", "")


def test_an_import_whose_files_cannot_be_read_fails_and_stays_so_after_a_restart(tmp_path: Path) -> None:
    jobs = HeldJobs()
    before = started(tmp_path, jobs=jobs)
    before.ready_to_collect()
    job = import_of(before)
    jobs.end(Outcome(result={"rows": 1}))  # and nothing is in its folder
    before.wait(5)
    status, reason = state(before, job)
    assert status == "CREATE FAILED"
    assert reason.startswith("The job succeeded, but its output could not be used")
    before.journal.close()
    assert state(started(tmp_path, before.now), job) == (status, reason)


def test_requests_are_answered_while_an_import_is_read() -> None:
    jobs = HeldJobs()
    world = World(jobs=jobs)
    world.ready_to_collect()
    job = import_of(world)
    names = jobs.started[0][0].folder / "interactions" / "user_ids.json"
    one = np.zeros(1, dtype=np.int32)
    rows = InteractionColumns(["a"], ["i"], ["v"], one, one, np.zeros(1, np.int16), np.ones(1, np.int64), np.ones(1))
    rows.save(names.parent)
    names.unlink()
    os.mkfifo(names)  # whoever reads it waits until somebody writes
    ending = threading.Thread(target=jobs.end, args=(Outcome(result={"rows": 1}),))
    asking = threading.Thread(target=world.call, args=("ListSchemas",), daemon=True)
    ending.start()
    with names.open("w") as pipe:  # opens once it is read
        asking.start()
        asking.join(timeout=60)
        waits = asking.is_alive()
        pipe.write(json.dumps(["a"]))
    ending.join()
    assert not waits
    world.wait(5)
    assert state(world, job) == ("ACTIVE", "")
    assert world.counts()["interactions"] == 1


def test_a_deletion_is_the_same_whoever_has_looked_before() -> None:
    seen = []
    for looks in (False, True):
        streamed = Streamed(Toggles())
        streamed.accept(Event("u", "s", "1", "i1", "view", 1.0, None, ""), 1.0)
        streamed.accept(Event(None, "s", "2", "i2", "view", 2.0, None, ""), 2.0)
        streamed.accept(Event(None, "s", "3", "i3", "view", 3.0, None, ""), 9.0)
        if looks:
            streamed.show(2.0)
        dropped = streamed.forget({"u"}, 2.0)
        streamed.accept(Event("u", "s", "4", "i4", "view", 10.0, None, ""), 10.0)
        seen.append((dropped, [row.item for row in streamed.rows(10.0)]))
    assert seen == [(3, ["i4"])] * 2


def test_what_a_session_did_before_it_had_a_user_is_forgotten_with_them() -> None:
    streamed = Streamed(Toggles())
    streamed.accept(Event(None, "s", "1", "i1", "view", 1.0, None, ""), 1.0)
    streamed.accept(Event("u", "s", "2", "i2", "view", 2.0, None, ""), 2.0)
    assert [row.item for row in streamed.for_user("s", 2.0)] == ["i1", "i2"]
    assert streamed.forget({"u"}, 2.0) == 2
    assert streamed.for_user("s", 2.0) == []


def test_what_a_deleted_dataset_held_is_not_kept_in_memory() -> None:
    world = World()
    world.put(world.ready_to_collect(), {"itemId": "i1"})
    world.wait(2)
    assert world.counts()["interactions"] == 1
    gc.collect()
    held = [weakref.ref(get_object) for get_object in gc.get_objects() if isinstance(get_object, History)]
    world.call("DeleteDataset", datasetArn=DATASET)
    world.wait(5)
    world.call("ListDatasets")
    gc.collect()
    assert sum(one() is None for one in held) == 1


def test_the_model_of_a_version_that_no_longer_serves_is_not_kept_in_memory() -> None:
    world = World()
    world.fill(world.ready_to_collect())
    world.wait(2)
    solution = world.solution()
    campaign = world.campaign(world.trained(solution))
    assert world.recommended(campaign, "u1")
    gc.collect()
    held = [weakref.ref(model) for model in gc.get_objects() if isinstance(model, UserPersonalization)]
    world.call("UpdateCampaign", campaignArn=campaign, solutionVersionArn=world.trained(solution))
    world.wait(6)
    assert world.recommended(campaign, "u1")
    gc.collect()
    assert sum(one() is None for one in held) == 1
