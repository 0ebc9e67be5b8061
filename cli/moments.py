"""A moment on the command line: a date, a date and a time, or how long ago."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

AGO = re.compile(r"(\d+)([mhd])")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType):
    """``2026-11-22``, ``2026-11-22T09:30`` (UTC where nothing else is said), or ``90m``, ``2h``, ``3d`` ago."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return it with its time zone."""
        if isinstance(value, datetime):
            return value
        ago = AGO.fullmatch(value)
        try:
            if ago:
                return datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
            read = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            self.fail(f"{value} is none of 2026-11-22, 2026-11-22T09:30, 90m, 2h, 3d", param, ctx)
        return read if read.tzinfo else read.replace(tzinfo=UTC)
