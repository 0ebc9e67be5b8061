"""The local Amazon Personalize without sockets: one lock, one time per request, and a journal if its state is kept.

Clock, random values, jobs and journal are passed in, so that the same service runs in real time behind HTTP and in
virtual time in a test.
"""

import itertools
import logging
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from personalize_local import snapshots
from personalize_local.compacting import SNAPSHOT_AFTER, Compacting
from personalize_local.control import resource_types
from personalize_local.control.pending_jobs import Apply, PendingJobs
from personalize_local.control.registry import Registry
from personalize_local.errors import LimitExceeded, ServiceError
from personalize_local.jobs.runner import Jobs, Outcome
from personalize_local.journal import Journal, JournalEntry, JournalReader, JournalUnusable, control_entries
from personalize_local.operations import Durations, Operations
from personalize_local.region import DEFAULT, refuse_elsewhere
from personalize_local.request_context import RequestContext
from personalize_local.snapshots import AUTO_TRAINING, JOB_ENDED, TOGGLES_CHANGED, is_deletion
from personalize_local.toggles import Toggles
from personalize_local.wire.protocol import Handler, RegionalHandler

LOG = logging.getLogger(__name__)
CHANGING = ("Create", "Update", "Delete", "Put", "Start", "Stop", "Tag", "Untag")
CHECK_EVERY = 1.0  # seconds between two checks of the schedule of automatic trainings


class Personalize:
    """The service; thread-safe. ``handlers`` maps operation names to functions from request and region to answer."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        lag: Callable[[], float],
        jobs: Jobs,
        folder: Path,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        durations: Durations | None = None,
        toggles: Toggles | None = None,
        s3_endpoint: str | None = None,
        journal: Journal | JournalReader | None = None,
        snapshot_after: int = SNAPSHOT_AFTER,
    ) -> None:
        """``clock()``: epoch seconds. ``lag()``: seconds until the next event is visible. ``new_id()``: a new UUID.

        ``jobs`` keep their files in ``folder``. The journal is replayed first. Raises JournalUnusable if that
        fails. ``toggles``: None leaves them as the journal has them.
        ``snapshot_after``: bytes of journal that a snapshot replaces.
        """
        self._folder = folder
        self._lock = threading.RLock()
        self._journal = journal
        self._context = RequestContext(clock, lag, new_id)
        self._registry = Registry(self._context)
        self.toggles = Toggles()
        self._pending_jobs = PendingJobs(jobs, folder, self._job_ended)
        self._operations = Operations(
            self._registry, self._pending_jobs, durations or Durations(), self.toggles, s3_endpoint
        )
        self._operations.events.ledger.limited = journal is not None
        self._checked_at = 0.0
        self._replay()
        self._compacting = Compacting(journal, jobs, folder, snapshot_after) if isinstance(journal, Journal) else None
        if toggles is not None:
            self.set_toggles(asdict(toggles))
        self._pending_jobs.launch()
        self.handlers = {name: self._served(name, handler) for name, handler in self._operations.table.items()}

    def tick(self) -> None:
        """Start what is due: automatic trainings, as every request does, too, and a snapshot."""
        with self._lock:
            self._context.begin()
            self._start_due_trainings()
            if self._compacting and self._pending_jobs.all_prepared():
                self._compacting.start_if_due(self._context.at, self._lock, self._pending_jobs.all_prepared)

    def snapshot_soon(self) -> None:
        """Let the next tick take a snapshot, however short the journal is; nothing without a journal."""
        with self._lock:
            if self._compacting:
                self._compacting.soon = True

    def save(self, folder: Path) -> list[str]:
        """Write a snapshot into a new folder; return the jobs' folders that nothing needs any more."""
        assert self._journal is not None  # noqa: S101 - there is nothing else to take a snapshot of
        self._context.begin()
        before = control_entries(self._journal.snapshot) if self._journal.snapshot else ()
        entries = itertools.chain(before, self._journal.entries())
        snapshots.save(folder, self._folder, self._operations, self.toggles, entries)
        return snapshots.unused_folders(self._folder, self._operations, self._pending_jobs)

    def set_toggles(self, changes: dict[str, bool]) -> None:
        """Switch the production limits on and off; see ``Toggles`` for the names."""
        with self._lock:
            self._context.begin()
            self._set_toggles(changes)
            self._keep(TOGGLES_CHANGED, changes)

    def _set_toggles(self, changes: Mapping[str, bool]) -> None:
        for name, value in changes.items():
            setattr(self.toggles, name, value)

    def deliveries(self, after: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        """Return accepted events in order of arrival, repeats included; see ``ledger.Delivery`` for the keys."""
        with self._lock:
            return self._operations.events.ledger.page(after, limit)

    def recent_lists(self, after: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        """Return the newest lists of GetRecommendations; see ``given_lists.RecentList`` for the keys."""
        with self._lock:
            return self._operations.given.recent(after, limit)

    def attribution(self) -> list[dict[str, Any]]:
        """Return the report of each metric attribution; see ``attribution.Report`` for its rows and lists."""
        with self._lock:
            self._context.begin()
            return self._operations.attributions.reports()

    def terms(self, campaign_arn: str, user_id: str, items: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return why the items have their scores for a user now. Raises ServiceError."""
        with self._lock:
            self._context.begin()
            return self._operations.recommendations.terms(campaign_arn, user_id, items)

    def status(self) -> dict[str, Any]:
        """Return the counts of every dataset group, as a training would see them now, and of all deliveries."""
        with self._lock:
            self._context.begin()
            groups = [self._group_status(group.arn) for group in self._registry.all(resource_types.DATASET_GROUP)]
            return {
                "datasetGroups": groups,
                "accepted": self._operations.events.ledger.accepted,
                "droppedNullSession": self._operations.events.ledger.dropped,
                "toggles": asdict(self.toggles),
            }

    def _group_status(self, arn: str) -> dict[str, Any]:
        history = self._operations.stores.history(arn)
        visible, users, with_two = history.totals(self._registry.now()) if history else (0, 0, 0)
        status: dict[str, Any] = {"datasetGroupArn": arn, "interactions": visible, "users": users}
        status["usersWithTwo"] = with_two
        if history:
            counts = history.streamed.counts
            not_counted = counts.repeated_event_id, counts.same_second, counts.no_item
            status["accepted"] = counts.accepted
            status["notCounted"] = dict(zip(("repeatedEventId", "sameSecond", "noItem"), not_counted, strict=True))
        return status

    def _served(self, name: str, handler: Handler) -> RegionalHandler:
        changes = name.startswith(CHANGING)

        def served(request: dict[str, Any], region: str = DEFAULT) -> dict[str, Any] | None:
            with self._lock:
                self._context.begin(region)
                self._start_due_trainings()
                self._context.drawn = []
                refuse_elsewhere(request, region)
                answer = handler(request)
                if changes:
                    self._keep(name, request)
                self._pending_jobs.launch()
                return answer

        return served

    def _keep(self, operation: str, request: dict[str, Any]) -> None:
        if self._journal:
            self._journal.append(
                JournalEntry(self._context.at, operation, request, self._context.drawn, self._context.region)
            )

    def _start_due_trainings(self) -> None:
        if self._context.at < self._checked_at + CHECK_EVERY:
            return
        self._checked_at = self._context.at
        for request in list(self._operations.schedule.due()):
            self._context.drawn = []
            try:
                self._operations.schedule.train(request)
            except LimitExceeded:  # of pending versions: it stays due
                continue
            self._keep(AUTO_TRAINING, request)
            self._pending_jobs.launch()

    def _job_ended(self, arn: str, outcome: Outcome) -> None:
        """Apply a job's output; the job fails if that is impossible, for example on a full disk."""
        try:
            self._end(arn, outcome, self._pending_jobs.read(arn, outcome))
        except (OSError, ValueError) as error:
            LOG.exception("the output of %s could not be applied", arn)
            failed = Outcome(failure=f"The job succeeded, but its output could not be used: {error}")
            self._end(arn, failed, self._pending_jobs.read(arn, failed))

    def _end(self, arn: str, outcome: Outcome, apply: Apply) -> None:
        with self._lock:
            self._context.begin()
            if self._pending_jobs.end(arn, outcome, apply, self._context.at):
                self._keep(JOB_ENDED, {"arn": arn, **asdict(outcome)})
                if self._compacting and is_deletion(outcome.result):
                    self._compacting.soon = True  # so that the journal forgets the users, too

    def _replay(self) -> None:
        if self._journal is None:
            return
        if self._journal.snapshot:
            self._restore(self._journal.snapshot)
        self._replay_all(self._journal.entries())

    def _restore(self, snapshot: Path) -> None:
        self._operations.stores.restoring = True
        self._replay_all(control_entries(snapshot))
        self._operations.stores.restoring = False
        try:
            snapshots.load(snapshot, self._folder, self._operations, self.toggles)
        except (ServiceError, OSError, ValueError, KeyError) as error:
            raise JournalUnusable(f"{snapshot} can't be read: {type(error).__name__}: {error}") from error

    def _replay_all(self, entries: Iterable[JournalEntry]) -> None:
        for number, entry in enumerate(entries, 1):
            try:
                self._replay_entry(entry)
            except (ServiceError, OSError, ValueError, KeyError) as error:
                step = f"{entry.operation}, number {number} in the journal, can't be replayed"
                raise JournalUnusable(f"{step}: {type(error).__name__}: {error}") from error

    def _replay_entry(self, entry: JournalEntry) -> None:
        """Replay an entry of the journal, with the values that the request drew at first."""
        self._context.replay(entry.at, entry.drawn, entry.region)
        request = dict(entry.request)
        if entry.operation == JOB_ENDED:
            arn, outcome = request.pop("arn"), Outcome(**request)
            self._pending_jobs.end(arn, outcome, self._pending_jobs.read(arn, outcome), entry.at)
        elif entry.operation == TOGGLES_CHANGED:
            self._set_toggles(request)
        elif entry.operation == AUTO_TRAINING:
            self._operations.schedule.train(request)
        else:
            self._operations.table[entry.operation](request)
