"""A report as one HTML file that stands alone: no script, no font and no picture from elsewhere."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from evaluation.diagnostics.registry import Diagnostic
from evaluation.report import plots
from evaluation.report.style import svg
from evaluation.report.text import TITLES, headline, question, task_tables
from evaluation.run import Evaluation
from evaluation.scoring.leaderboard import Leaderboard
from evaluation.scoring.published import Published

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #22272e; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.25rem; margin-top: 2.5rem; border-bottom: 1px solid #d7dbe0 }
table { border-collapse: collapse; margin: 1rem 0; font-size: 13.5px; display: block; overflow-x: auto }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid #e6e9ed; white-space: nowrap }
th:first-child, td:first-child, td.words { text-align: left } td.words { white-space: normal; min-width: 9rem }
.pair { display: flex; flex-wrap: wrap; gap: 1rem } svg { max-width: 100%; height: auto }
.diagnostic { background: #fff4e0; border-left: 4px solid #d9822b; padding: .3rem .8rem; margin: .4rem 0 }
summary { cursor: pointer; margin: .6rem 0 }
dt { font-weight: 600 } dd { margin: 0 0 .4rem 1rem }
.lead { font-size: 1.1rem } .small { color: #5b6470; font-size: 13px } .best { font-weight: 600 }
"""
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


def write(result: Evaluation, path: Path, currency: str) -> None:
    """Write the report."""
    path.write_text(page(result, currency), encoding="utf-8")


def page(result: Evaluation, currency: str) -> str:
    """Return the report as HTML."""
    parts = [
        "<h1>Is it any good? Recommenders compared on the same users</h1>",
        *(f'<p class="lead">{_text(headline(board))}</p>' for board in result.boards.values()),
        *_faults([diagnostic for diagnostic in result.diagnostics if diagnostic.fault]),
        _glossary(result),
        "<h2>The question</h2>",
        f"<p>{_text(question(result.task))}</p>",
        f'<div class="pair">{svg(plots.items(result.task))}{svg(plots.histories(result.task))}</div>',
        *(part for board in result.boards.values() for part in _board(board, result, currency)),
        *(part for answer in result.published for part in _published(answer)),
        *_results([diagnostic for diagnostic in result.diagnostics if not diagnostic.fault]),
        "<h2>How to read this</h2>",
        f'<p class="small">{_text(HOW)}</p>',
        *(f'<p class="small">{_text(note)}</p>' for note in result.notes),
    ]
    head = f'<meta charset="utf-8"><title>Recommenders compared</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(parts) + "\n</body></html>\n"


HOW = (
    "Every recommender was asked about the same users, knowing the same past. A verdict compares it with the best of "
    "the baselines; it says better or worse where the 95 % interval of the difference leaves out zero (paired "
    "bootstrap of the users, or Student's t where that is wider; 10 users at least, of whom 6 differ). Users needed "
    "are for finding a difference of the size seen four times in five. NDCG is the usual one; Personalize's divides by "
    "the ideal of the hits found, and is always higher."
)


def _board(board: Leaderboard, result: Evaluation, currency: str) -> Iterable[str]:
    yield f"<h2>{_text(TITLES[board.task])}</h2>"
    yield svg(plots.models(board))
    for table in task_tables(board):
        yield f"<h3>{_text(table.title)}</h3>"
        yield _table(table.columns, table.rows, words=table.words)
    parts = [part for part in result.slices[board.task] if part.values]
    names = [
        row.candidate.name
        for row in board.rows
        if not row.candidate.baseline or row.candidate.name == board.best_baseline
    ]
    if parts:
        yield "<h3>Where it comes from</h3>"
        yield svg(plots.slices(board, parts, names))
    yield from (f"<p>{_text(cost.in_words(currency))}</p>" for cost in result.costs[board.task])
    first = [str(name) for name in board.rows[0].personalize]
    yield "<h3>By Amazon Personalize's own rules</h3>"
    numbers = [[row.candidate.name, *(f"{row.personalize[name]:.4f}" for name in first)] for row in board.rows]
    yield _table(["recommender", *(name.replace("_", " ") for name in first)], numbers)
    yield _details("All metrics at every k", _every_metric(board))
    yield _details("Settings that were chosen, or the defaults", _settings(board))


def _faults(diagnostics: Sequence[Diagnostic]) -> Iterable[str]:
    if diagnostics:
        yield "<h2>Faults to look into</h2>"
    yield from (
        f'<p class="diagnostic"><b>{_text(diagnostic.about)}</b>: {_text(diagnostic.message)}</p>'
        for diagnostic in diagnostics
    )


def _results(diagnostics: Sequence[Diagnostic]) -> Iterable[str]:
    if diagnostics:
        yield "<h2>What the figures say</h2>"
    yield from (
        f'<p class="small">{_text(diagnostic.about)}: {_text(diagnostic.message)}</p>' for diagnostic in diagnostics
    )


def _glossary(result: Evaluation) -> str:
    meant = "".join(f"<dt>{_text(word)}</dt><dd>{_text(meaning)}</dd>" for word, meaning in entries(result.boards))
    return _details("What the names and words mean", f"<dl>{meant}</dl>")


def _details(summary: str, table: str) -> str:
    return f"<details><summary>{_text(summary)}</summary>{table}</details>"


def _every_metric(board: Leaderboard) -> str:
    """Return a line for each metric and k, the metrics one after the other, a column for each recommender."""
    metrics = sorted(board.rows[0].intervals, key=lambda metric: metric.name)
    lines = [[str(metric), *(f"{row.intervals[metric].mean:.4f}" for row in board.rows)] for metric in metrics]
    return _table(["metric", *(row.candidate.name for row in board.rows)], lines)


def _settings(board: Leaderboard) -> str:
    rows = []
    for row in board.rows:
        chosen = (row.candidate.settings or {}).get(board.task, {})
        if chosen:
            values = (f"{name.replace('_', ' ')} {value:g}" for name, value in chosen.items())
            rows.append([row.candidate.name, ", ".join(values)])
    return _table(["recommender", "settings"], rows, words=True)


def _published(answer: Published) -> Iterable[str]:
    users = _text(answer.in_words())
    yield f"<h2>{_text(answer.name)}, as Personalize printed it</h2><p>{users}; its own users, not those above.</p>"
    rows = []
    for name, value in answer.metrics.items():
        _, low, high = answer.intervals.get(name, (value, None, None))
        rows.append([name.replace("_", " "), f"{value:.4f}", f"{low:.3f} to {high:.3f}" if low is not None else ""])
    yield _table(["metric", "value", "95 %"], rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], words: bool = False) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in columns)
    body = []
    for row in rows:
        cells = [f"<td>{_text(cell)}</td>" for cell in row]
        if words:
            cells[-1] = f'<td class="words">{_text(row[-1])}</td>'
        body.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><tr>{head}</tr>{''.join(body)}</table>"


def _text(text: str) -> str:
    return html.escape(text)


def entries(boards: Mapping[str, Leaderboard]) -> Iterator[tuple[str, str]]:
    """Yield each recommender that takes part, and each word, with what it means."""
    yield from {row.candidate.name: row.candidate.what for board in boards.values() for row in board.rows}.items()
    yield from WORDS.items()
