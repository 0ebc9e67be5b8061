"""The result of a run of the loop: reconciliation, lags, and the quality of the lists."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from broker.metric_names import Metric

from local_stack import loopback
from local_stack.audit.lag import event_times, lags, percentile
from local_stack.audit.reconciliation import Audit, Position, audit
from local_stack.audit.rows import Skipped, StreamRecord
from local_stack.audit.services import deliveries, holdings, stream_records
from local_stack.items4u.client import Client, mpid_as_text
from local_stack.list_quality import Comparisons, HitRates, Purchase, comparisons
from local_stack.simple_lists import MOST_POPULAR, SimpleLists, by_popularity
from local_stack.stack import Stack
from local_stack.user_batches import UserAccount

LAGS = (("p50", 0.5), ("p99", 0.99))


@dataclass(frozen=True)
class PurchaseSample:
    """Purchases to evaluate lists with, and the interactions and item categories for the simple lists.

    All are from the same shop: another shop's items would weaken the simple lists.
    """

    purchases: Sequence[Purchase]
    items: set[str]
    categories: Mapping[str, str]


@dataclass(frozen=True)
class LoopResult:
    """The result of a run. Lags in milliseconds; ``profile`` as the Profile API returns it."""

    audit: Audit
    lag_ms: dict[int, float]
    profiles: int
    shop: Comparisons
    own: Comparisons
    settled: bool
    seconds: float
    profile: dict[str, Any] | None
    skipped: dict[str, int]
    quarantined: dict[str, int]
    uploads: int
    unchanged: int
    postponed: int
    over_daily_cap: int
    user_account: UserAccount | None = None


def judge(
    stack: Stack,
    *,
    began: float,
    settled: bool,
    trained_on: Sequence[dict[str, Any]],
    shop: PurchaseSample,
    own: PurchaseSample,
) -> LoopResult:
    """Return the result from the content of all services; lags are of events from ``began`` (epoch seconds) on."""
    records = stream_records(stack.client("kinesis"), stack.resources.stream_name)
    accepted = deliveries(stack.personalize.url)
    profiles = _profiles(stack.mparticle.url)
    audited = audit_stack(stack, records, accepted)
    metrics = stack.metrics
    return LoopResult(
        audit=audited,
        lag_ms=lags(event_times(records), accepted, int(began * 1000)),
        profiles=len(profiles),
        shop=_rates(shop, trained_on, stack.settings.seed),
        own=_rates(own, trained_on, stack.settings.seed),
        settled=settled,
        seconds=time.time() - began,
        profile=_one_profile(stack.mparticle.url, shop, profiles) if profiles else None,
        skipped=dict(Counter(entry.reason for entry in audited.places["skipped"] if isinstance(entry, Skipped))),
        quarantined=metrics.by_reason(Metric.QUARANTINED),
        uploads=metrics.sum(Metric.PROFILES_UPDATED),
        unchanged=metrics.sum(Metric.PROFILES_UNCHANGED),
        postponed=metrics.sum(Metric.POSTPONED),
        over_daily_cap=metrics.sum(Metric.OVER_DAILY_CAP),
    )


def audit_stack(stack: Stack, records: Sequence[StreamRecord], accepted: Sequence[dict[str, Any]]) -> Audit:
    """Reconcile the stream's records with the services of a running stack."""
    checkpoints = {poller.shard_id: int(poller.checkpoint or -1) for poller in stack.stream_pollers.pollers}
    still: set[Position] = {
        (record.shard_id, record.sequence_number)
        for record in records
        if int(record.sequence_number) > checkpoints[record.shard_id]
    }
    held = holdings(
        accepted,
        stack.client("s3"),
        quarantine_bucket=stack.resources.quarantine_bucket,
        on_failure_bucket=stack.resources.on_failure_bucket,
        still_on_stream=still,
    )
    return audit(records, held)


def summary(result: LoopResult) -> dict[str, Any]:
    """Return the result as one JSON object: ``lag_ms`` from an event's time to Personalize, rates as shares."""
    places = result.audit
    return {
        "interactions_in": places.entries,
        "in_personalize": places.count("in_personalize"),
        "quarantined": places.count("quarantined"),
        "skipped": places.count("skipped"),
        "on_failure": places.count("on_failure"),
        "on_stream": places.count("on_stream"),
        "lost": places.count("lost"),
        "made_up": len(places.unexpected),
        "counted_twice": len(places.duplicated),
        "law_holds": places.holds,
        "settled": result.settled,
        "profiles_updated": result.profiles,
        "profiles_unchanged": result.unchanged,
        "uploads": result.uploads,
        "refreshes_postponed": result.postponed,
        "refreshes_over_daily_cap": result.over_daily_cap,
        "lag_ms": {name: _rounded(percentile(result.lag_ms.values(), share)) for name, share in LAGS},
        **_shown(result.shop),
        "own_events": asdict(result.user_account) | _shown(result.own) if result.user_account else None,
        "skipped_by_reason": result.skipped,
        "quarantined_by_reason": result.quarantined,
        "seconds": round(result.seconds, 1),
        "profile": result.profile and mpid_as_text(result.profile),
    }


def _rates(comparison: PurchaseSample, trained_on: Sequence[dict[str, Any]], seed: int) -> Comparisons:
    once = {event["eventId"]: event["itemId"] for event in trained_on}
    popular = by_popularity(item for item in once.values() if item in comparison.items)
    return comparisons(comparison.purchases, SimpleLists(popular, comparison.categories), seed)


def _profiles(mparticle_url: str) -> set[int]:
    """Return the customers whose profiles have a list."""
    mpids: set[int] = set()
    query: dict[str, Any] = {"limit": 1000}
    while True:
        page = loopback.get(f"{mparticle_url}/_local/profiles", params=query).json()
        mpids |= {int(profile["mpid"]) for profile in page["profiles"] if profile["product_recs"]}
        if page["next"] is None:
            return mpids
        query["after"] = page["next"]


def _one_profile(mparticle_url: str, shop: PurchaseSample, profiles: set[int]) -> dict[str, Any]:
    """Return the profile of a customer with a list who bought something."""
    bought = (int(purchase.customer) for purchase in reversed(shop.purchases) if int(purchase.customer) in profiles)
    return Client(mparticle_url).profile(next(bought, min(profiles)))


def _shown(rates: Comparisons) -> dict[str, Any]:
    anything = rates.anything
    popular = anything and anything.simple[MOST_POPULAR]
    return {
        "hit_rate": anything and round(anything.hit_rate, 4),
        "hit_rate_popularity": popular and round(popular.hit_rate, 4),
        "hit_rate_difference_95": popular and _interval(popular.difference_95),
        "purchases_judged": anything.purchases if anything else 0,
        "comparison": {"any_item": _compared(anything), "new_items": _compared(rates.new_items)},
    }


def _compared(rates: HitRates | None) -> dict[str, Any] | None:
    if rates is None:
        return None
    return {
        "verdict": rates.verdict(),
        "purchases": rates.purchases,
        "places": round(rates.places, 2),
        "hit_rate": round(rates.hit_rate, 4),
        "simple_lists": {
            name: {
                "hit_rate": round(simple_list.hit_rate, 4),
                "model_minus_list_joint_95": _interval(simple_list.joint_95),
            }
            for name, simple_list in rates.simple.items()
        },
    }


def _interval(bounds: tuple[float, float]) -> list[float]:
    return [round(bound, 4) for bound in bounds]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
