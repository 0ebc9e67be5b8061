"""The experiment that the local services run with: its variants, and what `./broker experiment --local` says so far."""

import functools
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from broker.clock import Clock
from broker.experiment import HOLDOUT, NONE
from broker.failures import Failure
from broker.interactions import Rules
from broker.suppression_store import SuppressionStore

from blueprint.experiment import EXPLORATION, FILTER, GIVEN, MADE, RECIPE, ExperimentPlan
from experiments.assignment import epochs
from infra.experiment import parse_experiment
from shop.panel.stream import StreamReader
from shop.places import Places

if TYPE_CHECKING:
    from experiments.analysis import Arm, Report
    from experiments.batches import Reader
    from experiments.events import Events

KEPT_SECONDS = 10.0
FOREVER = float("inf")
DIFFERS = {RECIPE: "the recipe {}", FILTER: "the filter {}", EXPLORATION: "the exploration weight {}"}
NO_LIST = "no list"
SILENT = "A service does not answer. A fault may be on: see the panel."


@dataclass(frozen=True)
class Variant:
    """A variant: its share of the users (0 to 1), and in words what its lists are."""

    name: str
    share: float
    words: str


@dataclass(frozen=True)
class Line:
    """An arm of the report, and in words its difference to the control; none for the control itself."""

    arm: "Arm"
    expected: float | None
    difference: str | None


@dataclass(frozen=True)
class Result:
    """What is said at ``at_ms``, a time in epoch milliseconds; without a report, ``words`` says why there is none."""

    at_ms: float
    report: "Report | None" = None
    words: str = ""

    @property
    def sentences(self) -> list[str]:
        """Return what the command says first: what stands in the way of believing it, then a verdict for each."""
        from experiments import text

        return [*text.serious(self.report), *text.headlines(self.report)] if self.report else [self.words]

    @property
    def who(self) -> str:
        """Return whom the lines count."""
        from experiments import text

        return text.who(self.report.main) if self.report else ""

    @property
    def lines(self) -> list[Line]:
        """Return a line for each variant."""
        if not self.report:
            return []
        main, differences = self.report.main, _differences(self.report)
        expected = main.sample_ratio.expected if main.sample_ratio else {}
        return [Line(arm, expected.get(arm.name), differences.get(arm.name)) for arm in main.arms]


def _differences(report: "Report") -> dict[str, str]:
    from experiments import text
    from experiments.estimates import METRICS

    metric = METRICS[report.question.primary]
    looks = {each.treatment: each.last(metric.name) for each in report.main.comparisons}
    return {name: text.difference(metric, look) if look else "too early" for name, look in looks.items()}


def variants(plan: ExperimentPlan) -> list[Variant]:
    """Return the variants, the holdout last."""
    shares = epochs(plan.experiment)[-1].shares
    return [Variant(name, share, _words(plan, name)) for name, share in shares.items()]


def _words(plan: ExperimentPlan, name: str) -> str:
    if name == HOLDOUT:
        return NO_LIST if plan.experiment.holdout_list == NONE else "what is popular"
    value = plan.value["variants"][name]
    found = [DIFFERS.get(key, "{}").format(value[key]) for key in (*MADE, *GIVEN) if key in value]
    return " and ".join(found) or "the lists of all users"


@dataclass
class RunningExperiment:
    """Analyses the stream when somebody asks, and keeps the result for some seconds. Thread-safe.

    ``clients`` gives a boto3 client by the name of an AWS service.
    """

    places: Places
    clients: Callable[[str], Any]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _result: Result | None = None
    _reader: "Reader | None" = None

    def __post_init__(self) -> None:
        self.plan = parse_experiment(self.places.experiment) if self.places.experiment else None
        self._stream = StreamReader(self.clients("kinesis"), self.places.stream_name)
        s3, secrets = (functools.partial(self.clients, name) for name in ("s3", "secretsmanager"))
        clock = Clock(time.time, time.sleep, random.random)
        kept = self.places.control_bucket, self.places.suppression_key_arn
        self._suppression = SuppressionStore(s3, secrets, *kept, clock)

    @property
    def variants(self) -> Sequence[Variant]:
        """Return the variants; none without an experiment."""
        return variants(self.plan) if self.plan else ()

    @property
    def has_holdout(self) -> bool:
        """Return whether some users never get a list."""
        return any(one.name == HOLDOUT and one.words == NO_LIST for one in self.variants)

    def result(self) -> Result:
        """Return the newest result, which may be some seconds old."""
        with self._lock:
            now = time.time() * 1000
            if self._result is None or now - self._result.at_ms >= 1000 * KEPT_SECONDS:
                self._result = self._analysed(now)
            return self._result

    def _analysed(self, now: float) -> Result:
        from experiments.analysis import Question, analyse  # loads for a second
        from personalize_data.errors import InvalidRequest

        if self.plan is None:
            return Result(now, words="There is no experiment: ./broker serve --experiment begins one.")
        try:
            return Result(now, analyse(self._events(), self.plan.experiment, Question()))
        except InvalidRequest:
            return Result(now, words="Nothing to compare yet: nobody in a variant has done anything.")
        except (BotoCoreError, ClientError, Failure):
            return Result(now, words=SILENT)

    def _events(self) -> "Events":
        from experiments.batches import Reader

        self._reader = self._reader or Reader(Rules(), self.places.impression_list or None)
        for record in self._stream.new():
            self._reader.read(record.data, record.arrived_ms)
        return self._reader.events().without(self._suppression.current(FOREVER).covers)
