"""Who takes part: the lists of each recommender for each task, learnt here or given from outside."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.data.list_files import Given
from evaluation.progress import Advance, Begin, unseen
from evaluation.recommenders.registry import Blocks, Kind, Learnt, lists
from evaluation.recommenders.tuning import Chosen, Validation
from evaluation.scoring.metrics import PLACES
from evaluation.task import KINDS as TASKS
from evaluation.task import NEW, Task
from recommender_models.record_columns import RecordColumns
from recommender_models.training_set import Codes

AS_GIVEN = "lists from outside, taken as they are"


@dataclass(frozen=True, eq=False)
class Entry:
    """``lists``: by task, users by places. ``settings``: by task, what was chosen, empty where nothing was.

    ``seconds``: for choosing settings, learning and making the lists; ``given``: what was found in lists from outside.
    """

    name: str
    what: str
    lists: Mapping[str, Codes]
    baseline: bool = False
    personal: bool = True
    settings: Mapping[str, Mapping[str, float]] | None = None
    seconds: float = 0.0
    given: Given | None = None


def learn(
    task: Task, users: RecordColumns, kinds: Sequence[Kind], seed: int, begin: Begin, tune: bool = True
) -> tuple[list[Entry], list[str]]:
    """Return an entry for each kind, and notes on those left out. ``begin`` shows how far it is."""
    notes = [
        f"{kind.name} is left out: {task.trained_items:,} items are more than the {kind.most_items:,} that it can take"
        for kind in kinds
        if _too_many(kind, task)
    ]
    fitting = [kind for kind in kinds if not _too_many(kind, task)]
    # All settings first: what was learnt for the validation is gone before the large matrices are learnt again.
    chosen = _chosen(task, users, fitting, seed, begin) if tune else {}
    learnt = Learnt(task.train, users, seed)
    entries = []
    for kind in fitting:
        settings, seconds = chosen.get(kind.name, (dict.fromkeys(TASKS, kind.defaults), 0.0))
        entries.append(_entry(kind, task, learnt, settings, seconds, begin))
    return entries, notes


def _chosen(
    task: Task, users: RecordColumns, kinds: Sequence[Kind], seed: int, begin: Begin
) -> dict[str, tuple[Chosen, float]]:
    validation = Validation(task.train, users, seed)
    found = {}
    for kind in kinds:
        tried = validation.to_try(kind)
        done = begin(f"settings of {kind.name}", tried) if tried else unseen("", None)
        began = time.perf_counter()
        found[kind.name] = validation.choose(kind, done), time.perf_counter() - began
    return found


def given(name: str, found: Given, what: str = AS_GIVEN) -> Entry:
    """Return the entry of lists from outside: the same lists for every task, as they were given."""
    return Entry(name, what, dict.fromkeys(TASKS, found.lists), given=found)


def _entry(kind: Kind, task: Task, learnt: Learnt, chosen: Chosen, choosing: float, begin: Begin) -> Entry:
    began = time.perf_counter()
    past, owned = task.known_past(), task.owned()
    tasks = [one for one in TASKS if not (kind.repeats and one == NEW)]
    done = begin(kind.name, task.users * len(tasks))
    made = {one: lists(_counted(kind.score(learnt, past, chosen[one]), done), one, owned, PLACES) for one in tasks}
    settings = {one: {name: getattr(chosen[one], name) for name in kind.searched} for one in made}
    seconds = choosing + time.perf_counter() - began
    return Entry(kind.name, kind.what, made, kind.baseline, kind.personal, settings, seconds)


def _counted(blocks: Blocks, done: Advance) -> Blocks:
    for block in blocks:
        yield block
        done(len(block))


def _too_many(kind: Kind, task: Task) -> bool:
    return kind.most_items is not None and task.trained_items > kind.most_items
