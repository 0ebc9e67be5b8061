"""A report as one HTML file that stands alone: no script, no font and no picture from elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evaluation.report import answer, charts, method, money, shown
from evaluation.report.text import (
    TITLES,
    Table,
    beyond_accuracy,
    catalogue,
    headline,
    means,
    over_cuts,
    question,
    reachable,
    settings,
    slices,
    verdicts,
)
from evaluation.run import Evaluation
from evaluation.scoring.leaderboard import Leaderboard
from evaluation.scoring.published import Published

TEMPLATE = "page.html.j2"
ITEMS = "Share of the interactions that the most popular items have"
HISTORIES = "Users by their interactions before"
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
WORDS = {
    "@10": "of the first 10 places of each list; likewise with other numbers",
    "HR, hit rate": "share of users with at least one hit",
    "P, precision": "share of the places that are hits",
    "R, recall": "share of what the user took that the list held",
    "MRR": "1 / the place of the first hit (1st: 1, 2nd: 0.5, none: 0), on average",
    "MAP": "precision at each hit, averaged over all that the user took: rewards all hits that stand early",
    "NDCG": "hits count the less, the later they stand; 1 is a list that begins with all that the user took",
    "95 %": "how far a number may be off, by the chance of which users were asked",
    "win/lose": "share of users for whom the list is better, or worse, than that which it is compared with",
    "baseline": "no model: chance, what is taken most, or what the user had before",
    "catalogue covered": "share of the catalogue that stands in the first places of at least one list",
    "catalogue": "the items of the training data, and others of --items",
    "novelty, bits": "how rarely the shown items are taken, on average: one bit more is half as often",
    "top-20 items": "share of the first places that the 20 most popular items take",
    "full lists": "users who get as many items as were asked for",
    "half of the places": "the fewest items that fill half of the first places: few items are shown to all",
    "Gini": "how unequal the places are over the catalogue: 0 if every item has as many, near 1 if few have all",
    "overlap": "share of the places that two users' lists have in common: 100 % is one list for all",
    "diversity": "how much the items of a list differ in their categories: 0 all the same, 1 no two share one",
    "calibration": "how far the categories of a list are from those of the user's past, in nats: 0 is the same mix",
}


HOW = (
    "Every recommender was asked about the same users, knowing the same past. A verdict compares it with the best of "
    "the baselines; it says better or worse where the 95 % interval of the difference leaves out zero (Student's t, "
    "or a studentized bootstrap of the users where that is wider; verdicts of one column are corrected for their "
    "number by Holm's method), and too few below 100 users, or 20 who differ. The best baseline, and the best here, "
    "are named in validation, within the training data; without one they are the best of this test, and verdicts are "
    "corrected for that, too. What "
    "a test finds, it finds four times in five. NDCG is the usual one; Personalize's divides by "
    "the ideal of the hits found, and is always higher."
)


@dataclass(frozen=True)
class Section:
    """What the page shows of one task."""

    title: str
    main: str
    chart: Sequence[charts.Bar]
    differences: Sequence[charts.Bar]
    zero: float
    best_baseline: str
    kinds: Mapping[str, str]
    tables: Sequence[Table]
    slices: Table
    beyond: Table
    catalogue: str
    reachable: str
    most_shown: Table
    money: Sequence[str]
    personalize: Table
    every_metric: Table
    settings: Table


@dataclass(frozen=True)
class PublishedAnswer:
    """What Personalize printed, and of how many users."""

    title: str
    users: str
    table: Table


def write(result: Evaluation, path: Path, currency: str) -> None:
    """Write the report."""
    path.write_text(page(result, currency), encoding="utf-8")


def page(result: Evaluation, currency: str) -> str:
    """Return the report as HTML."""
    how = result.how
    return TEMPLATES.get_template(TEMPLATE).render(
        title=f"{how.source}: recommenders compared" if how else "Recommenders compared",
        data=method.data(how) if how else "",
        made=method.made(how) if how else "",
        asked=answer.question(result),
        answers=answer.answers(result, currency),
        causality=answer.CAUSALITY,
        caveats=answer.caveats(result),
        headlines=[
            headline(leaderboard, result.cuts.get(name), answer.left_out(result))
            for name, leaderboard in result.leaderboards.items()
        ],
        faults=[diagnostic for diagnostic in result.diagnostics if diagnostic.fault],
        glossary=list(glossary(result.leaderboards)),
        question=question(result.task),
        question_charts=[(ITEMS, charts.items(result.task)), (HISTORIES, charts.histories(result.task))],
        sections=[_section(leaderboard, result, currency) for leaderboard in result.leaderboards.values()],
        published=[_published(figures) for figures in result.published],
        results=[diagnostic for diagnostic in result.diagnostics if not diagnostic.fault],
        how_to_read=HOW,
        how=method.lines(how, result.task.cut) if how else [],
        notes=result.notes,
    )


def glossary(leaderboards: Mapping[str, Leaderboard]) -> Iterator[tuple[str, str]]:
    """Yield each recommender that takes part, and each word, with what it means."""
    yield from {
        row.candidate.name: row.candidate.description
        for leaderboard in leaderboards.values()
        for row in leaderboard.rows
    }.items()
    yield from WORDS.items()


def _section(leaderboard: Leaderboard, result: Evaluation, currency: str) -> Section:
    over = result.cuts.get(leaderboard.task)
    differences, zero = charts.differences(leaderboard)
    judged = [row.candidate.name for row in answer.judged(result, leaderboard)]
    compared = list(dict.fromkeys(name for name in (*judged, leaderboard.best_here, leaderboard.best_baseline) if name))
    return Section(
        title=TITLES[leaderboard.task],
        main=str(leaderboard.main),
        chart=charts.models(leaderboard),
        differences=differences,
        zero=zero,
        best_baseline=leaderboard.best_baseline or "",
        kinds=charts.kinds(leaderboard),
        tables=[means(leaderboard), verdicts(leaderboard), *([over_cuts(over)] if over else [])],
        slices=slices(leaderboard, result.slices[leaderboard.task]),
        beyond=beyond_accuracy(leaderboard, result.categories.get(leaderboard.task, {})),
        catalogue=catalogue(result.task),
        reachable=reachable(result.task, leaderboard.task),
        most_shown=shown.most_shown(leaderboard, shown.Names(result.task, result.titles), compared),
        money=[sentence for cost in result.costs[leaderboard.task] for sentence in money.sentences(cost, currency)],
        personalize=_personalize(leaderboard),
        every_metric=_every_metric(leaderboard),
        settings=settings(leaderboard),
    )


def _personalize(leaderboard: Leaderboard) -> Table:
    metrics = list(leaderboard.rows[0].personalize)
    rows = [
        [row.candidate.name, *(f"{row.personalize[metric]:.4f}" for metric in metrics)] for row in leaderboard.by_main
    ]
    columns = ["recommender", *(metric.replace("_", " ") for metric in metrics)]
    return Table("By Amazon Personalize's own rules", columns, rows)


def _every_metric(leaderboard: Leaderboard) -> Table:
    """Return a line for each metric and k, the metrics one after the other, a column for each recommender."""
    metrics = sorted(leaderboard.rows[0].intervals, key=lambda metric: metric.name)
    best_first = leaderboard.by_main
    rows = [[str(metric), *(f"{row.intervals[metric].mean:.4f}" for row in best_first)] for metric in metrics]
    return Table("All metrics at every k", ["metric", *(row.candidate.name for row in best_first)], rows)


def _published(answer: Published) -> PublishedAnswer:
    rows = []
    for name, value in answer.metrics.items():
        _, low, high = answer.intervals.get(name, (value, None, None))
        rows.append([name.replace("_", " "), f"{value:.4f}", f"{low:.3f} to {high:.3f}" if low is not None else ""])
    title = f"{answer.name}, as Personalize printed it"
    return PublishedAnswer(title, answer.in_words(), Table(title, ["metric", "value", "95 %"], rows))
