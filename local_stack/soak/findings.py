"""The findings of a soak: recovery of the lag after each fault, growth of memory, and the report as JSON. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from local_stack.audit.reconciliation import Audit
from local_stack.soak.plan import PlannedFault
from local_stack.soak.profile_lag import ProfileLags
from local_stack.soak.watch import Sample

LONGEST_RECOVERY = 60.0  # seconds
LONG_ENOUGH = 1800.0  # seconds: until then `ingest` fills its cache of 50,000 event ids, about 20 MB
LEAST_NORMAL_LAG = 5.0  # seconds: windows and polls alone cause a lag
FLAT = 1.2  # times the memory of the beginning


@dataclass(frozen=True)
class Recovery:
    """One fault: its longest lag, and the seconds from its end until the lag was normal again (None: never)."""

    fault: str
    at: float
    lasted: float
    longest_lag: float
    most_waiting: int
    normal_after: float | None


@dataclass(frozen=True)
class Usage:
    """One function's processes: medians of the second and the last tenth of the samples, and maxima."""

    first_mb: float
    last_mb: float
    most_mb: float
    most_files: int
    most_threads: int

    @property
    def is_flat(self) -> bool:
        """Whether memory at the end is about the same as in the beginning."""
        return self.last_mb <= FLAT * self.first_mb


def normal_lag(samples: Sequence[Sample], first_fault: float) -> float:
    """Return the limit of a normal lag in seconds: twice the longest lag before the first fault."""
    calm = [sample.lag_s for sample in samples if sample.at < first_fault]
    return max(LEAST_NORMAL_LAG, 2 * max(calm, default=0.0))


def recoveries(samples: Sequence[Sample], planned: Sequence[PlannedFault]) -> list[Recovery]:
    """Return the recovery from each fault, up to the next one."""
    if not planned:
        return []
    ends = [*(fault.at for fault in planned[1:]), float("inf")]
    normal = normal_lag(samples, planned[0].at)
    return [
        _recovery(fault, [sample for sample in samples if fault.at <= sample.at < end], normal)
        for fault, end in zip(planned, ends, strict=True)
    ]


def _recovery(fault: PlannedFault, samples: Sequence[Sample], normal: float) -> Recovery:
    over = fault.at + fault.lasts
    # The lag counts as normal from the sample after which it stays normal.
    late = [sample.at for sample in samples if sample.at >= over and sample.lag_s > normal]
    after = [sample.at for sample in samples if sample.at >= over and sample.at > max(late, default=0.0)]
    return Recovery(
        fault=fault.kind.name,
        at=fault.at,
        lasted=fault.lasts,
        longest_lag=max((sample.lag_s for sample in samples), default=0.0),
        most_waiting=max((sample.waiting_users for sample in samples), default=0),
        normal_after=min(after) - over if after else None,
    )


def usage(samples: Sequence[Sample], function: str) -> Usage | None:
    """Return the usage of a function's processes; None without samples. The first tenth warms up."""
    usages = [sample.functions[function] for sample in samples if function in sample.functions]
    if not usages:
        return None
    tenth = max(1, len(usages) // 10)
    return Usage(
        first_mb=median(process.memory_mb for process in usages[tenth : 2 * tenth] or usages[:tenth]),
        last_mb=median(process.memory_mb for process in usages[-tenth:]),
        most_mb=max(process.memory_mb for process in usages),
        most_files=max(process.files for process in usages),
        most_threads=max(process.threads for process in usages),
    )


@dataclass(frozen=True)
class Findings:
    """The findings of a soak.

    ``settled``: everything was processed in the end; ``seconds``: of load; ``lag_ms``: p50 and p99 of the lag.
    ``profile_normal_limit``: seconds, None if it is not known; ``profile_normal_after``: seconds from each fault's end.
    ``processors``: how many each group of processes used.
    """

    audit: Audit
    settled: bool
    seconds: float
    asked_rate: float
    interactions: int
    lag_ms: dict[str, float | None]
    profile_lags: ProfileLags
    recoveries: Sequence[Recovery]
    profile_normal_limit: float | None
    profile_normal_after: Sequence[float | None]
    postponed: int
    over_daily_cap: int
    processors: dict[str, float]
    usage: dict[str, Usage]
    samples: Sequence[Sample]


def verdict(findings: Findings) -> dict[str, bool]:
    """Return the required properties and whether they hold; memory only counts in a long run."""
    slow = [
        recovery
        for recovery in findings.recoveries
        if recovery.normal_after is None or recovery.normal_after > LONGEST_RECOVERY
    ]
    checks = {
        "reconciled": findings.audit.holds,
        "settled": findings.settled,
        "lag_normal_within_a_minute": not slow,
    }
    if findings.seconds >= LONG_ENOUGH:
        checks["memory_flat"] = all(usage.is_flat for usage in findings.usage.values())
    return checks


def summary(findings: Findings) -> dict[str, Any]:
    """Return the findings; lags in milliseconds, memory in MB, everything else in seconds."""
    places = findings.audit
    return {
        **verdict(findings),
        "seconds": round(findings.seconds, 1),
        "interactions": findings.interactions,
        "rate": round(findings.interactions / findings.seconds, 1),
        "asked_rate": findings.asked_rate,
        "places": {place: places.count(place) for place in places.PLACES},
        "unexpected": len(places.unexpected),
        "duplicated": len(places.duplicated),
        "lag_ms": {name: value and round(value, 1) for name, value in findings.lag_ms.items()},
        "profile_lag_ms": {
            name: value and round(value * 1000, 1) for name, value in findings.profile_lags.percentiles().items()
        },
        "profile_lag_normal_ms": findings.profile_normal_limit and round(findings.profile_normal_limit * 1000, 1),
        "profile_lag_events": {
            "measured": len(findings.profile_lags.lags),
            "unchanged": findings.profile_lags.unchanged,
            "missing": findings.profile_lags.missing,
        },
        "most_batches_not_forwarded": max((sample.forwarding for sample in findings.samples), default=0),
        "refreshes_postponed": findings.postponed,
        "refreshes_over_daily_cap": findings.over_daily_cap,
        "faults": [
            _rounded(asdict(entry) | {"profile_normal_after": profile})
            for entry, profile in zip(findings.recoveries, findings.profile_normal_after, strict=True)
        ],
        "processors": _rounded(findings.processors | {"all": sum(findings.processors.values())}, 2),
        "functions": {
            name: {**_rounded(asdict(entry)), "memory_flat": entry.is_flat} for name, entry in findings.usage.items()
        },
    }


def _rounded(values: Mapping[str, Any], digits: int = 1) -> dict[str, Any]:
    return {name: round(value, digits) if isinstance(value, float) else value for name, value in values.items()}
