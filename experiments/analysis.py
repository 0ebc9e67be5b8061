"""The whole analysis, from events to what each variant earned and which one is better."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from broker.experiment import HOLDOUT, Experiment

from experiments import estimates as est
from experiments import outcomes as out
from experiments import populations as pop
from experiments import sample_ratio
from experiments.events import Events
from experiments.looks import Look, Rule, Verdict, looks, verdict
from experiments.outcomes import DAY_MS, EVERYBODY, TRIGGERED, Windows
from experiments.populations import Population
from personalize_data.errors import InvalidRequest

WEEKS_SHOWN = 8


@dataclass(frozen=True)
class Question:
    """What is compared with what. ``primary``: the name of the metric that decides. ``cap``: of revenue, else by share.

    ``control``: None for the holdout, or the first variant where there is none. ``shares``: see ``population``.
    """

    primary: str = est.CONVERSION.name
    control: str | None = None
    planned_days: int | None = None
    expected: int | None = None
    alpha: float = 0.05
    cap: float | None = None
    cap_share: float = 0.99
    windows: Windows = field(default_factory=Windows)
    most_events_a_day: int = 1000
    shares: Mapping[str, float] = field(default_factory=dict)
    start: float | None = None
    until: float | None = None


@dataclass(frozen=True)
class Arm:
    """The customers of a variant and what they did; ``refunded``: lines that were given back."""

    name: str
    customers: int
    bought: int
    revenue: float
    units: float
    lines: int
    from_list: int
    refunded: int = 0


@dataclass(frozen=True)
class SampleRatio:
    """Whether the variants have the customers that their shares say. ``p_value`` holds on every day."""

    customers: Mapping[str, int]
    expected: Mapping[str, float]
    p_value: float

    @property
    def mismatch(self) -> bool:
        """Return whether customers are missing somewhere."""
        return self.p_value < sample_ratio.ALPHA


@dataclass(frozen=True)
class Week:
    """The difference in a week since customers came in, from 1, with a fixed 95 % interval."""

    number: int
    estimate: est.Estimate


@dataclass(frozen=True)
class Comparison:
    """A variant against the control: by metric its looks; the verdict is the primary metric's."""

    treatment: str
    control: str
    looks: Mapping[str, Sequence[Look]]
    verdict: Verdict
    weeks: Sequence[Week] = ()
    epochs: Mapping[int, est.Estimate] = field(default_factory=dict)

    def last(self, metric: str) -> Look | None:
        """Return the newest look at a metric."""
        return self.looks[metric][-1] if self.looks.get(metric) else None


@dataclass(frozen=True)
class PopulationResult:
    """The result of one population."""

    name: str
    arms: Sequence[Arm]
    comparisons: Sequence[Comparison]
    sample_ratio: SampleRatio | None
    left_out: Mapping[str, int]


@dataclass(frozen=True)
class Report:
    """``main``: the population that decides. ``others``: the other one, and the main without doubtful customers."""

    experiment: str
    question: Question
    rule: Rule
    days: int
    start: float
    cap: float | None
    main: PopulationResult
    others: Sequence[PopulationResult]
    changed_variant: int
    changed_id: int
    many_events: int
    refused: int
    duplicates: int
    notes: Sequence[str] = ()

    @property
    def populations(self) -> list[PopulationResult]:
        """Return all, the main one first."""
        return [self.main, *self.others]


def analyse(given: Events, experiment: Experiment | None, question: Question) -> Report:
    """Return the analysis. Raises InvalidRequest where the events have no customer of a variant."""
    many = pop.with_many_events(given.rows, question.most_events_a_day)
    rows = given.rows.filter(~pl.col("user").is_in(many.implode()))
    both = {name: pop.population(rows, name, experiment, question.shares) for name in (TRIGGERED, EVERYBODY)}
    triggered = both[TRIGGERED].total > 0
    main = both[TRIGGERED if triggered else EVERYBODY]
    if not main.total:
        raise InvalidRequest("no event here is of a customer in a variant: is it the right experiment, file and time?")
    start, until = _span(rows, main, experiment, question)
    study = _Study(question, _names(main, experiment), out.lines(rows, question.windows), start, until)
    changed_variant, changed_id = pop.with_changed_variant(rows, main), pop.with_changed_id(rows)
    doubtful = pl.concat([changed_variant, changed_id]).unique()
    result = study.result(main)  # first: the cap is that of its customers
    others = [study.result(both[EVERYBODY])] if triggered else []
    if len(doubtful):
        without = main.without(doubtful)
        others.append(study.result(Population(f"{main.name}, sure", without.epochs, without.customers)))
    inside = pl.concat([frame["user"] for frame in main.customers]).unique()
    notes = list(given.notes)
    if not triggered:
        notes.append("no impression of the slot is here: everybody counts from their first event, seen the list or not")
    return Report(
        experiment.name if experiment else "",
        question,
        study.rule,
        study.days,
        start,
        study.cap,
        result,
        others,
        len(changed_variant),
        int(changed_id.is_in(inside.implode()).sum()),
        len(many),
        len(given.refused),
        given.duplicates,
        notes,
    )


def _span(
    rows: pl.DataFrame, main: Population, experiment: Experiment | None, question: Question
) -> tuple[float, float]:
    """Return the first day's beginning, in UTC, and the end of what is known."""
    first = next((epoch.began for epoch in main.epochs if math.isfinite(epoch.began)), main.start)
    start = question.start if question.start is not None else first // DAY_MS * DAY_MS
    last = float(rows["time"].max() or 0) + 1  # type: ignore[arg-type]
    return start, min(last, question.until or math.inf)


def _names(main: Population, experiment: Experiment | None) -> list[str]:
    """Return the variants, the control that there is by default first."""
    there = sorted({name for frame in main.customers for name in frame["variant"].unique()})
    ordered = [*experiment.variants] if experiment else there
    return [*([HOLDOUT] if HOLDOUT in there else []), *(name for name in ordered if name in there and name != HOLDOUT)]


class _Study:
    """The analysis of any population by the same question, cap and days."""

    def __init__(
        self, question: Question, names: Sequence[str], lines: pl.DataFrame, start: float, until: float
    ) -> None:
        self._question, self._names, self._lines, self._start = question, names, lines, start
        self.control = question.control or names[0]
        if self.control not in names:
            raise InvalidRequest(f"no customer is in {self.control}; there are {', '.join(names)}")
        planned = question.planned_days
        whole_days = int((until - start) // DAY_MS)
        self.days = max(1, min(whole_days, planned) if planned else whole_days)
        self._end = until if whole_days < 1 else start + self.days * DAY_MS
        comparisons = max(1, len(names) - 1)
        self.rule = Rule(planned, question.expected or Rule.expected, question.alpha / comparisons)
        self.cap: float | None = question.cap

    def result(self, population: Population) -> PopulationResult:
        """Return the result of a population."""
        customers = [out.before(frame, self._lines, self._question.windows) for frame in population.customers]
        if self.cap is None:
            self.cap = out.cap_of(pl.concat(self._tables(population, customers, self._end)), self._question.cap_share)
        ratio = self._sample_ratio(population)
        days = range(1, self.days + 1)
        ends = [min(self._end, self._start + day * DAY_MS) for day in days]
        tables = [self._tables(population, customers, end) for end in ends]
        summaries = [[est.summary(frame) for frame in some] for some in tables]
        treatments = [name for name in self._names if name != self.control]
        comparisons = [self._comparison(name, population, customers, days, summaries, ratio) for name in treatments]
        arms = [self._arm(name, tables[-1]) for name in self._names]
        return PopulationResult(population.name, arms, comparisons, ratio, population.left_out)

    def _tables(self, population: Population, customers: Sequence[pl.DataFrame], until: float) -> list[pl.DataFrame]:
        """Return what the customers of each epoch did until then, or until the epoch ended."""
        pairs = zip(population.epochs, customers, strict=True)
        return [
            out.capped(out.outcomes(frame, self._within(epoch), min(until, epoch.ended)), self.cap)
            for epoch, frame in pairs
        ]

    def _within(self, epoch: pop.Epoch) -> pl.DataFrame:
        return self._lines.filter(pl.col("time").is_between(epoch.began, epoch.ended, closed="left"))

    def _comparison(
        self,
        treatment: str,
        population: Population,
        customers: Sequence[pl.DataFrame],
        days: range,
        summaries: Sequence[Sequence[est.Summary]],
        ratio: SampleRatio | None,
    ) -> Comparison:
        pair, primary = (self.control, treatment), est.METRICS[self._question.primary]
        bought = [_bought(some, pair) for some in summaries]
        by_metric = {
            metric.name: looks(days, [est.estimate(some, *pair, metric) for some in summaries], bought, self.rule)
            for metric in est.METRICS.values()
        }
        by_epoch = {
            epoch.number: found
            for epoch, some in zip(population.epochs, summaries[-1], strict=True)
            if (found := est.of_epoch(some, *pair, primary))
        }
        decided = verdict(by_metric[primary.name], self.rule, bool(ratio and ratio.mismatch))
        return Comparison(treatment, self.control, by_metric, decided, self._weeks(customers, pair, primary), by_epoch)

    def _weeks(self, customers: Sequence[pl.DataFrame], pair: tuple[str, str], metric: est.Metric) -> list[Week]:
        found = []
        for week in range(min(WEEKS_SHOWN, self.days // 7)):
            frames = [out.capped(out.of_week(frame, self._lines, week, self._end), self.cap) for frame in customers]
            seen = est.estimate([est.summary(frame) for frame in frames], *pair, metric)
            if seen:
                found.append(Week(week + 1, seen))
        return found

    def _arm(self, name: str, tables: Sequence[pl.DataFrame]) -> Arm:
        rows = pl.concat(tables).filter(pl.col("variant") == name)
        sums = {column: float(rows[column].sum()) for column in out.OUTCOMES}
        since = self._lines.join(rows.select("user", "began"), on="user").filter(
            (pl.col("time") > pl.col("began")) & (pl.col("time") < self._end)
        )
        refunded = int((since["quantity"] < 0).sum())
        bought, lines, from_list = (int(sums[column]) for column in ("bought", "lines", "from_list"))
        return Arm(name, len(rows), bought, sums["revenue"], sums["units"], lines, from_list, refunded)

    def _sample_ratio(self, population: Population) -> SampleRatio | None:
        """Return whether the shares are met, watched every day: the odds of the epochs multiply."""
        names = list(population.epochs[0].shares)  # also of a variant in which nobody is
        if {*self._names} - {*names}:
            return None
        ends = [min(self._end, self._start + day * DAY_MS) for day in range(1, self.days + 1)]
        odds, counts, expected = np.zeros(len(ends)), dict.fromkeys(names, 0), dict.fromkeys(names, 0.0)
        for epoch, frame in zip(population.epochs, population.customers, strict=True):
            by_day = np.array([_counts(frame.filter(pl.col("began") < end), names) for end in ends])
            odds += sample_ratio.log_odds(by_day, [epoch.shares[name] for name in names])
            for name, number in zip(names, by_day[-1], strict=True):
                counts[name] += int(number)
                expected[name] += epoch.shares[name] * float(by_day[-1].sum())
        return SampleRatio(counts, expected, sample_ratio.p_value(odds))


def _counts(frame: pl.DataFrame, names: Sequence[str]) -> list[int]:
    counts = dict(frame["variant"].value_counts().iter_rows())
    return [counts.get(name, 0) for name in names]


def _bought(some: Sequence[est.Summary], pair: tuple[str, str]) -> int:
    """Return how many customers bought in the variant in which fewer did."""
    by_variant = [
        sum(
            float(each.aggregates[variant].mean("bought")) * each.aggregates[variant].count()
            for each in some
            if variant in each.aggregates
        )
        for variant in pair
    ]
    return round(min(by_variant))
