"""A soak's findings as one JSON object. No I/O."""

from dataclasses import asdict
from typing import Any

from local_stack.soak.soak import Findings

LONGEST_RECOVERY = 60.0  # seconds
LONG_ENOUGH = 1800.0  # seconds: until then `ingest` fills its cache of 50,000 event ids, about 20 MB


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
        "seconds": findings.seconds,
        "interactions": findings.interactions,
        "rate": round(findings.interactions / findings.seconds, 1),
        "places": {place: places.count(place) for place in places.PLACES},
        "unexpected": len(places.unexpected),
        "duplicated": len(places.duplicated),
        "lag_ms": {name: value and round(value, 1) for name, value in findings.lag_ms.items()},
        "faults": [_rounded(asdict(entry)) for entry in findings.recoveries],
        "functions": {
            name: {**_rounded(asdict(entry)), "memory_flat": entry.is_flat} for name, entry in findings.usage.items()
        },
    }


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 1) if isinstance(value, float) else value for name, value in values.items()}
