"""What an evaluation is asked: the files, the split, the recommenders, and what decides between them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evaluation import constants
from evaluation.data.arms import Arm
from evaluation.progress import Begin
from evaluation.published import PublishedFigures
from evaluation.recommenders.candidates import UNCHANGED
from evaluation.recommenders.registry import RECOMMENDERS, RecommenderSpec
from evaluation.scoring.cost import Business
from evaluation.scoring.gate import Gate
from evaluation.scoring.metric import Metric
from evaluation.spark.connection import Spark
from evaluation.splits import HoldOut
from evaluation.task import TASKS


@dataclass(frozen=True)
class Campaign:
    """A live campaign under a ``name`` of ours. ``recommend``: users → their items, best first.

    ``recipe``: what its model was trained by, or None where that is not known.
    """

    name: str
    recommend: Callable[[Sequence[str], Begin], Mapping[str, Sequence[str]]]
    description: str = UNCHANGED
    recipe: str | None = None


@dataclass(frozen=True)
class ComparisonSettings:
    """How recommenders are compared. ``main``: decides; ``matters``: the smallest difference of it that the reader
    cares about. ``prices``: name → a month; ``business``: who pays them.

    ``slice_by``: a column of the Users dataset; ``tune``: whether settings are chosen by validation; ``seed``: for all
    that is random.
    """

    tasks: Sequence[str] = TASKS
    main: Metric = constants.MAIN
    recommenders: Sequence[RecommenderSpec] = RECOMMENDERS
    prices: Mapping[str, float] = field(default_factory=dict)
    business: Business = field(default_factory=Business)
    slice_by: str | None = None
    tune: bool = True
    seed: int = 1
    matters: float | None = None


@dataclass(frozen=True)
class EvaluationRequest:
    """Everything that an evaluation needs. ``file``: interactions, or a folder that ``evaluate split`` has written.

    ``hold_out``, ``arm`` and ``sample_users`` say how a file is split; a folder is split already. ``memory``: bytes;
    interactions that do not fit are read in parts. None: all at once. ``spark``: who reads the file instead.
    ``recommendations``: name → a file of lists. ``requirements``: conditions on the result. ``figures``: to show
    beside it. ``cuts``: how many periods are predicted, each as long as the newest. ``now``: epoch seconds;
    interactions of the future are refused. ``version``: of this program; ``command``: as it was typed.
    """

    file: Path
    settings: ComparisonSettings = field(default_factory=ComparisonSettings)
    hold_out: HoldOut = field(default_factory=HoldOut)
    arm: Arm | None = None
    sample_users: int | None = None
    memory: int | None = None
    spark: Spark | None = None
    users_file: Path | None = None
    items_file: Path | None = None
    recommendations: Mapping[str, Path] = field(default_factory=dict)
    campaign: Campaign | None = None
    requirements: Sequence[Gate] = ()
    figures: PublishedFigures = field(default_factory=PublishedFigures)
    now: float = math.inf
    cuts: int = 1
    version: str = ""
    command: str = ""
