"""The loop under load while its services fail."""

import json
import subprocess
from pathlib import Path

from tests.draws import draws
from tests.json_numbers import rounded

ROOT = Path(__file__).parents[2]
SECONDS = 26  # the first fault with calm before and after it, and poison every five seconds


def test_a_soak_with_faults_loses_nothing_and_says_what_each_fault_did() -> None:
    load = (
        "--seconds",
        draws(all_of_them=360, part=SECONDS),
        "--rate",
        draws(all_of_them=40, part=8),
        "--shards",
        draws(4, 2),
    )
    command = ["./broker", "soak", *map(str, load), "--fault-interval", "2", "--seed", "3", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200)  # noqa: S603
    assert done.stdout, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["reconciled"], found
    assert rounded(found) == []
    assert found["settled"]
    assert found["places"]["lost"] == found["unexpected"] == found["duplicated"] == 0
    assert found["places"]["in_personalize"] > 1000
    assert found["places"]["quarantined"] >= 3
    assert found["faults"]
    assert found["profile_lag_events"]["measured"] > 50
    assert found["profile_lag_events"]["missing"] == 0
    assert 2000 < found["profile_lag_ms"]["p50"] <= found["profile_lag_ms"]["p99"] <= found["profile_lag_ms"]["max"]
    assert all("profile_normal_after" in fault for fault in found["faults"])
    assert found["refreshes_postponed"] >= 0
    assert found["functions"].keys() == {"ingest", "refresh"}
