"""The order of an evaluation: a question, those who answer it, what their answers are worth, what is odd about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluation import constants
from evaluation.diagnostics.registry import Diagnostic, diagnose
from evaluation.progress import Begin, unseen
from evaluation.recommenders.candidates import Candidate, train
from evaluation.recommenders.registry import RECOMMENDERS, RecommenderSpec
from evaluation.scoring.cost import Cost, costs
from evaluation.scoring.leaderboard import Leaderboard, leaderboard, why_none
from evaluation.scoring.metric import Metric
from evaluation.scoring.published import Published
from evaluation.scoring.slices import Slice, slices
from evaluation.task import TASKS, Task
from personalize_data.errors import InvalidRequest
from recommender_models.record_columns import RecordColumns

MAIN = constants.MAIN


@dataclass(frozen=True)
class EvaluationRequest:
    """What the reader wants. ``prices``: name → a month; ``attribute``: a column of users to slice by."""

    tasks: Sequence[str] = TASKS
    main: Metric = MAIN
    kinds: Sequence[RecommenderSpec] = RECOMMENDERS
    prices: Mapping[str, float] = field(default_factory=dict)
    attribute: str | None = None
    tune: bool = True
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All that a report shows. ``boards`` and what hangs on them: by task, those that could be scored."""

    task: Task
    boards: Mapping[str, Leaderboard]
    slices: Mapping[str, Sequence[Slice]]
    costs: Mapping[str, Sequence[Cost]]
    diagnostics: Sequence[Diagnostic]
    published: Sequence[Published]
    notes: Sequence[str]


def run(
    task: Task,
    request: EvaluationRequest,
    users: RecordColumns,
    external: Sequence[Candidate] = (),
    published: Sequence[Published] = (),
    begin: Begin = unseen,
    notes: Sequence[str] = (),
) -> Evaluation:
    """Evaluate. ``external``: lists from outside; ``begin`` shows how far it is.

    Raises BadQuestion if no task can be scored.
    """
    trained, left_out = train(task, users, request.kinds, request.seed, begin, request.tune)
    done = begin("scores", len(request.tasks))
    notes = [*notes, *left_out]
    candidates = [*trained, *external]
    board_by_task = {}
    for kind in request.tasks:
        board_by_task[kind] = leaderboard(task, kind, candidates, request.main, request.seed)
        done(1)
    boards = {kind: one for kind, one in board_by_task.items() if one is not None}
    unscored = [f"{kind}: {why_none(task, kind, candidates)}" for kind, one in board_by_task.items() if one is None]
    if not boards:
        raise InvalidRequest(f"nothing can be scored: {'; '.join(unscored)}")
    notes += unscored
    notes += [note for value in boards.values() for note in _left_out(value, task.catalogue)]
    parts = {kind: slices(task, one, users, request.attribute) for kind, one in boards.items()}
    priced = {kind: costs(one, request.prices, request.seed) for kind, one in boards.items()}
    published = [one.with_data(task.train) for one in published]
    return Evaluation(task, boards, parts, priced, diagnose(task, boards), published, notes)


def _left_out(board: Leaderboard, catalogue: int) -> list[str]:
    if not board.left_out:
        return []
    ks = ", ".join(map(str, board.left_out))
    why = f"there are only {catalogue} items to choose from"
    if board.candidate_count < catalogue:
        why = (
            f"of {catalogue} items, over a tenth of the users have at most {board.candidate_count} that they "
            "don't have yet"
        )
    decides = f". {board.main} decides, instead of {board.instead_of}" if board.instead_of else ""
    return [f"{board.task}: k = {ks} left out: {why}{decides}"]
