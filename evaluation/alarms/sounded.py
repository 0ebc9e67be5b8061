"""Which alarms go off for an evaluation: each with what it is about, and a name to look it up by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evaluation.alarms import data, histories, lists, tables
from evaluation.scoring.board import Board, Row
from evaluation.scoring.published import Published
from evaluation.task import ANYTHING, NEW, Task

SCORED_K = 10


@dataclass(frozen=True)
class Alarm:
    """``about``: a recommender, a task, or the data; ``says``: one sentence."""

    name: str
    about: str
    says: str


Said = tuple[str, str, str | None]


def sounded(task: Task, boards: Mapping[str, Board], published: Sequence[Published] = ()) -> list[Alarm]:
    """Return all alarms that go off."""
    said = [*_about_data(task, boards)]
    for board in boards.values():
        said += [one for row in board.rows for one in _about_row(task, board, row)]
    if len(boards) == 2:
        said += _about_both(boards)
    relevant = len(task.truth) / max(1, task.users)
    said += [one for answer in published for one in _about_published(answer, relevant)]
    return [Alarm(name, about, says) for name, about, says in said if says]


def _about_data(task: Task, boards: Mapping[str, Board]) -> Iterator[Said]:
    yield "training_after_cut", "data", data.training_after_cut(task)
    yield "truth_before_cut", "data", data.truth_before_cut(task)
    yield "repeat_task", "data", data.repeat_task(task)
    owned, items = task.owned(), len(task.past.item_ids)
    shared = histories.shared(task.truth, owned, task.users, items)
    yield "wrong_histories", "data", histories.wrong_histories(shared)
    yield "truth_owned", "data", histories.truth_owned(shared, task.truth, owned, items)
    for kind, board in boards.items():
        yield "too_few_users", kind, data.too_few_users(len(board.users))


def _about_row(task: Task, board: Board, row: Row) -> Iterator[Said]:
    entry, about = row.entry, f"{row.entry.name}, {board.task}"
    made, means = entry.lists[board.task], row.scores.means()
    if board.task == NEW:
        yield "owned_items", about, lists.owned_items_recommended(made, task.owned(), len(task.past.item_ids))
        yield "too_good", about, tables.too_good(means)
    if not entry.baseline:
        yield "one_item_first", about, lists.one_item_first(made)
        k = min(SCORED_K, board.ks[-1])
        yield "not_personal", about, lists.not_personal(made, task.truth_of(board.task), k)
        if row.against_best and board.best_baseline:
            verdict = tables.baseline_wins(board.best_baseline, row.against_best.verdict)
            yield "baseline_wins", about, verdict
    if entry.given and board.task == ANYTHING:
        yield "unknown_items", entry.name, lists.unknown_items(entry.given.unknown_items, int((made >= 0).sum()))
        yield "unknown_users", entry.name, lists.unknown_users(entry.given.unknown_users)
        given = entry.given
        without = lists.users_without_list(given.users_without, task.users, given.refused, given.missing)
        yield "users_without_list", entry.name, without
        yield "repeats", entry.name, lists.repeats(entry.given.repeated)


def _about_both(boards: Mapping[str, Board]) -> Iterator[Said]:
    for row in boards[ANYTHING].rows:
        others = [other for other in boards[NEW].rows if other.entry.name == row.entry.name]
        if others:
            says = tables.acquisition_like_ownership(row.scores.means(), others[0].scores.means())
            yield "acquisition_like_ownership", row.entry.name, says


def _about_published(answer: Published, relevant: float) -> Iterator[Said]:
    k = 25
    precision = answer.metrics.get(f"precision_at_{k}")
    ndcg = answer.metrics.get(f"normalized_discounted_cumulative_gain_at_{k}")
    if precision is not None and ndcg is not None:
        yield "hits_only_ndcg", answer.name, tables.hits_only_ndcg(precision, relevant, ndcg, k)
