"""The report's sentences and tables as text."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from evaluation.recommenders.candidates import UNCHANGED
from evaluation.report.counts import counts
from evaluation.scoring.beyond_accuracy import reachable_recall
from evaluation.scoring.categories import CategoryMeasures
from evaluation.scoring.cuts import CutsResult
from evaluation.scoring.leaderboard import Leaderboard, Result
from evaluation.scoring.metric import Metric
from evaluation.scoring.over_cuts import OverCuts
from evaluation.scoring.slices import Slice
from evaluation.scoring.uncertainty import BETTER, WORSE, Comparison, Interval
from evaluation.task import NEW_ITEMS, Task

TITLES = {
    "all-items": "All items (repeats count)",
    "new-items": "New items (only what the user has not had)",
}
SMALL = 0.1  # of the value that it is compared with
FEWEST = 10  # users of a slice that is shown: fewer say nothing, and may tell who they are
METRICS = ("hit_rate", "precision", "recall", "mrr", "map")
HEADINGS = {"hit_rate": "HR", "precision": "P", "recall": "R", "ndcg_personalize": "NDCG (hits)"}


def question(task: Task) -> str:
    """Return what was trained on, and what was asked of whom."""
    numbers = counts(task)
    cut = f" before {datetime.fromtimestamp(numbers['cut'], UTC):%Y-%m-%d %H:%M:%S} UTC" if numbers["cut"] else ""
    return (
        f"Trained on {numbers['training_interactions']:,} interactions of {numbers['training_users']:,} users with "
        f"{numbers['items']:,} items{cut}. Asked about {numbers['test_users']:,} users "
        f"({numbers['cold_users']:,} without a "
        f"past): {numbers['held_out']:,} items to be predicted, {numbers['held_out_per_user_mean']:.1f} a user (median "
        f"{numbers['held_out_per_user_median']:g}), {numbers['repeat_share']:.0%} of them had before."
    )


def size(difference: float, of: float) -> str:
    """Return a word on a difference that is less than a tenth ``of`` what it is compared with; else nothing."""
    return ", by little" if abs(difference) < SMALL * of else ""


def headline(leaderboard: Leaderboard, over: CutsResult | None = None, left_out: Sequence[str] = ()) -> str:
    """Return what the given lists are worth against the best here, who is best, and what that is against counting.

    ``over``: several cuts, whose verdict then is the one that is given. ``left_out``: the names of recommenders that
    could not take part.
    """
    external = "".join(f"{_external_verdict(leaderboard, row)} " for row in leaderboard.rows if row.against_here)
    best = _foremost(leaderboard)
    interval = best.intervals[leaderboard.main]
    around = f"{interval.mean:.3f} ({_between(interval, '.3f')})"
    name = best.candidate.name
    stands = f"{name}, the best in validation, has an" if leaderboard.by_validation else f"{name} has the highest"
    reached = f"{TITLES[leaderboard.task]}: {external}{stands} {leaderboard.main} of {around}."
    if best.against_best is None:
        return f"{reached} {_better_than_counting(leaderboard, left_out)}"
    if over and name in over.rows:
        return f"{reached} {_over_cuts_in_words(over, over.rows[name])}."
    words = f"{best.against_best.in_words()}{_by_little(leaderboard, best.against_best)}"
    against = f"Against {leaderboard.best_baseline}, a baseline that learns nothing: {words}"
    return f"{reached} {against} {_lead(best.against_best.difference)}{_of_users_with_a_past(leaderboard, best)}."


def _over_cuts_in_words(result: CutsResult, over: OverCuts) -> str:
    lead, another = _lead(over.total.difference), _between(over.another, "+.3f")
    against = f"Against {result.best_baseline}, a baseline that learns nothing, over {len(result.at)} cuts"
    return f"{against}: {over.in_words()} {lead}; in another such period {another}"


def _foremost(leaderboard: Leaderboard) -> Result:
    """Return whom the headline names: the best by validation; where there was none, by the test."""
    if leaderboard.by_validation and leaderboard.best_here:
        return leaderboard.row(leaderboard.best_here)
    return max(leaderboard.rows, key=lambda row: row.intervals[leaderboard.main].mean)


def _by_little(leaderboard: Leaderboard, against: Comparison) -> str:
    if against.verdict not in (BETTER, WORSE):
        return ""
    baseline = leaderboard.row(str(leaderboard.best_baseline)).intervals[leaderboard.main].mean
    return size(against.difference.mean, baseline)


def _better_than_counting(leaderboard: Leaderboard, left_out: Sequence[str]) -> str:
    better = [row.candidate.name for row in leaderboard.rows if row.against_best and row.against_best.verdict == BETTER]
    if better:
        return f"Shown to be better than this baseline: {', '.join(better)}."
    missing = f"; {', '.join(left_out)} could not" if left_out else ""
    return f"Nothing that took part is shown to be better than the baselines{missing}."


def _of_users_with_a_past(leaderboard: Leaderboard, result: Result) -> str:
    if result.with_past is None:
        return ""
    share = leaderboard.with_past / len(leaderboard.users)
    return f"; for the {share:.0%} with a past: {result.with_past.in_words()} {_lead(result.with_past.difference)}"


def _lead(interval: Interval) -> str:
    return f"({interval.mean:+.3f}, {_between(interval, '+.3f')})"


def verdict(leaderboard: Leaderboard, result: Result) -> str:
    """Return the verdict against counting and, for lists from outside, against the best here."""
    sentence = result.against_best.in_words() if result.against_best else "best of the baselines"
    if result.against_here and leaderboard.best_here != leaderboard.best_baseline:
        sentence += f"; against {leaderboard.best_here}: {result.against_here.in_words()}"
    return sentence


def _external_verdict(leaderboard: Leaderboard, result: Result) -> str:
    """Return what lists from outside are worth, where the same machine could do without."""
    name, comparison = result.candidate.name, result.against_here
    if comparison is None:
        return ""
    by = f"{comparison.difference.mean:+.3f}, {_between(comparison.difference, '+.3f')}"
    best = f"{leaderboard.best_here}, the best trained here, which needs no service"
    sentence = {
        "better": f"{name} is better than everything trained here: {by} against {leaderboard.best_here}.",
        "worse": f"{name} is worse than {best} ({by}).",
        "too few": f"{name} cannot be told from {best} ({by}; {comparison.reason}).",
        "no difference that matters": f"Between {name} and {best} is no difference that matters ({by}).",
    }.get(comparison.verdict, f"{name} is not clearly different from {best} ({by}; {comparison.reason}).")
    return (
        sentence
        if result.candidate.description == UNCHANGED
        else f"{sentence} {name} was {result.candidate.description}."
    )


def with_half(interval: Interval) -> str:
    """Return a mean with half of its interval."""
    return f"{interval.mean:.4f} ±{interval.half:.4f}" if interval.n > 1 else f"{interval.mean:.4f}, one user"


def difference(interval: Interval, form: str = "+.3f") -> str:
    """Return a difference with its interval, in this form."""
    return f"{interval.mean:{form}} ({_between(interval, form)})"


def _between(interval: Interval, form: str) -> str:
    return f"{interval.low:{form}} to {interval.high:{form}}" if interval.n > 1 else "of one user"


@dataclass(frozen=True)
class Table:
    """Cells as they are shown; the first of each row is the recommender's name. ``words``: the last is a sentence."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: bool = False


def heading(metric: Metric) -> str:
    """Return how a metric is called above a column."""
    return f"{HEADINGS.get(metric.name, metric.name.upper())}@{metric.k}"


def means(leaderboard: Leaderboard) -> Table:
    """Return the means at the k of the metric that decides, that one first, with its interval."""
    metrics = [metric for name in METRICS if (metric := Metric(name, leaderboard.main.k)) != leaderboard.main]
    columns = ["recommender", f"{heading(leaderboard.main)}, 95 %", *map(heading, metrics)]
    rows = [
        [
            row.candidate.name,
            with_half(row.intervals[leaderboard.main]),
            *(f"{row.intervals[metric].mean:.3f}" for metric in metrics),
        ]
        for row in leaderboard.by_main
    ]
    return Table(f"{len(leaderboard.users):,} users", columns, rows)


def verdicts(leaderboard: Leaderboard) -> Table:
    """Return each against the best baseline; lists from outside against the best here, too."""
    how = "the best baseline in validation" if leaderboard.by_validation else "the best baseline"
    title = f"{heading(leaderboard.main)} against {leaderboard.best_baseline or 'nothing'}, {how}"
    past = any(row.with_past for row in leaderboard.rows)
    rows = []
    for row in leaderboard.by_main:
        against = row.against_best
        shown = ["", ""]
        if against:
            shown = [difference(against.difference), f"{against.win:.0%}/{against.lose:.0%}"]
        shown += [_with_past(row)] * past
        rows.append([row.candidate.name, *shown, verdict(leaderboard, row)])
    columns = [
        "recommender",
        "difference, 95 %",
        "win/lose",
        *[f"{leaderboard.with_past:,} with a past"] * past,
        "verdict",
    ]
    return Table(title, columns, rows, words=True)


def _with_past(result: Result) -> str:
    of_these = result.with_past
    return f"{difference(of_these.difference)} {of_these.verdict}" if of_these else ""


def over_cuts(result: CutsResult) -> Table:
    """Return each against the best baseline over several cuts, with a column for each cut."""
    days = [f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}" for at in result.at]
    rows = [
        [name, *(f"{each.mean:+.3f}" for each in over.by_cut), difference(over.total.difference), over.in_words()]
        for name, over in sorted(result.rows.items(), key=lambda row: row[1].total.difference.mean, reverse=True)
    ]
    title = f"{result.main} against {result.best_baseline}, over {len(days)} cuts"
    return Table(title, ["recommender", *days, "mean, 95 %", "verdict"], rows, words=True)


def catalogue(task: Task) -> str:
    """Return which items coverage and Gini are of."""
    others = task.catalogue - task.trained_items
    more = f"; {others:,} of them are in --items alone" if others else " in the training data"
    return f"Coverage and Gini are of {task.catalogue:,} items{more}."


def beyond_accuracy(leaderboard: Leaderboard, categories: Mapping[str, CategoryMeasures]) -> Table:
    """Return how wide the lists reach. ``categories``: measures by recommender, where items have categories."""
    columns = ["recommender", "half of the places", "catalogue covered", "Gini", "overlap"]
    columns += ["novelty, bits", "top-20 items", "full lists"]
    columns += ["diversity", "calibration"] if categories else []
    rows = []
    for row in leaderboard.by_main:
        name, measures = row.candidate.name, row.beyond_accuracy
        concentration = f"{measures.half_of_places:,}", f"{measures.coverage_of_catalogue:.1%}", f"{measures.gini:.2f}"
        shares = [_share(share) for share in (measures.share_of_top, measures.user_coverage)]
        cells = [name, *concentration, _share(measures.overlap), f"{measures.novelty:.1f}", *shares]
        rows.append([*cells, *_of_categories(categories.get(name))])
    return Table("beyond accuracy: concentration, coverage and novelty", columns, rows)


def reachable(task: Task, task_name: str) -> str:
    """Return how far learning from interactions can reach; nothing where it reaches everything."""
    unknown = int((task.truth_for(task_name).items >= task.trained_items).sum())
    if not unknown:
        return ""
    share = unknown / len(task.truth_for(task_name))
    return (
        f"{unknown:,} of the items to be predicted ({share:.1%}) had no interaction before. What learns from "
        f"interactions can reach a recall of {reachable_recall(task, task_name):.3f} at most, with lists of any length."
    )


def settings(leaderboard: Leaderboard) -> Table:
    """Return what was chosen for each recommender that has settings, or the defaults."""
    rows = []
    for row in leaderboard.by_main:
        values = (row.candidate.settings or {}).get(leaderboard.task, {})
        choice = (row.candidate.choices or {}).get(leaderboard.task)
        if values:
            words = map(choice.in_words, values) if choice else (_fixed(*each) for each in values.items())
            rows.append([row.candidate.name, ", ".join(words)])
    title = "settings: chosen by validation, kept where it shows nothing better, or the defaults"
    return Table(title, ["recommender", "settings"], rows, words=True)


def _fixed(name: str, value: float) -> str:
    return f"{name.replace('_', ' ')} {value:g} (fixed)"


def slices(leaderboard: Leaderboard, parts: Sequence[Slice]) -> Table:
    """Return the main metric of the best baseline and of what is none, slice by slice."""
    names = _not_counting(leaderboard)
    shown = [part for part in parts if part.users >= FEWEST and not _is_whole(leaderboard, part)]
    rows = [[f"{part.by}: {part.part}", f"{part.users:,}", *(_value(part, name) for name in names)] for part in shown]
    few = sum(0 < part.users < FEWEST for part in parts)
    hidden = f" ({few} with fewer than {FEWEST} users not shown)" if few else ""
    return Table(f"{heading(leaderboard.main)} by slice{hidden}", ["slice", "users", *names], rows)


def _of_categories(measures: CategoryMeasures | None) -> list[str]:
    if measures is None:
        return []
    return ["" if math.isnan(value) else f"{value:.2f}" for value in (measures.diversity, measures.calibration)]


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.0%}"


def _not_counting(leaderboard: Leaderboard) -> list[str]:
    others = [row.candidate.name for row in leaderboard.by_main if not row.candidate.baseline]
    return [*([leaderboard.best_baseline] if leaderboard.best_baseline else []), *others]


def _is_whole(leaderboard: Leaderboard, part: Slice) -> bool:
    """Return whether a slice can only be all or nothing: all of the new items are new."""
    return leaderboard.task == NEW_ITEMS and part.by == "truth"


def _value(part: Slice, name: str) -> str:
    return f"{part.values[name].mean:.3f}" if name in part.values else ""
