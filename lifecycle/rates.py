"""The rates at which a broker works, beside the quotas that it keeps to, from the metrics that its functions write.

Sums are by the metric's name, and by ``name.reason`` where a metric has a reason. A metric that was not written in a
period counts as 0. What other programs use of the same quotas is not known to anybody here.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from broker.metric_names import NAMESPACE, Metric
from broker.reasons import SkipReason
from broker.settings import GET_RECOMMENDATIONS_PER_SECOND, MPARTICLE_BATCHES_PER_SECOND, PUT_EVENTS_PER_SECOND

Client = Callable[[str], Any]
SETTLED = timedelta(minutes=1)  # after which CloudWatch has what the functions logged
MINUTE = 60
SAMPLED_OUT = f"{Metric.SKIPPED}.{SkipReason.SAMPLED_OUT}"
OF_INGEST = (Metric.RECORDS, Metric.ACCEPTED, Metric.PUT_EVENTS_CALLS, Metric.PUT_EVENTS_THROTTLED)
OF_REFRESH = (
    Metric.MESSAGES,
    Metric.PROFILES_UPDATED,
    Metric.POSTPONED,
    Metric.OVER_DAILY_CAP,
    Metric.GET_RECOMMENDATIONS_CALLS,
    Metric.GET_RECOMMENDATIONS_THROTTLED,
    Metric.MPARTICLE_BATCHES,
    Metric.MPARTICLE_BATCHES_THROTTLED,
)


@dataclass(frozen=True)
class Quotas:
    """The configured quotas, each per second."""

    put_events: int = PUT_EVENTS_PER_SECOND
    get_recommendations: int = GET_RECOMMENDATIONS_PER_SECOND
    mparticle_batches: int = MPARTICLE_BATCHES_PER_SECOND


@dataclass(frozen=True)
class Period:
    """A period between two times. Its sums; ``quotas`` as the functions have them; whether there is a ``refresh``."""

    since: datetime
    until: datetime
    sums: Mapping[str, float]
    quotas: Quotas
    refreshes: bool


@dataclass(frozen=True)
class Use:
    """The use of one quota: ``used`` is a share of the quota, ``throttled`` of the calls; None if it is not known."""

    per_second: float | None
    quota: int
    used: float | None
    throttled: float | None


@dataclass(frozen=True)
class Rates:
    """Rates per second over a period; None where a rate is not known.

    ``interactions``: those to report, of which ``reported`` were accepted and ``outside_sample`` are views that
    ``broker:view_sample`` leaves out. ``postponed`` and ``over_daily_cap``: refreshes.
    """

    since: str
    until: str
    records: float
    interactions: float
    reported: float
    outside_sample: float
    put_events: Use
    get_recommendations: Use
    mparticle_batches: Use
    put_events_per_interaction: float | None
    profiles_written: float | None
    postponed: float | None
    over_daily_cap: float | None

    def as_json(self) -> dict[str, Any]:
        """Return them as one JSON object."""
        return {name: _rounded(value) for name, value in asdict(self).items()}


def rates(period: Period) -> Rates:
    """Return the rates of a period."""
    sums, quotas = period.sums, period.quotas
    seconds = (period.until - period.since).total_seconds()

    def per_second(name: str) -> float:
        return sums.get(name, 0) / seconds

    def of_refresh(name: str) -> float | None:
        return per_second(name) if period.refreshes else None

    accepted, calls = sums.get(Metric.ACCEPTED, 0), sums.get(Metric.PUT_EVENTS_CALLS, 0)
    # A version that does not count its calls accepts interactions without any.
    counts_calls = bool(calls) or not accepted
    counts_batches = bool(sums.get(Metric.MPARTICLE_BATCHES)) or not sums.get(Metric.PROFILES_UPDATED)
    counts_refreshes = period.refreshes and counts_batches
    return Rates(
        since=period.since.isoformat(timespec="seconds"),
        until=period.until.isoformat(timespec="seconds"),
        records=per_second(Metric.RECORDS),
        interactions=per_second(Metric.ACCEPTED) + per_second(SAMPLED_OUT),
        reported=per_second(Metric.ACCEPTED),
        outside_sample=per_second(SAMPLED_OUT),
        put_events=_use(sums, Metric.PUT_EVENTS_CALLS, quotas.put_events, seconds, counts_calls),
        get_recommendations=_use(
            sums, Metric.GET_RECOMMENDATIONS_CALLS, quotas.get_recommendations, seconds, counts_refreshes
        ),
        mparticle_batches=_use(sums, Metric.MPARTICLE_BATCHES, quotas.mparticle_batches, seconds, counts_refreshes),
        put_events_per_interaction=calls / accepted if calls and accepted else None,
        profiles_written=of_refresh(Metric.PROFILES_UPDATED),
        postponed=of_refresh(Metric.POSTPONED),
        over_daily_cap=of_refresh(Metric.OVER_DAILY_CAP),
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(member) for name, member in value.items()}
    return round(value, 4) if isinstance(value, float) else value


THROTTLED = {
    Metric.PUT_EVENTS_CALLS: Metric.PUT_EVENTS_THROTTLED,
    Metric.GET_RECOMMENDATIONS_CALLS: Metric.GET_RECOMMENDATIONS_THROTTLED,
    Metric.MPARTICLE_BATCHES: Metric.MPARTICLE_BATCHES_THROTTLED,
}


def _use(sums: Mapping[str, float], name: Metric, quota: int, seconds: float, is_counted: bool) -> Use:
    calls = sums.get(name, 0)
    if not is_counted:
        return Use(None, quota, None, None)
    throttled = sums.get(THROTTLED[name], 0) / calls if calls else None
    return Use(calls / seconds, quota, calls / seconds / quota, throttled)


def from_aws(client: Client, outputs: Mapping[str, str], minutes: int, now: datetime | None = None) -> Period | None:
    """Return the last whole minutes of a deployed broker; None where none is deployed. Raises ClientError."""
    ingest, refresh = outputs.get("IngestFunction"), outputs.get("RefreshFunction")
    if not ingest:
        return None
    until = ((now or datetime.now(UTC)) - SETTLED).replace(second=0, microsecond=0)
    since = until - timedelta(minutes=minutes)
    wanted = [(name.value, name.value, {"service": ingest}) for name in OF_INGEST]
    by_reason = {"service": ingest, "reason": SkipReason.SAMPLED_OUT.value}
    wanted.append((SAMPLED_OUT, Metric.SKIPPED.by_reason, by_reason))
    wanted += [(name.value, name.value, {"service": refresh}) for name in OF_REFRESH] if refresh else []
    queries = [_query(f"m{place}", name, dimensions) for place, (_, name, dimensions) in enumerate(wanted)]
    pages = client("cloudwatch").get_paginator("get_metric_data")
    sums = dict.fromkeys((key for key, _, _ in wanted), 0.0)
    for page in pages.paginate(MetricDataQueries=queries, StartTime=since, EndTime=until):
        for result in page["MetricDataResults"]:
            sums[wanted[int(result["Id"][1:])][0]] += sum(result["Values"])
    variables = _variables(client, ingest) | (_variables(client, refresh) if refresh else {})
    return Period(since, until, sums, quotas_from(variables), refreshes=bool(refresh))


def quotas_from(variables: Mapping[str, str]) -> Quotas:
    """Return the quotas in the functions' environment variables; one that is missing has the function's default."""
    default = Quotas()
    return Quotas(
        put_events=int(variables.get("PUT_EVENTS_PER_SECOND") or default.put_events),
        get_recommendations=int(variables.get("GET_RECOMMENDATIONS_PER_SECOND") or default.get_recommendations),
        mparticle_batches=int(variables.get("MPARTICLE_BATCHES_PER_SECOND") or default.mparticle_batches),
    )


def from_local(answer: Mapping[str, Any]) -> Period:
    """Return a period of the local stack from the page that it serves."""
    since, until = (datetime.fromtimestamp(answer[name], UTC) for name in ("since", "until"))
    return Period(since, until, answer["sums"], quotas_from(answer["variables"]), refreshes=answer["refreshes"])


def _query(id: str, name: str, dimensions: Mapping[str, str]) -> dict[str, Any]:
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": named}
    return {"Id": id, "MetricStat": {"Metric": metric, "Period": MINUTE, "Stat": "Sum"}}


def _variables(client: Client, function: str) -> dict[str, str]:
    answer = client("lambda").get_function_configuration(FunctionName=function)
    variables: dict[str, str] = answer.get("Environment", {}).get("Variables", {})
    return variables
