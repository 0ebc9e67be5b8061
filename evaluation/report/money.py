"""What a recommender costs and brings, in sentences. The first is the break-even incrementality, if it is known."""

import math
from collections.abc import Iterator

from evaluation.scoring.cost import Cost, Range
from evaluation.scoring.uncertainty import Comparison

WITHOUT_THE_LIST = "sales that nobody would have made without the list"
HUNDRED = 100


def sentences(cost: Cost, currency: str) -> list[str]:
    """Return them all: the break-even incrementality, the break-even value, and the further hits of 1,000 users."""
    return [*_incrementality(cost, currency), *_value(cost, currency), _of_a_thousand(cost, currency)]


def incrementality(cost: Cost, currency: str) -> str | None:
    """Return how many of its hits would have to be sales of the list to pay it, against no list at all."""
    share, users, value = cost.break_even_incrementality, cost.business.users_per_month, cost.business.value_per_hit
    if share is None:
        return None
    given = f"{users:,.0f} active users a month, {value:,.2f} {currency} a sale"
    needed = f"of every 100 hits, {_of_hundred(share)} would have to be {WITHOUT_THE_LIST}"
    return f"To pay for {cost.name}, {_price(cost, currency)} ({given}), {needed}"


def condition(cost: Cost) -> str | None:
    """Return what has to be true of the hits beyond those of the best list that needs no service."""
    share = cost.break_even_of_further_hits
    return None if share is None else f"{_further(cost, share)} are {WITHOUT_THE_LIST}"


def against_the_alternative(cost: Cost) -> str | None:
    """Return the same of the hits beyond those of the best list that needs no service."""
    share = cost.break_even_of_further_hits
    if share is None:
        return None
    instead = f"Instead of {cost.alternative[0]}, which needs no service"
    even_if = "too few, even if each of them were such a sale"
    if share.low > 1:
        return f"{instead}, it does not pay: it has no further hits, or {even_if}"
    if share.high > 1:
        return f"{instead}, it is not shown to pay: its further hits may be {even_if}"
    return f"{instead}: {_further(cost, share)} would have to be such sales"


def _incrementality(cost: Cost, currency: str) -> Iterator[str]:
    yield from filter(None, (incrementality(cost, currency), against_the_alternative(cost)))
    worth = cost.further_value
    if worth is not None and worth.middle > 0:
        amounts = f"{worth.middle:,.2f} {currency} a month ({worth.low:,.2f} to {worth.high:,.2f})"
        yield f"The further hits are worth {amounts} at most: if each of them were such a sale"


def _value(cost: Cost, currency: str) -> Iterator[str]:
    value, users = cost.break_even_value, cost.business.users_per_month
    if value is None or users is None:
        return
    alternative, further = cost.alternative
    with_users = f"With {users:,.0f} active users a month, {cost.name} instead of {alternative}"
    amounts = f"{value.middle:,.2f} {currency} ({value.low:,.2f} to {value.high:,.2f})"
    if not math.isfinite(value.middle):
        yield f"{with_users} pays at no value of a hit: there are no further hits"
    elif not math.isfinite(value.high):
        hits = f"{further.low * HUNDRED:+.1f} to {further.high * HUNDRED:+.1f} of 100 users"
        yield f"{with_users} is not shown to pay at any value of a hit: there may be no further hits ({hits})"
    else:
        yield f"{with_users} pays if a further hit is worth more than {amounts}"


def _of_a_thousand(cost: Cost, currency: str) -> str:
    more = f"of 1,000 users, {_more(cost.extra_hits)} have a hit in their {cost.k} items than with {cost.against}"
    if cost.beyond_here and cost.here != cost.against:
        more += f", and {_more(cost.beyond_here)} than with {cost.here}, which is trained here"
    return f"{cost.name} costs {_price(cost, currency)}: {more}"


def _price(cost: Cost, currency: str) -> str:
    at_least = "at least " if cost.name in cost.business.at_least else ""
    return f"{at_least}{cost.per_month:,.2f} {currency} a month"


def _further(cost: Cost, share: Range) -> str:
    return f"of every 100 hits beyond those of {cost.alternative[0]}, {_of_hundred(share)}"


def _of_hundred(share: Range) -> str:
    if share.low > 1:
        return "more than all"
    middle, high = ("more than all" if end > 1 else _number(end) for end in (share.middle, share.high))
    return f"{middle} ({_number(share.low)} to {high})"


def _number(share: float) -> str:
    """Return a share of 100 with two digits or three."""
    amount = share * HUNDRED
    return f"{amount:.{0 if amount >= 10 else 1 if amount >= 1 else 2}f}"


def _more(extra: Comparison) -> str:
    hits = extra.difference
    between = f"{hits.low * 1000:+.0f} to {hits.high * 1000:+.0f}" if hits.n > 1 else "of one user"
    return f"{abs(hits.mean) * 1000:.0f} {'fewer' if hits.mean < 0 else 'more'} ({between})"
