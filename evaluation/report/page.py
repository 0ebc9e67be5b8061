"""A report as one HTML file that stands alone: no script, no font and no picture from elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from evaluation.report import plots
from evaluation.report.style import svg
from evaluation.report.text import TITLES, Table, headline, over_cuts, periods, question, task_tables
from evaluation.run import Evaluation
from evaluation.scoring.leaderboard import Leaderboard
from evaluation.scoring.published import Published

TEMPLATE = "page.html.j2"
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
WORDS = {
    "@10": "of the first 10 places of each list; likewise with other numbers",
    "HR, hit rate": "share of users with at least one hit",
    "P, precision": "share of the places that are hits",
    "R, recall": "share of what the user then took that the list held",
    "MRR": "1 / the place of the first hit (1st: 1, 2nd: 0.5, none: 0), on average",
    "MAP": "precision at each hit, averaged over all that the user then took: rewards all hits that stand early",
    "NDCG": "hits count the less, the later they stand; 1 is a list that begins with all that the user then took",
    "95 %": "how far a number may be off, by the chance of which users were asked",
    "win/lose": "share of users for whom the list is better, or worse, than that which it is compared with",
    "baseline": "no model: chance, what is taken most, or what the user had before",
    "catalogue covered": "share of all items that stand in the first places of at least one list",
    "novelty, bits": "how rarely the shown items are taken, on average: one bit more is half as often",
    "top-20 items": "share of the first places that the 20 most popular items take",
    "full lists": "users who get as many items as were asked for",
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
    """What the page shows of one task; plots are SVG."""

    title: str
    plot: Markup
    tables: list[Table]
    slices_plot: Markup | None
    costs: list[str]
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
    return TEMPLATES.get_template(TEMPLATE).render(
        title=f"{result.source}: recommenders compared" if result.source else "Recommenders compared",
        headlines=[headline(leaderboard, result.cuts.get(name)) for name, leaderboard in result.leaderboards.items()],
        periods=periods(result.task, result.cuts),
        faults=[diagnostic for diagnostic in result.diagnostics if diagnostic.fault],
        glossary=list(glossary(result.leaderboards)),
        question=question(result.task),
        question_plots=[_markup(plots.items(result.task)), _markup(plots.histories(result.task))],
        sections=[_section(leaderboard, result, currency) for leaderboard in result.leaderboards.values()],
        published=[_published(answer) for answer in result.published],
        results=[diagnostic for diagnostic in result.diagnostics if not diagnostic.fault],
        how_to_read=HOW,
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
    return Section(
        title=TITLES[leaderboard.task],
        plot=_markup(plots.models(leaderboard)),
        tables=[
            *task_tables(leaderboard),
            *(over_cuts(over) for name, over in result.cuts.items() if name == leaderboard.task),
        ],
        slices_plot=_slices_plot(leaderboard, result),
        costs=[cost.in_words(currency) for cost in result.costs[leaderboard.task]],
        personalize=_personalize(leaderboard),
        every_metric=_every_metric(leaderboard),
        settings=_settings(leaderboard),
    )


def _slices_plot(leaderboard: Leaderboard, result: Evaluation) -> Markup | None:
    parts = [part for part in result.slices[leaderboard.task] if part.values]
    candidates = [row.candidate for row in leaderboard.rows]
    names = [
        candidate.name
        for candidate in candidates
        if not candidate.baseline or candidate.name == leaderboard.best_baseline
    ]
    return _markup(plots.slices(leaderboard, parts, names)) if parts else None


def _personalize(leaderboard: Leaderboard) -> Table:
    metrics = list(leaderboard.rows[0].personalize)
    rows = [[row.candidate.name, *(f"{row.personalize[metric]:.4f}" for metric in metrics)] for row in leaderboard.rows]
    columns = ["recommender", *(metric.replace("_", " ") for metric in metrics)]
    return Table("By Amazon Personalize's own rules", columns, rows)


def _every_metric(leaderboard: Leaderboard) -> Table:
    """Return a line for each metric and k, the metrics one after the other, a column for each recommender."""
    metrics = sorted(leaderboard.rows[0].intervals, key=lambda metric: metric.name)
    rows = [[str(metric), *(f"{row.intervals[metric].mean:.4f}" for row in leaderboard.rows)] for metric in metrics]
    return Table("All metrics at every k", ["metric", *(row.candidate.name for row in leaderboard.rows)], rows)


def _settings(leaderboard: Leaderboard) -> Table:
    rows = []
    for row in leaderboard.rows:
        names = (row.candidate.settings or {}).get(leaderboard.task, {})
        choice = (row.candidate.choices or {}).get(leaderboard.task)
        if names and choice:
            rows.append([row.candidate.name, ", ".join(map(choice.in_words, names))])
    title = "Settings: chosen by validation, kept where it shows nothing better, or the defaults"
    return Table(title, ["recommender", "settings"], rows, words=True)


def _published(answer: Published) -> PublishedAnswer:
    rows = []
    for name, value in answer.metrics.items():
        _, low, high = answer.intervals.get(name, (value, None, None))
        rows.append([name.replace("_", " "), f"{value:.4f}", f"{low:.3f} to {high:.3f}" if low is not None else ""])
    title = f"{answer.name}, as Personalize printed it"
    return PublishedAnswer(title, answer.in_words(), Table(title, ["metric", "value", "95 %"], rows))


def _markup(figure: Figure) -> Markup:
    """Return a plot, whose texts matplotlib has escaped."""
    return Markup(svg(figure))  # noqa: S704 - not of text
