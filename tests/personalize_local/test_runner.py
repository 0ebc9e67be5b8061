"""Jobs in processes of their own: how they end, and what is left when they don't."""

import multiprocessing
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from personalize_local.jobs.runner import POLITELY, InlineJobs, Job, Outcome, ProcessJobs
from recommender_models.interactions import InteractionColumns
from tests.personalize_local.waiting import until


def columns(rows: int, users: int, items: int) -> InteractionColumns:
    random = np.random.default_rng(1)
    return InteractionColumns(
        [f"u{number}" for number in range(users)],
        [f"i{number:04}" for number in range(items)],
        ["view"],
        users=random.integers(0, users, rows).astype(np.int32),
        items=random.integers(0, items, rows).astype(np.int32),
        types=np.zeros(rows, np.int16),
        times=np.arange(rows, dtype=np.int64) + 1_700_000_000,
        values=np.full(rows, np.nan, np.float32),
    )


def training(folder: Path, rows: int = 2000, users: int = 50, items: int = 30) -> Job:
    def prepare(own: Path) -> dict[str, Any]:
        columns(rows, users, items).save(own / "streamed")
        return {
            "recipe": "aws-user-personalization-v2",
            "solution": {},
            "interactions": [str(own / "streamed")],
            "users": None,
            "items": None,
            "minimums": True,
            "seed": 1,
        }

    return Job("training", folder, prepare)


@pytest.fixture
def jobs() -> Iterator[ProcessJobs]:
    runner = ProcessJobs()
    yield runner
    runner.close()


def run_to_end(jobs: ProcessJobs | InlineJobs, job: Job) -> Outcome:
    """Run a job to its end."""
    found: list[Outcome] = []
    there = threading.Event()

    def done(outcome: Outcome) -> None:
        found.append(outcome)
        there.set()

    jobs.start(job, done)
    assert there.wait(60)
    return found[0]


def test_a_job_in_a_process_ends_as_one_in_place(jobs: ProcessJobs, tmp_path: Path) -> None:
    apart, in_place = run_to_end(jobs, training(tmp_path / "a")), run_to_end(InlineJobs(), training(tmp_path / "b"))
    assert apart.failure is None
    assert apart.result
    assert in_place.result
    assert apart.result["metrics"] == in_place.result["metrics"]


def test_a_job_that_cannot_be_done_says_why_in_one_line(jobs: ProcessJobs, tmp_path: Path) -> None:
    outcome = run_to_end(jobs, training(tmp_path / "few", rows=10))
    assert outcome == Outcome(failure="Training needs at least 1000 interactions; there are 10.")


def test_a_job_that_breaks_says_with_which_words(jobs: ProcessJobs, tmp_path: Path) -> None:
    outcome = run_to_end(jobs, Job("training", tmp_path / "broken", lambda folder: {"recipe": "aws-sims"}))
    assert outcome.result is None
    assert str(outcome.failure).startswith("training ended with code 1: KeyError")


def test_a_job_whose_input_cannot_be_written_fails_and_stops_no_other(jobs: ProcessJobs, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "training failed: " in str(run_to_end(jobs, training(tmp_path / "file" / "below")).failure)
    assert run_to_end(jobs, training(tmp_path / "next")).failure is None


def test_a_job_that_has_ended_is_not_run_again(jobs: ProcessJobs, tmp_path: Path) -> None:
    first = run_to_end(jobs, training(tmp_path / "once"))

    def never(_: Path) -> dict[str, Any]:
        raise AssertionError("prepared again")

    assert run_to_end(jobs, Job("training", tmp_path / "once", never)) == first


def test_what_a_killed_job_left_is_cleared_away_before_it_runs_again(jobs: ProcessJobs, tmp_path: Path) -> None:
    (tmp_path / "job" / "model").mkdir(parents=True)
    (tmp_path / "job" / "model" / "half.npy").write_bytes(b"half a mod")
    assert run_to_end(jobs, training(tmp_path / "job")).failure is None
    assert not (tmp_path / "job" / "model" / "half.npy").exists()


def test_closing_kills_what_runs_and_reports_nothing(tmp_path: Path) -> None:
    jobs, reports = ProcessJobs(), []
    jobs.start(training(tmp_path / "long", rows=300_000, users=5000, items=6000), reports.append)
    until((tmp_path / "long" / "spec.json").exists)
    jobs.close()
    assert reports == []
    assert not (tmp_path / "long" / "outcome.json").exists()


def test_stopping_kills_what_runs_and_begins_nothing_that_waits(jobs: ProcessJobs, tmp_path: Path) -> None:
    reports: list[Outcome] = []
    long, waiting = training(tmp_path / "long", rows=300_000, users=5000, items=6000), training(tmp_path / "waiting")
    for job in (long, waiting):
        jobs.start(job, reports.append)
    until((tmp_path / "long" / "interactions").exists)  # which the process itself writes
    for job in (long, waiting):
        jobs.stop(job)
    assert run_to_end(jobs, training(tmp_path / "next")).failure is None
    assert reports == []
    assert not (tmp_path / "long" / "outcome.json").exists()
    assert not (tmp_path / "waiting").exists()


def test_a_job_lets_requests_go_first(jobs: ProcessJobs, tmp_path: Path) -> None:
    long = training(tmp_path / "long", rows=300_000, users=5000, items=6000)
    jobs.start(long, lambda _: None)
    until((tmp_path / "long" / "interactions").exists)  # which the process itself writes
    (process,) = (each for each in multiprocessing.active_children() if each.name == "training")
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, process.pid or 0) == min(19, own + POLITELY)
    jobs.stop(long)
