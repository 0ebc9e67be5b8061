"""The options of `evaluate`, and those that it shares with `evaluate split`: the same options give the same users in
both.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.types import Days, EpochSeconds
from evaluation import constants
from evaluation.scoring.metric import Metric

if TYPE_CHECKING:
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
    currency: str
    no_tuning: bool
    require: Sequence[str]
    as_json: bool
    html: Path | None
    per_user: Path | None
    hold_out: "HoldOut"
    sample_users: int
    aws: bool
    context: tuple[str, ...]
    name: str | None


def split_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a split; the command gets ``hold_out`` (HoldOut) and ``sample_users`` in their place."""

    @functools.wraps(command)
    def with_hold_out(
        hold_out: str, at: int | None, horizon_days: float | None, target: str | None, seed: int, **others: Any
    ) -> Any:
        if hold_out != "time" and (at is not None or horizon_days is not None):
            raise click.UsageError("--at and --horizon-days go with --hold-out time")
        from evaluation.splits import HoldOut  # loads what reads tables, which wrong use needn't wait for

        return command(hold_out=HoldOut(hold_out, at, horizon_days, target, seed), **others)

    decorated: Callable[..., Any] = with_hold_out
    for option in (
        click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Random seed."),
        click.option(
            "--sample-users",
            type=click.IntRange(1),
            default=MOST_USERS,
            show_default=True,
            metavar="N",
            help="Ask about at most so many users, drawn by the seed.",
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
