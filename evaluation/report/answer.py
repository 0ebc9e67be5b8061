"""The first screen of a report: yes, no, or cannot tell, in customers and money, and what would change the answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evaluation.provenance import Provenance
from evaluation.report import method, money
from evaluation.report.text import TITLES, difference, reachable, size
from evaluation.run import Evaluation
from evaluation.scoring.cost import Cost
from evaluation.scoring.leaderboard import Leaderboard, Result
from evaluation.scoring.metric import Metric
from evaluation.scoring.slices import history_lengths
from evaluation.scoring.uncertainty import Comparison, Interval, compare

YES, YES_IF, NO, CANNOT_TELL, NO_DIFFERENCE = "Yes", "Yes, if", "No", "Cannot tell", "No difference that matters"
WORDS = {"better": YES, "worse": NO, "no difference that matters": NO_DIFFERENCE}
CHANCE = "random"  # the recommender by which the report says what chance finds
CAUSALITY = (
    "This says which list predicts best, not what a list brings: customers may take the same items without it. "
    "./broker experiment answers that. It compares customers who get the list with a random share who do not."
)
HIT = "A hit is a customer who took at least one item of their list. Numbers in brackets are 95 % intervals."
ATTRIBUTES = (
    "Attributes of users and items. They must be those known before what is to be predicted: from a later price or "
    "category, ranked and ease-history would know of the test."
)
HUNDRED = 100


@dataclass(frozen=True)
class Answer:
    """The answer on one recommender in one task. ``word``: yes, no, or cannot tell; all others are sentences.

    ``condition``: what has to be true for a yes, where it has a price.
    """

    task: str
    question: str
    word: str
    condition: str
    verdict: str
    customers: str
    money: Sequence[str]


def question(result: Evaluation) -> str:
    """Return what was asked of whom, with the words that the answers take."""
    if result.how is None:
        return HIT
    taken = f"To take an item is to have an interaction with it{_of_type(result.how)}"
    asked = f"It was checked for {result.task.users:,} customers who took something then"
    return f"{taken}. To be predicted: {method.to_be_predicted(result.how, result.task.cut)}. {asked}. {HIT}"


def _of_type(how: Provenance) -> str:
    event_type = how.hold_out.event_type
    return f" of type {event_type}" if event_type else ", of any type in the data"


def answers(result: Evaluation, currency: str) -> list[Answer]:
    """Return an answer for each list that was given, or else for the best model, in each task."""
    return [
        _answer(result, leaderboard, row, currency)
        for leaderboard in result.leaderboards.values()
        for row in judged(result, leaderboard)
    ]


def caveats(result: Evaluation) -> list[str]:
    """Return what would change the answers."""
    faults = sum(diagnostic.fault for diagnostic in result.diagnostics)
    found = [f"Faults. {faults} {'was' if faults == 1 else 'were'} found: look into what is named below first."]
    return [
        *(found if faults else []),
        *_on_the_question(result),
        *_on_the_users(result),
        *_on_the_recommenders(result),
    ]


def judged(result: Evaluation, leaderboard: Leaderboard) -> list[Result]:
    """Return the lists that were given and what has a price, or else the best model trained here."""
    priced = {cost.name for cost in result.costs[leaderboard.task]}
    given = [row for row in leaderboard.rows if row.candidate.external is not None or row.candidate.name in priced]
    models = [row for row in leaderboard.rows if not row.candidate.baseline]
    best = [row for row in models if row.candidate.name == leaderboard.best_here]
    by_mean = sorted(models, key=lambda row: row.intervals[leaderboard.main].mean, reverse=True)
    return given or best or by_mean[:1]


def left_out(result: Evaluation) -> list[str]:
    """Return the recommenders that could not take part."""
    took_part = {row.candidate.name for leaderboard in result.leaderboards.values() for row in leaderboard.rows}
    return [] if result.how is None else [name for name in result.how.recommenders if name not in took_part]


def _answer(result: Evaluation, leaderboard: Leaderboard, row: Result, currency: str) -> Answer:
    cost = next((cost for cost in result.costs[leaderboard.task] if cost.name == row.candidate.name), None)
    hits = _hits(result, leaderboard, row)
    comparison = _comparison(result, leaderboard, row)
    word = _word(comparison, hits, cost)
    return Answer(
        task=leaderboard.task,
        question=f"{TITLES[leaderboard.task]}: {_question(row, cost)}?",
        word=word,
        condition=(money.condition(cost) or "") if cost and word == YES_IF else "",
        verdict=_verdict(result, leaderboard, row, comparison, hits),
        customers=_customers(leaderboard, row, hits) if hits else "",
        money=_money(cost, currency, word) if cost else [],
    )


def _question(row: Result, cost: Cost | None) -> str:
    """Return what is asked of a recommender: whether it is worth its price can be asked only where that is known."""
    name, is_list = row.candidate.name, row.candidate.external is not None
    if cost:
        return f"{'Are the lists' if is_list else 'Is the model'} “{name}” worth the price"
    if is_list:
        return f"Do the lists “{name}” predict better than what needs no service"
    return f"Does the model “{name}” predict better than counting"


def _money(cost: Cost, currency: str, word: str) -> list[str]:
    further = None if word == YES_IF else money.against_the_alternative(cost)  # it is the condition
    return [f"{sentence}." for sentence in (money.incrementality(cost, currency), further) if sentence]


def _comparison(result: Evaluation, leaderboard: Leaderboard, row: Result) -> Comparison | None:
    """Return what decides: against the best here; or the best baseline, over all cuts where there are several."""
    over = result.cuts.get(leaderboard.task)
    of_cuts = over.rows.get(row.candidate.name) if over else None
    return row.against_here or (of_cuts.total if of_cuts else row.against_best)


def _word(comparison: Comparison | None, hits: Comparison | None, cost: Cost | None) -> str:
    """Return yes only where more customers find something, and where that can pay the price, if there is one."""
    word = WORDS.get(comparison.verdict, CANNOT_TELL) if comparison else CANNOT_TELL
    further = cost.break_even_of_further_hits if cost else None
    if word == NO or (further and further.low > 1):
        return NO
    if word == YES and ((hits and hits.verdict != "better") or (further and further.high > 1)):
        return CANNOT_TELL
    return YES_IF if word == YES and further else word


def _hits(result: Evaluation, leaderboard: Leaderboard, row: Result) -> Comparison | None:
    """Return how many users have a hit beyond those of what it is compared with; None where that is not scored."""
    metric, other = Metric("hit_rate", leaderboard.main.k), _other(leaderboard, row)[0]
    if metric not in row.intervals or other is None:
        return None
    values = row.scores.values[metric], leaderboard.row(other).scores.values[metric]
    return compare(*values, result.how.seed if result.how else 1)


def _other(leaderboard: Leaderboard, row: Result) -> tuple[str | None, str]:
    """Return what it is compared with, and what that is."""
    if row.against_here and leaderboard.best_here != leaderboard.best_baseline:
        return leaderboard.best_here, "the best model trained here, which needs no service"
    when = " before that" if leaderboard.by_validation else ""
    return leaderboard.best_baseline, f"the list that only counts which did best{when}"


def _verdict(
    result: Evaluation, leaderboard: Leaderboard, row: Result, comparison: Comparison | None, hits: Comparison | None
) -> str:
    other, what = _other(leaderboard, row)
    if comparison is None or other is None:
        return "There is nothing to compare it with."
    name, means = row.candidate.name, row.intervals[leaderboard.main]
    against = leaderboard.row(other).intervals[leaderboard.main].mean
    over = result.cuts.get(leaderboard.task)
    periods = f" over {len(over.at)} periods" if over and comparison is not row.against_here else ""
    lead = f"{difference(comparison.difference)}{periods}"
    numbers = f"{leaderboard.main} {means.mean:.3f} against {against:.3f}, {lead}"
    if comparison.verdict not in ("better", "worse"):
        told = f"{name} cannot be told from {other}, {what} ({numbers}; {comparison.in_words()})."
        return f"{told}{_hits_differ(hits, leaderboard.main)}"
    by = size(comparison.difference.mean, against)
    told = f"{name} predicts {comparison.verdict} than {other}, {what}{by} ({numbers})."
    if comparison.verdict == "better" and hits and hits.verdict != "better":
        return f"{told} Its hits are more, or higher up, but not shown to be of more customers."
    return told


def _hits_differ(hits: Comparison | None, main: Metric) -> str:
    """Return why it cannot be told although the numbers of customers with a hit differ; nothing where they do not."""
    if hits is None or hits.verdict not in ("better", "worse"):
        return ""
    more = "More" if hits.verdict == "better" else "Fewer"
    return f" {more} customers find something in its list. But {main} decides, which also counts how high up."


def _customers(leaderboard: Leaderboard, row: Result, hits: Comparison) -> str:
    """Return the hit rates of 100 customers."""
    metric, other = Metric("hit_rate", leaderboard.main.k), str(_other(leaderboard, row)[0])
    beside = leaderboard.row(other)
    rates = [f"with {other} ({beside.candidate.description}) {_of_hundred(beside.intervals[metric])}"]
    rates += [
        f"with {better.candidate.name}, which did better then, {_of_hundred(better.intervals[metric])}"
        for better in _better_baseline(leaderboard, beside, metric)
    ]
    rates += [
        f"by chance {_of_hundred(each.intervals[metric])}"
        for each in leaderboard.rows
        if each.candidate.name == CHANCE != other
    ]
    extra = hits.difference
    more = f"{extra.mean * HUNDRED:+.1f} of 100 ({extra.low * HUNDRED:+.1f} to {extra.high * HUNDRED:+.1f})"
    told = "" if hits.verdict in ("better", "worse") else ", which may be chance"
    return (
        f"Of 100 customers who took something then, {_of_hundred(row.intervals[metric])} took at least one of the "
        f"{metric.k} items of their {row.candidate.name} list; {'; '.join(rates)}. "
        f"The difference is {more}{told}."
    )


def _better_baseline(leaderboard: Leaderboard, beside: Result, metric: Metric) -> list[Result]:
    """Return the baseline with the most hits in the test, if it has more than the one that validation has named."""
    if not beside.candidate.baseline:
        return []
    baselines = [row for row in leaderboard.rows if row.candidate.baseline]
    most = max(baselines, key=lambda row: row.intervals[metric].mean)
    return [most] if most.intervals[metric].mean > beside.intervals[metric].mean else []


def _on_the_question(result: Evaluation) -> Iterator[str]:
    how = result.how
    if how is None:
        return
    if method.knows_later(how.hold_out):
        yield f"{method.LATER_KNOWN}."
    elif how.hold_out.kind == "time" and not result.cuts:
        yield (
            "Another period. This is one; season and promotions differ, and the intervals do not know of that. "
            "--cuts 4 asks about four of them."
        )
    if how.sha256.keys() & {"users", "items"}:
        yield ATTRIBUTES
    if how.data.from_lists and not how.hold_out.arm:
        yield (
            "Customers without lists. Lists helped to shape this log, and it favours the one that was shown. "
            "--arm holdout asks about customers who saw none."
        )


def _on_the_users(result: Evaluation) -> Iterator[str]:
    cold = float((history_lengths(result.task) == 0).mean())
    if cold:
        yield (
            f"New customers. {cold:.0%} of those asked about have no past, so most recommenders give them the same "
            "list. With more or fewer of them, the figures are others: the slices by history say which."
        )
    if result.task.cut is not None:
        yield "Customers who did not come back. Nobody knows what they would have taken, so they are not in it."


def _on_the_recommenders(result: Evaluation) -> Iterator[str]:
    missing = left_out(result)
    if missing:
        yield f"Recommenders that could not take part: {', '.join(missing)} (the notes say why)."
    out_of_reach = [TITLES[name] for name in result.leaderboards if reachable(result.task, name)]
    if out_of_reach:
        yield "Items without a past. What had no interaction before, nobody who learns from interactions can recommend."


def _of_hundred(interval: Interval) -> str:
    return f"{interval.mean * HUNDRED:.1f}"
