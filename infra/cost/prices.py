"""The file of prices: what each is of, and what is wrong with a file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from infra.paths import ROOT

EXAMPLE = ROOT / "examples" / "prices" / "us-east-1.toml"
WRITE = "write its usd, unit, date and source, as examples/prices/us-east-1.toml does"


@dataclass(frozen=True)
class Unit:
    """What a price is for: its name, and how many of what is counted it holds."""

    name: str
    size: int = 1


MILLION = 1_000_000
UNITS = {
    "kinesis_stream_hour": Unit("stream hour"),
    "kinesis_gb_in": Unit("GB"),
    "kinesis_gb_out": Unit("GB"),
    "kinesis_gb_month_kept": Unit("GB-month"),
    "kinesis_shard_hour": Unit("shard hour"),
    "kinesis_put_units": Unit("million put units", MILLION),
    "kinesis_shard_hour_kept": Unit("shard hour"),
    "firehose_gb": Unit("GB"),
    "s3_gb_month": Unit("GB-month"),
    "lambda_requests": Unit("million requests", MILLION),
    "lambda_gb_seconds": Unit("million GB-seconds", MILLION),
    "sqs_requests": Unit("million requests", MILLION),
    "dynamodb_read_units": Unit("million units", MILLION),
    "dynamodb_write_units": Unit("million units", MILLION),
    "personalize_gb": Unit("GB"),
    "personalize_v2_trained_interactions": Unit("1,000 events", 1_000),
    "personalize_v2_requests": Unit("1,000 requests", 1_000),
    "personalize_training_hour": Unit("training hour"),
    "personalize_tps_hour": Unit("TPS-hour"),
    "cloudwatch_alarm": Unit("alarm"),
    "cloudwatch_composite_alarm": Unit("composite alarm"),
    "cloudwatch_metric": Unit("metric"),
    "cloudwatch_dashboard": Unit("dashboard"),
    "cloudwatch_gb_of_logs": Unit("GB"),
    "secret": Unit("secret"),
    "kms_key": Unit("key"),
    "kms_requests": Unit("10,000 requests", 10_000),
    "mparticle_events": Unit("1,000 events", 1_000),
}


class PricesError(ValueError):
    """A file of prices that can't be used; the message is one line, with the file and what to do."""


@dataclass(frozen=True)
class Price:
    """USD for one of the unit; when, and where, somebody read it."""

    usd: Decimal
    read_on: date
    source: str


@dataclass(frozen=True)
class Prices:
    """The prices of a region by name. Names of ``UNITS`` that are missing have no price."""

    region: str
    prices: Mapping[str, Price]

    def of(self, name: str) -> Decimal | None:
        """Return the USD for one of the unit, None where there is no price."""
        price = self.prices.get(name)
        return price.usd if price else None

    @property
    def oldest(self) -> date | None:
        """Return the day on which the oldest of them was read."""
        return min((price.read_on for price in self.prices.values()), default=None)


def read_prices(path: Path) -> Prices:
    """Read a file of prices. Raises PricesError."""
    try:
        content = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except OSError as error:
        raise PricesError(f"{path}: {error.strerror}: name a file by --prices, or leave the option out") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PricesError(f"{path} is not TOML: {error}: compare it with {EXAMPLE.relative_to(ROOT)}") from None
    region = content.pop("region", None)
    if not isinstance(region, str):
        raise PricesError(f"{path} names no region: begin it with a line such as region = 'us-east-1'")
    return Prices(region, {name: _price(path, name, value) for name, value in content.items()})


def _price(path: Path, name: str, value: Any) -> Price:
    if name not in UNITS:
        near = get_close_matches(name, UNITS, 1)
        raise PricesError(f"{path}: {name} is no price{f'; did you mean {near[0]}?' if near else ': leave it out'}")
    if not isinstance(value, dict) or {*value} != {"usd", "unit", "date", "source"}:
        raise PricesError(f"{path}: {name} is incomplete, or has more than it needs: {WRITE}")
    usd = value["usd"]
    if isinstance(usd, bool) or not isinstance(usd, int | Decimal) or not Decimal(usd).is_finite() or usd < 0:
        raise PricesError(f"{path}: usd of {name} must be a number of 0 or more, without quotes, not {usd!r}")
    if value["unit"] != UNITS[name].name:
        raise PricesError(
            f"{path}: unit of {name} is {value['unit']!r}: convert the price to USD per {UNITS[name].name}"
        )
    if type(value["date"]) is not date or not isinstance(value["source"], str) or not value["source"].strip():
        raise PricesError(f"{path}: date or source of {name} is no date (2026-11-27) or no text: {WRITE}")
    return Price(Decimal(usd), value["date"], value["source"])
