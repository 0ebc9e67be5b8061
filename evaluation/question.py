"""The question of an evaluation, read from its files: a split of a table, or a folder that is split already."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from evaluation import rolling
from evaluation.data import attributes, splits_folder
from evaluation.data import log as logs
from evaluation.data.arms import interactions_from_lists
from evaluation.data.log import Log
from evaluation.diagnostics.registry import Diagnostic
from evaluation.parts import memory
from evaluation.parts import question as parts
from evaluation.parts.task import Spill
from evaluation.progress import Begin, unseen
from evaluation.provenance import DataFacts
from evaluation.request import EvaluationRequest
from evaluation.spark import run as asked_spark
from evaluation.spark.connection import Spark
from evaluation.spark.training import SparkTraining
from evaluation.splits import Split, for_users, split
from evaluation.task import Task, task, with_catalogue
from personalize_data.errors import InvalidRequest
from recommender_models.record_columns import RecordColumns


@dataclass(frozen=True, eq=False)
class Question:
    """A task, with notes, diagnostics and counts on the files that it was read from, and the Items dataset.

    ``earlier``: the same at earlier cuts, the oldest first, each made when it is asked for.
    """

    task: Task
    notes: Sequence[str]
    data: DataFacts
    diagnostics: Sequence[Diagnostic] = ()
    earlier: Sequence[Callable[[], Task]] = ()
    items: RecordColumns = field(default_factory=RecordColumns)


def read(request: EvaluationRequest, folder: Path | None = None, begin: Begin = unseen) -> Question:
    """Read and split the interactions. Raises BadFile, and InvalidRequest if a side of the split is empty.

    ``folder``: an empty one, for interactions that do not fit into the request's memory.
    """
    question = _read(request, folder, begin)
    question = _with_lists(question, request.file / splits_folder.TRAIN if request.file.is_dir() else request.file)
    if request.items_file is None:
        return question
    notes = [*question.notes]
    items = attributes.read(request.items_file, "ITEM_ID", notes.append)
    earlier = [functools.partial(_with_catalogue, each, items.ids) for each in question.earlier]
    return replace(question, task=with_catalogue(question.task, items.ids), notes=notes, earlier=earlier, items=items)


def _read(request: EvaluationRequest, folder: Path | None, begin: Begin) -> Question:
    is_split = request.file.is_dir()
    if request.spark is not None:
        return _from_spark(request, request.spark)
    interactions = request.file / splits_folder.TRAIN if is_split else request.file
    if folder is None or request.memory is None or memory.fits(interactions, request.memory):
        return _from_folder(request.file, request.now) if is_split else _from_table(request)
    return _in_parts(request, interactions, Spill(folder, request.memory), begin)


def _from_spark(request: EvaluationRequest, spark: Spark) -> Question:
    if request.file.is_dir() or request.cuts > 1:
        raise InvalidRequest("--spark goes with a FILE of interactions, and without --cuts")
    test, facts, with_truth = asked_spark.question(
        spark, str(request.file.absolute()), request.hold_out, sample_users=request.sample_users, now=request.now
    )
    return Question(test, [*_sample_note(test.users, with_truth), "counted on Spark: no settings are chosen"], facts)


def _in_parts(request: EvaluationRequest, interactions: Path, spill: Spill, begin: Begin) -> Question:
    """Return the question of interactions that do not fit into memory."""
    parts.check(splits_folder.hold_out(request.file) if request.file.is_dir() else request.hold_out)
    log = parts.log(interactions, request.now, spill, begin)
    facts = DataFacts(len(log), log.users, len(log.item_ids), log.first, log.last)
    notes = [
        *log.notes,
        f"the interactions are read in {len(log.files)} parts: at once they would not fit into --memory",
    ]
    if request.file.is_dir():
        test, facts, change = parts.of_folder(request.file, log, request.now, spill, facts)
        return Question(test, notes, facts, [Diagnostic("truth_changed", "data", change)] if change else [])
    tasks = parts.tasks(log, request.hold_out, request.arm, request.cuts, request.sample_users, spill)
    *earlier, newest = tasks
    test, with_truth = newest()
    notes = [*_sample_note(test.users, with_truth), *notes, *(request.arm.notes if request.arm else ())]
    return Question(test, notes, facts, earlier=[functools.partial(_task_of, each) for each in earlier])


def _task_of(read_task: Callable[[], tuple[Task, int]]) -> Task:
    return read_task()[0]


def _with_catalogue(read_task: Callable[[], Task], item_ids: Sequence[str]) -> Task:
    return with_catalogue(read_task(), item_ids)


def _from_folder(folder: Path, now: float) -> Question:
    test, log, change = splits_folder.read(folder, now)
    truth = logs.read(folder / splits_folder.TRUTH, now)
    diagnostics = [Diagnostic("truth_changed", "data", change)] if change else []
    notes = [*_past_note(len(log) - len(test.train)), *log.notes]
    return Question(test, notes, DataFacts.of(log.rows, truth.rows), diagnostics)


def _from_table(request: EvaluationRequest) -> Question:
    log = logs.read(request.file, request.now)
    parted = _of_arm(split(log, request.hold_out), log, request)
    test = task(log, parted, request.sample_users, request.hold_out.seed)
    past_only = int((parted.past & ~parted.train).sum())
    with_truth = len(np.unique(log.rows.users[parted.truth]))
    notes = [*_sample_note(test.users, with_truth), *_past_note(past_only), *log.notes]
    notes += request.arm.notes if request.arm else ()
    return Question(test, notes, DataFacts.of(log.rows), earlier=_earlier(log, request))


def _earlier(log: Log, request: EvaluationRequest) -> Sequence[Callable[[], Task]]:
    """Return the questions of the earlier cuts. Raises InvalidRequest if a side of one of them is empty."""
    if request.cuts < 2:
        return []
    earlier = rolling.hold_outs(log, request.hold_out, request.cuts)[:-1]
    splits = [_of_arm(rolling.split_at(log, each, request.cuts), log, request) for each in earlier]
    return [functools.partial(task, log, each, request.sample_users, request.hold_out.seed) for each in splits]


def _of_arm(parted: Split, log: Log, request: EvaluationRequest) -> Split:
    """Return a split about the users of the arm that was asked for, if any was. Raises InvalidRequest."""
    if request.arm is None:
        return parted
    return for_users(parted, log, request.arm.members(log.rows.user_ids), request.hold_out)


def _with_lists(question: Question, file: Path) -> Question:
    """Return the question with how many of its interactions name the list that they came from."""
    if isinstance(question.task.train, SparkTraining):
        return question
    rows, column = interactions_from_lists(file)
    return replace(question, data=replace(question.data, from_lists=rows, list_column=column))


def _sample_note(asked: int, users: int) -> list[str]:
    if asked == users:
        return []
    return [f"a sample of {asked:,} of {users:,} test users: --sample-users asks about more"]


def _past_note(rows: int) -> list[str]:
    """Return what a real Personalize knows in addition, where the test users are kept out of the training."""
    if not rows:
        return []
    past = f"the past of the tested users, {rows:,} interactions, is known and not trained on"
    return [f"{past}; a Personalize that has imported it (train.csv of evaluate split holds it) trains on it, too"]
