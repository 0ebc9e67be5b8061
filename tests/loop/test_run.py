"""One ``./broker run`` in a clone, in a hostile environment, with files of one's own: what it says, and what it leaves.

The files, where there are any, are real: mParticle batches of others as they were found, visits of twenty shoppers.
"""

import json
import shlex
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.run import NEXT
from local_stack.list_quality import ENOUGH_TO_JUDGE
from local_stack.simple_lists import MOST_POPULAR, OWN_CATEGORIES, OWN_ITEMS
from tests.json_numbers import rounded
from tests.loop.clone import Clone
from tests.real_data import data_folder, otto, wire

ENOUGH = 20  # purchases, to judge the lists by
AN_HOUR_MS = 3_600_000
SECONDS = 12, 40, 160  # in which there are enough: on a busy machine it takes longer


@dataclass(frozen=True)
class Finished:
    """A run that has ended: its one JSON object, and what was left just after it."""

    process: subprocess.CompletedProcess[str]
    processes_left: list[str]

    @property
    def result(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.process.stdout)
        return found


@pytest.fixture(scope="module")
def finished(
    clone: Clone, hostile_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Finished:
    folder = data_folder()
    own_files = files_of(folder, tmp_path_factory.mktemp("own")) if folder.is_dir() else []
    for seconds in SECONDS:
        arguments = ("run", "--json", "--seconds", seconds, "--seed", 1, *own_files)
        finished = Finished(clone.run(*arguments, environment=hostile_environment), clone.processes())
        if finished.process.returncode or finished.result["purchases_judged"] >= ENOUGH:
            break
    return finished


def files_of(folder: Path, made: Path) -> list[object]:
    wire.write_ndjson(made / "sessions.ndjson", otto.convert(folder / otto.FILE).batches)
    return ["--events", (folder / "mparticle").resolve(), made / "sessions.ndjson"]


def test_it_succeeds_and_prints_one_json_object_and_its_stages_beside_it(finished: Finished) -> None:
    assert finished.process.returncode == 0, finished.process.stderr
    assert finished.process.stdout.count("\n") == 1
    assert set(finished.result) >= {
        *("interactions_in", "in_personalize", "quarantined", "skipped", "on_stream"),
        *("profiles_updated", "profiles_unchanged", "lag_ms"),
        *("hit_rate", "hit_rate_popularity", "hit_rate_difference_95", "profile"),
    }
    stages = [line.split()[2] for line in finished.process.stderr.splitlines()]
    assert list(dict.fromkeys(stages)) == ["starting", "collecting", "training", "recommending", "checking"]


def test_every_interaction_is_in_exactly_one_place(finished: Finished) -> None:
    result = finished.result
    places = ("in_personalize", "skipped", "quarantined", "on_failure", "on_stream")
    assert result["interactions_in"] == sum(result[place] for place in places)
    assert (result["lost"], result["made_up"], result["on_stream"], result["on_failure"]) == (0, 0, 0, 0)
    assert result["law_holds"]


def test_own_files_are_accounted_for_the_bad_ones_in_quarantine(finished: Finished, test_data: Path) -> None:
    result, sessions = finished.result, otto.convert(test_data / otto.FILE)
    assert result["in_personalize"] > 1200 + len(sessions.expected)
    assert result["quarantined_by_reason"] == {"not_json": 1, "not_a_batch": 2, "no_well_formed_event": 1}
    assert result["quarantined"] == 4
    assert sum(sum(reasons.values()) for reasons in result["unreadable_files"].values()) == 4
    assert all(Path(name).is_file() for name in result["unreadable_files"])
    visits = Counter(batch["mpid"] for batch in sessions.batches)
    assert 0 < result["own_events"]["purchases_judged"] <= sum(number >= 3 for number in visits.values())


def test_profiles_are_updated_with_lists_that_beat_popular_items_and_the_verdict_names_every_list(
    finished: Finished,
) -> None:
    result = finished.result
    assert result["profiles_updated"] > 50
    assert result["purchases_judged"] >= ENOUGH
    assert result["hit_rate"] > result["hit_rate_popularity"]
    assert result["hit_rate_difference_95"][0] > 0
    anything, new_items = (result["comparison"][what] for what in ("any_item", "new_items"))
    assert set(anything["simple_lists"]) == {MOST_POPULAR, OWN_ITEMS, OWN_CATEGORIES}
    assert set(new_items["simple_lists"]) == {MOST_POPULAR, OWN_CATEGORIES}
    assert (new_items["places"], anything["places"]) == (10, 10)
    assert 0 < new_items["purchases"] < anything["purchases"] == result["purchases_judged"]
    assert anything["simple_lists"][OWN_ITEMS]["hit_rate"] > anything["simple_lists"][MOST_POPULAR]["hit_rate"]
    if anything["purchases"] >= ENOUGH_TO_JUDGE:
        assert all(name in anything["verdict"] for name in anything["simple_lists"])


def test_no_number_of_the_result_would_be_rounded_by_jq_or_javascript(finished: Finished) -> None:
    assert rounded(finished.result) == []
    assert int(finished.result["profile"]["mpid"])


def test_the_lag_is_in_milliseconds_and_the_profile_shown_carries_ten_items_of_the_shop(finished: Finished) -> None:
    result = finished.result
    assert 0 < result["lag_ms"]["p50"] <= result["lag_ms"]["p99"] < AN_HOUR_MS, "no other unit"
    items = result["profile"]["user_attributes"]["product_recs"]
    assert len(items) == len(set(items)) == 10
    assert result["profile"]["user_attributes"]["product_recs_id"].startswith("RID-")


def test_nothing_is_left_but_a_log_in_the_temporary_folder(finished: Finished, clone: Clone) -> None:
    assert finished.processes_left == []
    assert not clone.local_env.exists()
    assert [path.suffix for path in clone.temporary.iterdir() if path.is_file()] == [".log"]


@pytest.mark.parametrize("command", NEXT)
def test_a_command_to_try_next_works_as_printed(clone: Clone, command: str) -> None:
    program, *arguments = shlex.split(command)
    assert program == "./broker"
    assert all((clone.root / argument).is_file() for argument in arguments if "/" in argument)
    if arguments[0] != "run":  # which would take half a minute once more
        assert clone.run(*arguments).returncode == 0
