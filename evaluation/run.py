"""The order of an evaluation: read the question, train and read the candidates, score them, and check the result."""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from evaluation import question as questions
from evaluation.data import attributes, item_columns
from evaluation.data.results_table import PublishedResult
from evaluation.diagnostics.data import shaped_by_lists
from evaluation.diagnostics.registry import Diagnostic, diagnose
from evaluation.progress import Begin, unseen
from evaluation.provenance import Provenance, provenance
from evaluation.recommenders import external as external_lists
from evaluation.recommenders.candidates import Candidate, train
from evaluation.recommenders.tuning import ValidationFacts
from evaluation.request import ComparisonSettings, EvaluationRequest
from evaluation.scoring import cuts
from evaluation.scoring import gate as gates
from evaluation.scoring.categories import CategoryMeasures, by_category
from evaluation.scoring.cost import Cost, costs
from evaluation.scoring.cuts import Cut, CutsResult
from evaluation.scoring.gate import Outcome
from evaluation.scoring.leaderboard import Leaderboard, score_candidates, why_none
from evaluation.scoring.published import Published
from evaluation.scoring.slices import Slice, slices
from evaluation.task import Task, in_order
from personalize_data.errors import InvalidRequest
from recommender_models.record_columns import RecordColumns

NO_ITEMS = RecordColumns()


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All that a report shows. ``leaderboards`` and what belongs to them: by task, those that could be scored.

    ``outcomes``: of the request's requirements, in their order; ``how``: where all this comes from, if it was read.
    ``cuts``: by task, over all cuts, empty where there is only one. ``categories``: measures by recommender;
    ``titles``: of items.
    """

    task: Task
    leaderboards: Mapping[str, Leaderboard]
    slices: Mapping[str, Sequence[Slice]]
    costs: Mapping[str, Sequence[Cost]]
    diagnostics: Sequence[Diagnostic]
    notes: Sequence[str]
    published: Sequence[Published] = ()
    results: Sequence[PublishedResult] = ()
    outcomes: Sequence[Outcome] = ()
    how: Provenance | None = None
    cuts: Mapping[str, CutsResult] = field(default_factory=dict)
    categories: Mapping[str, Mapping[str, CategoryMeasures]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)


def evaluate(request: EvaluationRequest, begin: Begin = unseen) -> Evaluation:
    """Evaluate; ``begin`` shows how far it is.

    Raises BadFile, InvalidRequest if nothing can be scored or a requirement can't be answered, and what the campaign
    raises.
    """
    with tempfile.TemporaryDirectory(prefix="broker-evaluate-") as folder:
        return _evaluated(request, begin, Path(folder))


def _evaluated(request: EvaluationRequest, begin: Begin, folder: Path) -> Evaluation:
    """Evaluate; ``folder``: for interactions that do not fit into memory."""
    notes: list[str] = []
    users = _users(request, notes.append)
    begin(f"reading {request.file.name}", None)
    question = questions.read(request, folder, begin)
    candidates = external_lists.read(request, question.task, begin)
    earlier, like = _earlier(question, request.settings, users, begin)
    evaluation = compare(question.task, request.settings, users, candidates, begin, like, question.items)
    all_cuts = [*earlier, cuts.cut(question.task, evaluation.leaderboards)]
    over = {name: cuts.over(all_cuts, name) for name in evaluation.leaderboards}
    how = provenance(request, question.data, _validation(like, evaluation.leaderboards.values()))
    return replace(
        evaluation,
        diagnostics=[*question.diagnostics, *_shaped(how), *evaluation.diagnostics, *request.figures.diagnostics],
        notes=[
            *question.notes,
            *notes,
            *external_lists.notes(candidates),
            *(_newest_alone(candidates) if earlier else []),
            *evaluation.notes,
        ],
        published=[answer.with_data(question.task.train) for answer in request.figures.metrics],
        results=request.figures.results,
        outcomes=[
            gates.check(gate, evaluation.leaderboards, request.settings.seed, all_cuts) for gate in request.requirements
        ],
        how=how,
        cuts={name: result for name, result in over.items() if result},
    )


def compare(
    task: Task,
    settings: ComparisonSettings,
    users: RecordColumns,
    external: Sequence[Candidate] = (),
    begin: Begin = unseen,
    like: Sequence[Candidate] = (),
    items: RecordColumns = NO_ITEMS,
) -> Evaluation:
    """Compare recommenders on one question. Raises InvalidRequest as ``evaluate``.

    ``external``: lists from outside; ``like`` and ``items``: see ``train``.
    """
    settings, order_note = _in_order(task, settings)
    trained, left_out = train(task, users, settings.recommenders, settings.seed, begin, settings.tune, like, items)
    leaderboards, unscored = _boards(task, settings, [*trained, *external], begin)
    parts = {name: slices(task, leaderboard, users, settings.slice_by) for name, leaderboard in leaderboards.items()}
    priced = {
        name: costs(leaderboard, settings.prices, settings.seed, settings.business)
        for name, leaderboard in leaderboards.items()
    }
    metrics_left_out = [
        note for leaderboard in leaderboards.values() for note in _left_out(leaderboard, task.catalogue)
    ]
    notes = [*order_note, *left_out, *unscored, *metrics_left_out]
    known = item_columns.categories_of(items)
    return Evaluation(
        task,
        leaderboards,
        parts,
        priced,
        diagnose(task, leaderboards),
        notes,
        categories={name: by_category(task, leaderboard, known) for name, leaderboard in leaderboards.items()},
        titles=item_columns.titles_of(items),
    )


def _shaped(how: Provenance) -> list[Diagnostic]:
    """Return what is odd about a log that lists have shaped, unless only users without lists are asked about."""
    facts = how.data
    message = shaped_by_lists(facts.from_lists, facts.interactions, facts.list_column)
    return [Diagnostic("shaped_by_lists", "data", message)] if message and not how.hold_out.arm else []


def _in_order(task: Task, settings: ComparisonSettings) -> tuple[ComparisonSettings, list[str]]:
    """Return the settings with the task first that has most to say, and a note if that is not the usual one."""
    tasks = in_order(task, settings.tasks)
    if tasks == list(settings.tasks):
        return settings, []
    share = f"{task.repeat_share():.1%} of what is to be predicted the user had before"
    return replace(settings, tasks=tasks), [f"{share}: (nearly) nobody repeats, so {tasks[0]} comes first"]


def _earlier(
    question: questions.Question, settings: ComparisonSettings, users: RecordColumns, begin: Begin
) -> tuple[list[Cut], Sequence[Candidate]]:
    """Return the earlier cuts, the oldest first, and what was trained at the oldest one.

    Settings are chosen there, before anything that is predicted at any cut; each other cut only trains again.
    """
    earlier: list[Cut] = []
    like: Sequence[Candidate] = ()
    for read_task in question.earlier:
        task = read_task()
        trained, _ = train(
            task, users, settings.recommenders, settings.seed, begin, settings.tune, like, question.items
        )
        like = like or trained
        leaderboards, _ = _boards(task, settings, trained, begin)
        earlier.append(cuts.cut(task, leaderboards))
    return earlier, like


def _newest_alone(candidates: Sequence[Candidate]) -> list[str]:
    return [f"{candidate.name} takes part at the newest cut alone: lists are made for one" for candidate in candidates]


def _validation(like: Sequence[Candidate], leaderboards: Iterable[Leaderboard]) -> ValidationFacts | None:
    """Return by what settings were chosen: at the oldest cut, where there are several."""
    newest = (row.candidate for leaderboard in leaderboards for row in leaderboard.rows)
    return next((candidate.validation for candidate in [*like, *newest] if candidate.validation), None)


def _users(request: EvaluationRequest, note: Callable[[str], None]) -> RecordColumns:
    users = attributes.read(request.users_file, "USER_ID", note) if request.users_file else RecordColumns()
    column = request.settings.slice_by
    if column is not None and column not in users.columns:
        known = f"(there are: {', '.join(users.columns) or 'none'})"
        raise InvalidRequest(f"--slice-by {column}: {request.users_file} has no such column {known}")
    return users


def _boards(
    task: Task, settings: ComparisonSettings, candidates: Sequence[Candidate], begin: Begin
) -> tuple[dict[str, Leaderboard], list[str]]:
    """Return the leaderboards by task, and why others could not be scored."""
    advance = begin("scores", len(settings.tasks))
    leaderboards, unscored = {}, []
    for name in settings.tasks:
        leaderboard = score_candidates(task, name, candidates, settings.main, settings.seed, settings.matters)
        if leaderboard is None:
            unscored.append(f"{name}: {why_none(task, name, candidates)}")
        else:
            leaderboards[name] = leaderboard
        advance(1)
    if not leaderboards:
        raise InvalidRequest(f"nothing can be scored: {'; '.join(unscored)}")
    return leaderboards, unscored


def _left_out(leaderboard: Leaderboard, catalogue: int) -> list[str]:
    if not leaderboard.left_out:
        return []
    ks = ", ".join(map(str, leaderboard.left_out))
    why = f"there are only {catalogue} items to choose from"
    if leaderboard.candidate_count < catalogue:
        why = (
            f"of {catalogue} items, over a tenth of the users have at most {leaderboard.candidate_count} that they "
            "don't have yet"
        )
    decides = f". {leaderboard.main} decides, instead of {leaderboard.instead_of}" if leaderboard.instead_of else ""
    return [f"{leaderboard.task}: k = {ks} left out: {why}{decides}"]
