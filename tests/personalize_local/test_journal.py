"""A service that is started again on the same folder is the one that was there before."""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from personalize_local.jobs.runner import InlineJobs, Outcome
from personalize_local.journal import Journal, JournalEntry, JournalUnusable
from tests.personalize_local.world import RECIPE, START, HeldJobs, Refused, World

MOST_BYTES = 2000


def started(folder: Path, now: float = START, **options: Any) -> World:
    """Start a service on a folder."""
    return World(now=now, folder=folder, journal=Journal(folder), **options)


def seen(world: World) -> list[Any]:
    """Return everything that can be asked about resources, events and counts."""
    lists = [
        world.call(f"List{kind}s")
        for kind in ("Schema", "DatasetGroup", "Dataset", "EventTracker", "Solution", "Campaign")
    ]
    return [lists, world.service.status(), world.service.deliveries(limit=10_000)]


def test_after_a_restart_everything_is_as_it_was(tmp_path: Path) -> None:
    before = started(tmp_path)
    tracking = before.ready_to_collect()
    before.fill(tracking)
    before.wait(2)
    version = before.trained(before.solution())
    campaign = before.campaign(version)
    before.put(tracking, {"itemId": "i2"}, {"itemId": "i4"}, user="newcomer", session="n")
    before.wait(2)
    expected = seen(before), before.recommended(campaign, "newcomer", 20)
    before.journal.close()

    after = started(tmp_path, before.now)
    assert (seen(after), after.recommended(campaign, "newcomer", 20)) == expected
    after.put(tracking, {"itemId": "i6", "eventId": "after"}, user="newcomer", session="n")
    assert after.service.deliveries(after=len(expected[0][2]))[0]["eventId"] == "after"


def test_a_repeated_event_id_is_still_known_after_a_restart(tmp_path: Path) -> None:
    before = started(tmp_path)
    tracking = before.ready_to_collect()
    before.put(tracking, {"itemId": "i1", "eventId": "once"})
    before.journal.close()
    after = started(tmp_path, before.now + 60)
    after.put(tracking, {"itemId": "i1", "eventId": "once"})
    after.wait(2)
    assert after.counts()["interactions"] == 1
    assert after.counts()["notCounted"]["repeatedEventId"] == 1


def test_a_training_that_was_cut_off_starts_again_and_one_that_ended_does_not(tmp_path: Path) -> None:
    jobs = HeldJobs()
    before = started(tmp_path, jobs=jobs)
    before.fill(before.ready_to_collect())
    before.wait(2)
    solution = before.solution()
    failed = before.call("CreateSolutionVersion", solutionArn=solution)["solutionVersionArn"]
    jobs.end(Outcome(failure="no luck"))
    cut_off = before.call("CreateSolutionVersion", solutionArn=solution)["solutionVersionArn"]
    before.journal.close()

    again = HeldJobs()
    after = started(tmp_path, before.now + 60, jobs=again)
    assert [job.folder.name for job, _ in again.started] == [cut_off.rpartition("/")[2]]
    job, done = again.started[0]
    InlineJobs().start(job, done)
    after.wait(60)
    states = [after.call("DescribeSolutionVersion", solutionVersionArn=arn) for arn in (failed, cut_off)]
    assert [state["solutionVersion"]["status"] for state in states] == ["CREATE FAILED", "ACTIVE"]


def test_a_refused_request_leaves_no_trace(tmp_path: Path) -> None:
    before = started(tmp_path)
    before.ready_to_collect()
    entries = len(list(before.journal.entries()))
    with pytest.raises(Exception, match="does not exist"):
        before.put("nobody's", {"itemId": "i1"})
    assert len(list(before.journal.entries())) == entries


def test_a_folder_serves_one_service_at_a_time(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    with pytest.raises(JournalUnusable, match="is another service running on it"):
        Journal(tmp_path)
    first.close()
    Journal(tmp_path).close()


def test_a_journal_of_another_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"not a database at all, but something that somebody may want to keep")
    with pytest.raises(JournalUnusable, match="can't be used"):
        Journal(tmp_path)
    assert (tmp_path / "journal.sqlite").read_bytes().startswith(b"not a database")


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").mkdir()
    with pytest.raises(JournalUnusable, match="can't be used"):
        Journal(tmp_path)


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow beyond a few hundred bytes more than a new journal has."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def first_refused(world: World) -> str:
    """Create dataset groups until the disk is full; return the ARN of the one that was not acknowledged."""
    for number in range(1000):
        try:
            world.call("CreateDatasetGroup", name=f"shop-{number}")
        except Refused:
            return f"arn:aws:personalize:us-east-1:123456789012:dataset-group/shop-{number}"
    raise AssertionError("the disk is never full")


def test_what_a_full_disk_did_not_take_is_written_before_what_builds_on_it(tmp_path: Path) -> None:
    before = started(tmp_path)
    with full_disk():
        refused = first_refused(before)
    before.wait(3)
    before.call("CreateEventTracker", name="events", datasetGroupArn=refused)
    expected = seen(before)
    before.journal.close()
    assert seen(started(tmp_path, before.now)) == expected


def test_an_entry_that_cannot_be_done_again_is_named(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(JournalEntry(START, "DeleteSchema", {"schemaArn": "arn:aws:personalize:::schema/gone"}, []))
    journal.close()
    with pytest.raises(JournalUnusable, match=r"DeleteSchema, number 1 in the journal, can't be replayed: .*gone"):
        started(tmp_path)


@pytest.mark.parametrize("looks", [True, False])
def test_a_campaign_holds_the_solution_that_it_serves_whoever_has_looked(tmp_path: Path, looks: bool) -> None:
    before = started(tmp_path)
    before.fill(before.ready_to_collect())
    before.wait(2)
    old = before.solution()
    group = before.call("DescribeSolution", solutionArn=old)["solution"]["datasetGroupArn"]
    new = before.call("CreateSolution", name="other", datasetGroupArn=group, recipeArn=RECIPE)["solutionArn"]
    before.wait(3)
    campaign = before.campaign(before.trained(old))
    version = before.trained(new)
    before.call("UpdateCampaign", campaignArn=campaign, solutionVersionArn=version)
    for held in (old, new):
        with pytest.raises(Refused, match="is in use by"):
            before.call("DeleteSolution", solutionArn=held)
    before.wait(6)
    if looks:
        before.call("DescribeCampaign", campaignArn=campaign)
    with pytest.raises(Refused, match="is in use by"):
        before.call("DeleteSolution", solutionArn=new)
    before.call("DeleteSolution", solutionArn=old)
    before.journal.close()
    after = started(tmp_path, before.now + 60)
    assert after.recommended(campaign, "u0")
    assert [one["name"] for one in after.call("ListSolutions")["solutions"]] == ["other"]
