"""The options of `evaluate`, and those that it shares with `evaluate split`: the same options give the same users in
both.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.connection import ROOT
from cli.experiment_option import ExperimentType
from cli.types import Bytes, Days, EpochSeconds
from evaluation import constants
from evaluation.parts import memory as memory_limits
from evaluation.scoring.metric import Metric

if TYPE_CHECKING:
    from blueprint.experiment import ExperimentPlan
    from evaluation.spark.connection import Spark
    from evaluation.splits import HoldOut

MOST_USERS = 20_000


def table_in(file: Path) -> Path:
    """Return the interactions in a folder that ``./broker prepare`` has written; any other path as it is."""
    if not file.is_dir() or (file / "split.json").exists():
        return file
    return next(iter(sorted(file.glob("interactions.csv*"))), file)


@dataclass(frozen=True)
class EvaluateOptions:
    """The options of `evaluate`, under the names that click gives them."""

    file: Path | None
    users_file: Path | None
    items_file: Path | None
    recommendations: Sequence[tuple[str, str]]
    campaign_arn: str | None
    filter_: str | None
    personalize_metrics: Path | None
    check_table: Path | None
    tasks: Sequence[str]
    metric: Metric
    matters: float | None
    cuts: int
    slice_by: str | None
    cost: Sequence[tuple[str, str]]
    users_per_month: float | None
    value_per_hit: float | None
    currency: str
    no_tuning: bool
    require: Sequence[str]
    as_json: bool
    html: Path | None
    per_user: Path | None
    hold_out: "HoldOut"
    arm: "ArmOptions | None"
    sample_users: int
    memory: int
    spark: str | None
    aws: bool
    context: tuple[str, ...]
    name: str | None
    command_line: str


def spark_at(remote: str | None, *, arm: bool) -> "Spark | None":
    """Return the Spark to ask, if there is one. Raises click.UsageError where it can't be."""
    if remote is None:
        return None
    if arm:
        raise click.UsageError("--arm goes without --spark: Spark asks about all users")
    python = ROOT / ".venv" / "spark" / "bin" / "python"
    if not python.exists():
        raise click.UsageError("Spark's client is not installed: make spark installs it, half a gigabyte")
    from evaluation.spark.connection import Spark

    return Spark(remote, python, ROOT)


@dataclass(frozen=True)
class ArmOptions:
    """Whose users alone are asked about, and by what: one of ``column`` and ``experiment``."""

    name: str
    column: str | None
    experiment: "ExperimentPlan | None"


def split_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a split. The command gets ``hold_out`` (HoldOut), ``arm`` and the others for them."""

    @functools.wraps(command)
    def with_hold_out(
        hold_out: str,
        at: int | None,
        horizon_days: float | None,
        target: str | None,
        seed: int,
        arm: str | None,
        arm_column: str | None,
        experiment: "ExperimentPlan | None",
        **others: Any,
    ) -> Any:
        if hold_out != "time" and (at is not None or horizon_days is not None):
            raise click.UsageError("--at and --horizon-days go with --hold-out time")
        arm_options = _arm(arm, arm_column, experiment, others["file"])
        from evaluation.splits import HoldOut  # loads what reads tables, which wrong use needn't wait for

        return command(hold_out=HoldOut(hold_out, at, horizon_days, target, seed, arm), arm=arm_options, **others)

    decorated: Callable[..., Any] = with_hold_out
    for option in (
        click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Random seed."),
        click.option(
            "--spark",
            metavar="sc://HOST",
            help="Split and count on this Spark (Spark Connect; make spark installs the client). It reads FILE itself.",
        ),
        click.option(
            "--memory",
            type=Bytes(),
            default=memory_limits.of_machine,
            show_default="three quarters of the machine's",
            help="Read interactions that would take more, as 6GB, in parts from disk (in TMPDIR).",
        ),
        click.option(
            "--sample-users",
            type=click.IntRange(1),
            default=MOST_USERS,
            show_default=True,
            metavar="N",
            help="Ask about at most so many users, drawn by the seed. All items stay.",
        ),
        click.option(
            "--experiment",
            type=ExperimentType(),
            metavar="FILE|JSON",
            help="The experiment that assigns users, whose ids are mpids, to arms; as broker:experiment has it.",
        ),
        click.option("--arm-column", metavar="COLUMN", help="The column of FILE that names a user's arm."),
        click.option(
            "--arm",
            metavar="NAME",
            help="Ask only about users of this arm of an experiment. Those of holdout saw no list.",
        ),
        click.option("--target", metavar="EVENT_TYPE", help="Predict only interactions of this type."),
        click.option("--horizon-days", type=Days(0, min_open=True), help="Predict only so far."),
        click.option("--at", type=EpochSeconds(), help="Hold out from this time on: epoch seconds or an ISO date."),
        click.option(
            "--hold-out",
            type=click.Choice(constants.HOLD_OUTS),
            default="time",
            show_default=True,
            help="What is to be predicted: everything from a time on (default: the newest tenth), each user's last "
            "interaction or last basket, or as Personalize does for its own metrics.",
        ),
    ):
        decorated = option(decorated)
    return decorated


def _arm(
    name: str | None, column: str | None, experiment: "ExperimentPlan | None", file: Path | None
) -> ArmOptions | None:
    """Return the options of an arm. Raises click.UsageError where they don't say who is in it."""
    if name is None:
        if column or experiment:
            raise click.UsageError("--arm-column and --experiment go with --arm, as in --arm holdout")
        return None
    is_split = file is not None and (file / "split.json").exists()  # and has an arm already, or is refused
    if not is_split and bool(column) == bool(experiment):
        raise click.UsageError("--arm goes with one of --experiment and --arm-column: they say who is in it")
    return None if is_split else ArmOptions(name, column, experiment)
