"""The loop under load while its services fail."""

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_soak_with_faults_loses_nothing_and_says_what_each_fault_did() -> None:
    command = ["./broker", "soak", "--seconds", "36", "--rate", "40", "--shards", "4", "--calm", "5", "--seed", "3"]
    done = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True, timeout=170)  # noqa: S603
    assert done.stdout, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["law_holds"], found
    assert found["settled"]
    assert found["places"]["lost"] == found["made_up"] == found["counted_twice"] == 0
    assert found["places"]["in_personalize"] > 1000
    assert found["places"]["quarantined"] >= 3
    assert found["faults"]
    assert found["functions"].keys() == {"ingest", "refresh"}
