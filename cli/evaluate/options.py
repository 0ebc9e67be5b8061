"""What `evaluate` and `evaluate split` ask alike: how to hold out, and whom to ask about; the same answer gives the
same users in both.
"""

import functools
from collections.abc import Callable
from typing import Any

import click

from cli.types import Days, EpochSeconds
from evaluation import constants

MOST_USERS = 20_000


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets ``how`` (HoldOut) and ``sample_users`` in their place."""

    @functools.wraps(command)
    def called(
        hold_out: str, at: int | None, horizon_days: float | None, target: str | None, seed: int, **others: Any
    ) -> Any:
        if hold_out != "time" and (at is not None or horizon_days is not None):
            raise click.UsageError("--at and --horizon-days go with --hold-out time")
        from evaluation.splits import HoldOut  # loads what reads tables, which wrong use needn't wait for

        return command(how=HoldOut(hold_out, at, horizon_days, target, seed), **others)

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
        called = option(called)
    return called
