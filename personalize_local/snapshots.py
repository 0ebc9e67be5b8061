"""Snapshots: the state of the service in a folder, so that the requests that led to it need not be replayed.

What is in datasets and reports is kept as it is. What made resources is kept as requests, without those that only
changed the datasets' content, and without the names of deleted users.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from personalize_local.control.pending_jobs import PendingJobs
from personalize_local.journal import JournalEntry, control_lines
from personalize_local.operations import Operations
from personalize_local.toggles import Toggles

FORMAT = 1
JOB_ENDED, AUTO_TRAINING, TOGGLES_CHANGED = "_JobEnded", "_AutoTraining", "_TogglesChanged"
# All that these do is in the content of datasets, in reports and in the ledger.
CONTENT = frozenset({"PutEvents", "PutUsers", "PutItems", "PutActions", "PutActionInteractions"})


def kept(entries: Iterable[JournalEntry]) -> Iterator[JournalEntry]:
    """Yield the entries that a snapshot keeps."""
    for entry in entries:
        if entry.operation == JOB_ENDED and is_deletion(entry.request.get("result")):
            yield entry._replace(request={**entry.request, "result": {"users": []}})
        elif entry.operation not in CONTENT and entry.operation != TOGGLES_CHANGED:
            yield entry


def is_deletion(result: object) -> bool:
    """Return whether a job's result names the users that it deletes."""
    return isinstance(result, dict) and isinstance(result.get("users"), list)


def save(folder: Path, root: Path, operations: Operations, toggles: Toggles, entries: Iterable[JournalEntry]) -> None:
    """Write a snapshot into a new folder: the state, and of all entries that led to it those that are kept."""
    folder.mkdir(parents=True)
    control_lines(folder, kept(entries))
    operations.stores.save(folder / "datasets", root)
    operations.attributions.save(folder / "reports")
    operations.events.ledger.save(folder / "ledger.json")
    (folder / "state.json").write_text(json.dumps({"format": FORMAT, "toggles": asdict(toggles)}))


def load(folder: Path, root: Path, operations: Operations, toggles: Toggles) -> None:
    """Restore the content of what the kept entries have created. Raises ValueError if the format is another one."""
    state = json.loads((folder / "state.json").read_text())
    if state["format"] != FORMAT:
        raise ValueError(f"the snapshot has format {state['format']}, not {FORMAT}")
    operations.stores.load(folder / "datasets", root)
    operations.attributions.load(folder / "reports")
    operations.events.ledger.load(folder / "ledger.json")
    for name, value in state["toggles"].items():
        setattr(toggles, name, value)


def unused_folders(root: Path, operations: Operations, pending_jobs: PendingJobs) -> list[str]:
    """Return the folders below ``root`` of ended jobs that nothing needs any more."""
    needed = operations.stores.import_folders() | operations.model_folders()
    return [
        folder.relative_to(root).as_posix()
        for folder in pending_jobs.ended()
        if folder.exists() and folder not in needed
    ]
