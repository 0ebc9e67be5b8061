"""A training can be stopped before it is over; its version then stays, and serves nothing."""

from pathlib import Path

import pytest

from personalize_local.jobs.runner import Outcome
from personalize_local.journal import Journal
from tests.personalize_local.world import HeldJobs, Refused, World


def status(world: World, version: str) -> str:
    """Return a version's status."""
    described = world.call("DescribeSolutionVersion", solutionVersionArn=version)["solutionVersion"]
    return str(described["status"])


def started(world: World) -> str:
    """Start a training; return the version."""
    world.fill(world.ready_to_collect())
    world.wait(2)
    return str(world.call("CreateSolutionVersion", solutionArn=world.solution())["solutionVersionArn"])


def test_a_pending_training_is_stopped_at_once_and_one_in_progress_after_a_while() -> None:
    world = World(jobs=HeldJobs())
    pending = started(world)
    world.call("StopSolutionVersionCreation", solutionVersionArn=pending)
    assert status(world, pending) == "CREATE STOPPED"
    in_progress = world.call("CreateSolutionVersion", solutionArn=pending.rpartition("/")[0])["solutionVersionArn"]
    world.wait(20)
    assert status(world, in_progress) == "CREATE IN_PROGRESS"
    world.call("StopSolutionVersionCreation", solutionVersionArn=in_progress)
    assert status(world, in_progress) == "CREATE STOPPING"
    world.wait(3)
    assert status(world, in_progress) == "CREATE STOPPED"
    for operation in ("StopSolutionVersionCreation", "GetSolutionMetrics"):
        with pytest.raises(Refused, match="ResourceInUseException"):
            world.call(operation, solutionVersionArn=in_progress)
    with pytest.raises(Refused, match="ResourceInUseException"):
        world.call("CreateCampaign", name="c", solutionVersionArn=in_progress)
    assert world.call("DeleteSolution", solutionArn=pending.rpartition("/")[0]) == {}


def test_the_job_of_a_stopped_training_ends_and_its_outcome_is_not_taken(tmp_path: Path) -> None:
    jobs = HeldJobs()
    world = World(jobs=jobs, folder=tmp_path, journal=Journal(tmp_path))
    version = started(world)
    ((_, done),) = jobs.started
    world.call("StopSolutionVersionCreation", solutionVersionArn=version)
    assert jobs.started == []
    done(Outcome(result={"metrics": {}}))
    world.wait(60)
    assert status(world, version) == "CREATE STOPPED"
    world.journal.close()
    again = HeldJobs()
    after = World(jobs=again, folder=tmp_path, journal=Journal(tmp_path), now=world.now)
    assert again.started == [], "a restart does not start it again"
    assert status(after, version) == "CREATE STOPPED"


def test_what_is_over_cannot_be_stopped(world: World) -> None:
    version = started(world)
    world.wait(30)
    assert status(world, version) == "ACTIVE"
    with pytest.raises(Refused, match="ResourceInUseException"):
        world.call("StopSolutionVersionCreation", solutionVersionArn=version)
