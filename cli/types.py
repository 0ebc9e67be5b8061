"""Types of options: moments, durations, and how files are written."""

import codecs
import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

AGO = re.compile(r"(\d+)([mhd])")
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt]?)b)?")
SIZES = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000, "t": 1_000_000_000_000}
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType):
    """``2026-11-22``, ``2026-11-22T09:30`` (UTC where nothing else is said), or ``90m``, ``2h``, ``3d`` ago."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return it with its time zone."""
        if isinstance(value, datetime):
            return value
        moment = _moment(value)
        if moment is None:
            self.fail(f"{value} is none of 2026-11-22, 2026-11-22T09:30, 90m, 2h, 3d", param, ctx)
        return moment


def _moment(text: str) -> datetime | None:
    ago = AGO.fullmatch(text)
    try:
        if ago:
            return datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        read = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


class Finite(click.FloatRange):
    """A number of a range, which may be open, but no infinity and no NaN."""

    what = "a finite number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not {self.what}", param, ctx)
        return number


class FileOrUrl(click.ParamType):
    """A path that exists, or a URL as it is."""

    name = "FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        if isinstance(value, Path) or "://" in value:
            return value  # type: ignore[no-any-return]
        return Path(str(click.Path(exists=True).convert(value, param, ctx)))


class Bytes(click.ParamType):
    """A size, such as 6GB, 500MB or 2.5GB: powers of 1,000. Without a unit, bytes."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        size = SIZE.fullmatch(value.strip().lower())
        if size is None or not (number := float(size[1]) * SIZES[size[2] or ""]):
            self.fail(f"{value!r} is not a size; expected one like 6GB or 500MB", param, ctx)
        return int(number)


class Days(Finite):
    """A finite number of days."""

    what = "a number of days"


class Amount(click.ParamType):
    """A finite decimal number of 0 or more, and of at most ``most``."""

    name = "number"

    def __init__(self, most: int | None = None) -> None:
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Return it as it was written, without rounding."""
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value!r} is not a number", param, ctx)
        if not amount.is_finite() or amount < 0 or (self._most is not None and amount > self._most):
            self.fail(
                f"{value} must be 0 or more{'' if self._most is None else f', and at most {self._most}'}", param, ctx
            )
        return amount


class EpochSeconds(click.ParamType):
    """Epoch seconds, or what ``Moment`` takes; the command gets epoch seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int) or str(value).isdecimal():
            return int(value)
        moment = _moment(str(value))
        if moment is None:
            self.fail(f"{value!r} is neither epoch seconds nor an ISO date", param, ctx)
        return int(moment.timestamp())


class Encoding(click.ParamType):
    """An encoding of text that Python knows."""

    name = "encoding"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return Python's own name of it."""
        try:
            codec = codecs.lookup(str(value))
        except LookupError:
            self.fail(f"{value!r} is no encoding that is known; there are utf-8, latin-1, cp1252, utf-16", param, ctx)
        if not codec._is_text_encoding:
            self.fail(f"{value!r} is no encoding of text", param, ctx)
        return codec.name


class Names(click.ParamType):
    """Names of columns, separated by commas, each once."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        names = tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else tuple(value)
        if not all(names) or len(set(names)) < len(names):
            self.fail(f"{value!r} must be different names, separated by commas", param, ctx)
        return names


class Separator(click.ParamType):
    """A text between values: not blank, or it would part words."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not str(value).strip():
            self.fail("it must not be blank", param, ctx)
        return str(value)


class Pair(click.ParamType):
    """NAME=VALUE, without spaces around either."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, _, rest = (part.strip() for part in str(value).partition("="))
        if not (name and rest):
            self.fail(f"{value!r} must be {self.name}", param, ctx)
        return name, rest
