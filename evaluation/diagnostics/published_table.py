"""Which diagnostics a published table gives by itself, whatever was behind it."""

from collections.abc import Iterator, Mapping, Sequence

from evaluation.data.results_table import PublishedResult
from evaluation.diagnostics import data, published_tables
from evaluation.diagnostics.registry import CheckResult, Diagnostic
from evaluation.scoring.metric import Metric
from evaluation.task import ALL_ITEMS, NEW_ITEMS

TABLE = "results"


def diagnose(lines: Sequence[PublishedResult]) -> list[Diagnostic]:
    """Return all diagnostics that find something. What has no task is taken for one that repeating does not answer."""
    results = [result for line in lines for result in _about_line(line)]
    tasks = dict.fromkeys(line.task for line in lines)
    results += [result for task in tasks for result in _about_task(task, [line for line in lines if line.task == task])]
    results += _about_both(
        {task: {line.name: line for line in lines if line.task == task} for task in (ALL_ITEMS, NEW_ITEMS)}
    )
    return [Diagnostic(name, about, message) for name, about, message in results if message]


def _about_line(line: PublishedResult) -> Iterator[CheckResult]:
    if _too_few(line):
        return
    about = f"{line.name}, {line.task}" if line.task else line.name
    if line.task != ALL_ITEMS:
        yield "too_good", about, published_tables.too_good(line.metrics)
    for k in _ks([line], "precision", "recall", "ndcg"):
        precision, recall, ndcg = (line.metrics[Metric(name, k)] for name in ("precision", "recall", "ndcg"))
        # Things to find a user, as hits and the share found imply them.
        relevant = k * precision / recall if recall else 0.0
        yield "hits_only_ndcg", about, published_tables.hits_only_ndcg(precision, relevant, ndcg, k)


def _about_task(task: str | None, lines: Sequence[PublishedResult]) -> Iterator[CheckResult]:
    about = task or TABLE
    table = {line.name: line.metrics for line in lines}
    for k in _ks(lines, "precision", "recall"):
        yield "not_one_truth", about, published_tables.not_one_truth(table, k)
    users = [line.users for line in lines if line.users is not None]
    yield "too_few_users", about, data.too_few_users(min(users)) if users else None


def _about_both(lines_by_task: Mapping[str, Mapping[str, PublishedResult]]) -> Iterator[CheckResult]:
    for name, had in lines_by_task[ALL_ITEMS].items():
        new = lines_by_task[NEW_ITEMS].get(name)
        if new and not (_too_few(had) or _too_few(new)):
            message = published_tables.new_items_like_all_items(had.metrics, new.metrics)
            yield "new_items_like_all_items", name, message


def _too_few(line: PublishedResult) -> bool:
    """Return whether chance does with so many users what a fault does with many."""
    return line.users is not None and line.users < data.ENOUGH_USERS


def _ks(lines: Sequence[PublishedResult], *names: str) -> list[int]:
    """Return each k at which some line has all of these."""
    ks = sorted({metric.k for line in lines for metric in line.metrics})
    return [k for k in ks if any(all(Metric(name, k) in line.metrics for name in names) for line in lines)]
