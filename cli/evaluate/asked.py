"""What `evaluate` and `evaluate split` ask alike: how to hold out, and whom to ask about; the same answer gives the
same users in both.
"""

import functools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
from click.core import ParameterSource

from evaluation import choices
from evaluation.failure import BadFile, BadQuestion

MOST_USERS = 20_000


class Refused(click.ClickException):
    """What was given can't be used: one line, exit code 2, so that 1 is left for a gate."""

    exit_code = 2


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what is wrong with files and questions into one line and exit code 2."""
    try:
        yield
    except (BadFile, BadQuestion) as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from None


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
        click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="For every draw by chance."),
        click.option(
            "--sample-users",
            type=click.IntRange(1),
            default=MOST_USERS,
            show_default=True,
            metavar="N",
            help="Ask about at most so many users, drawn by the seed.",
        ),
        click.option("--target", metavar="EVENT_TYPE", help="Foretell only interactions of this type."),
        click.option("--horizon-days", type=_Days(0, min_open=True), help="Foretell only so far."),
        click.option("--at", type=_Moment(), help="Hold out from this time on: epoch seconds or an ISO date."),
        click.option(
            "--hold-out",
            type=click.Choice(choices.HOLD_OUTS),
            default="time",
            show_default=True,
            help="What is to be foretold: everything from a time on (default: the newest tenth), each user's last "
            "interaction or last basket, or as Personalize does for its own metrics.",
        ),
    ):
        called = option(called)
    return called


def given(context: click.Context) -> list[click.Parameter]:
    """Return the parameters that the reader gave, rather than their defaults."""
    default = ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP
    return [one for one in context.command.params if context.get_parameter_source(str(one.name)) not in default]


class _Days(click.FloatRange):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        days = float(super().convert(value, param, ctx))
        if not math.isfinite(days):
            self.fail(f"{value!r} is not a number of days", param, ctx)
        return days


class _Moment(click.ParamType):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int) or str(value).isdecimal():
            return int(value)
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is neither epoch seconds nor an ISO date", param, ctx)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
