"""What each recommender costs a month: an amount, or what `./broker cost --json` has printed."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from personalize_data.errors import BadFile, InvalidRequest

CURRENCY = "USD"  # of ./broker cost
TOTAL, COMPLETE = "usd_per_month", "complete"


@dataclass(frozen=True)
class Prices:
    """``amounts``: a month, by recommender; ``at_least``: those whose bill has items without a price."""

    amounts: Mapping[str, float]
    at_least: frozenset[str]


def prices(costs: Sequence[tuple[str, str]], names_by_task: Mapping[str, Sequence[str]], currency: str) -> Prices:
    """Return what each costs a month. Raises InvalidRequest, and BadFile for a file that has no total."""
    known = list(dict.fromkeys(name for some in names_by_task.values() for name in some))
    amounts: dict[str, float] = {}
    at_least = set()
    for name, text in costs:
        if name not in known:
            raise InvalidRequest(f"--cost {name}={text}: no recommender {name} (there are: {', '.join(known)})")
        if name in amounts:
            raise InvalidRequest(f"--cost {name}={text}: {name} has a price already")
        is_bill = Path(text).is_file()
        amounts[name], is_complete = _total(Path(text), currency) if is_bill else (_amount(name, text), True)
        if not is_complete:
            at_least.add(name)
    return Prices(amounts, frozenset(at_least))


def _total(file: Path, currency: str) -> tuple[float, bool]:
    """Return the sum of a file of `./broker cost --json`, and whether all its items have a price."""
    if currency != CURRENCY:
        raise InvalidRequest(f"--cost {file}: it is in {CURRENCY}, and --currency is {currency}: write the amount")
    try:
        bill = json.loads(file.read_text("utf-8"))
        return float(bill[TOTAL]), bool(bill[COMPLETE])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise BadFile(file, "not what ./broker cost --json prints") from None


def _amount(name: str, text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not (math.isfinite(amount) and amount >= 0):
        instead = "a number from 0 on, or a file that ./broker cost --json has printed"
        raise InvalidRequest(f"--cost {name}={text}: {text} is not an amount: {instead}")
    return amount
