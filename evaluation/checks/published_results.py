"""Which alarms a published table sets off by itself, whatever was behind it."""

from collections.abc import Iterator, Mapping, Sequence

from evaluation.checks import data, published_tables
from evaluation.checks.registry import Alarm, Said
from evaluation.data.results_table import Line
from evaluation.task import ANYTHING, NEW

TABLE = "results"


def sounded(lines: Sequence[Line]) -> list[Alarm]:
    """Return all alarms that go off. What has no task is taken for one that repeating does not answer."""
    said = [one for line in lines for one in _about_line(line)]
    tasks = dict.fromkeys(line.task for line in lines)
    said += [one for task in tasks for one in _about_task(task, [line for line in lines if line.task == task])]
    said += _about_both({kind: {line.name: line for line in lines if line.task == kind} for kind in (ANYTHING, NEW)})
    return [Alarm(name, about, says) for name, about, says in said if says]


def _about_line(line: Line) -> Iterator[Said]:
    if _too_few(line):
        return
    about = f"{line.name}, {line.task}" if line.task else line.name
    if line.task != ANYTHING:
        yield "too_good", about, published_tables.too_good(line.metrics)
    for k in _ks([line], "precision", "recall", "ndcg"):
        precision, recall, ndcg = (line.metrics[f"{metric}@{k}"] for metric in ("precision", "recall", "ndcg"))
        # Things to find a user, as hits and the share found imply them.
        relevant = k * precision / recall if recall else 0.0
        yield "hits_only_ndcg", about, published_tables.hits_only_ndcg(precision, relevant, ndcg, k)


def _about_task(task: str | None, lines: Sequence[Line]) -> Iterator[Said]:
    about = task or TABLE
    table = {line.name: line.metrics for line in lines}
    for k in _ks(lines, "precision", "recall"):
        yield "not_one_truth", about, published_tables.not_one_truth(table, k)
    users = [line.users for line in lines if line.users is not None]
    yield "too_few_users", about, data.too_few_users(min(users)) if users else None


def _about_both(of_task: Mapping[str, Mapping[str, Line]]) -> Iterator[Said]:
    for name, had in of_task[ANYTHING].items():
        new = of_task[NEW].get(name)
        if new and not (_too_few(had) or _too_few(new)):
            says = published_tables.acquisition_like_ownership(had.metrics, new.metrics)
            yield "acquisition_like_ownership", name, says


def _too_few(line: Line) -> bool:
    """Return whether chance does with so many users what a fault does with many."""
    return line.users is not None and line.users < data.ENOUGH_USERS


def _ks(lines: Sequence[Line], *metrics: str) -> list[int]:
    """Return each k at which some line has all of these."""
    found = {name.partition("@")[2] for line in lines for name in line.metrics}
    return sorted(
        int(k) for k in found if any(all(f"{metric}@{k}" in line.metrics for metric in metrics) for line in lines)
    )
