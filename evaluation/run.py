"""The order of an evaluation: a question, those who answer it, what their answers are worth, what is odd about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluation import constants
from evaluation.checks.registry import Alarm, sounded
from evaluation.progress import Begin, unseen
from evaluation.recommenders.candidates import Entry, learn
from evaluation.recommenders.registry import KINDS, Kind
from evaluation.scoring.board import Board, board, why_none
from evaluation.scoring.cost import Cost, costs
from evaluation.scoring.published import Published
from evaluation.scoring.slices import Slice, slices
from evaluation.task import KINDS as TASKS
from evaluation.task import Task
from personalize_data.errors import BadQuestion
from recommender_models.record_columns import RecordColumns

MAIN = constants.MAIN


@dataclass(frozen=True)
class Asked:
    """What the reader wants. ``prices``: name → a month; ``attribute``: a column of users to slice by."""

    tasks: Sequence[str] = TASKS
    main: str = MAIN
    kinds: Sequence[Kind] = KINDS
    prices: Mapping[str, float] = field(default_factory=dict)
    attribute: str | None = None
    tune: bool = True
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Result:
    """All that a report shows. ``boards`` and what hangs on them: by task, those that could be scored."""

    task: Task
    boards: Mapping[str, Board]
    slices: Mapping[str, Sequence[Slice]]
    costs: Mapping[str, Sequence[Cost]]
    alarms: Sequence[Alarm]
    published: Sequence[Published]
    notes: Sequence[str]


def run(
    task: Task,
    asked: Asked,
    users: RecordColumns,
    given: Sequence[Entry] = (),
    published: Sequence[Published] = (),
    begin: Begin = unseen,
    notes: Sequence[str] = (),
) -> Result:
    """Evaluate. ``given``: lists from outside; ``begin`` shows how far it is.

    Raises BadQuestion if no task can be scored.
    """
    learnt, left_out = learn(task, users, asked.kinds, asked.seed, begin, asked.tune)
    done = begin("scores", len(asked.tasks))
    notes = [*notes, *left_out]
    entries = [*learnt, *given]
    found = {}
    for kind in asked.tasks:
        found[kind] = board(task, kind, entries, asked.main, asked.seed)
        done(1)
    boards = {kind: one for kind, one in found.items() if one is not None}
    unscored = [f"{kind}: {why_none(task, kind, entries)}" for kind, one in found.items() if one is None]
    if not boards:
        raise BadQuestion(f"nothing can be scored: {'; '.join(unscored)}")
    notes += unscored
    notes += [note for one in boards.values() for note in _left_out(one, task.catalogue)]
    parts = {kind: slices(task, one, users, asked.attribute) for kind, one in boards.items()}
    priced = {kind: costs(one, asked.prices, asked.seed) for kind, one in boards.items()}
    published = [one.with_data(task.train) for one in published]
    return Result(task, boards, parts, priced, sounded(task, boards), published, notes)


def _left_out(one: Board, catalogue: int) -> list[str]:
    if not one.left_out:
        return []
    ks = ", ".join(map(str, one.left_out))
    why = f"there are only {catalogue} items to choose from"
    if one.choice < catalogue:
        why = f"of {catalogue} items, over a tenth of the users have at most {one.choice} that they don't have yet"
    decides = f". {one.main} decides, instead of {one.instead_of}" if one.instead_of else ""
    return [f"{one.task}: k = {ks} left out: {why}{decides}"]
