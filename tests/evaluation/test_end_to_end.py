"""docs/evaluation.md's example, end to end, from a bank's table to a verdict: its script, run as somebody does who
tries it.
"""

import csv
import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.loop.clone import ROOT, Clone

SCRIPT = Path("examples", "bank", "is_it_worth_it.sh")
GUIDE = (ROOT / "docs" / "evaluation.md").read_text()
(SECTION,) = re.findall(r"^## End to end[^\n]*\n(.*?)(?=^## )", GUIDE, re.MULTILINE | re.DOTALL)
SHOWN = re.findall(r"^```sh\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
ELSEWHERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_PERSONALIZE": "http://127.0.0.1:9"}


@dataclass(frozen=True)
class Gone:
    """The script, run to its end, and what is in its folder then."""

    clone: Clone
    done: subprocess.CompletedProcess[str]
    folder: Path


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory, record_testsuite_property: Callable[[str, object], None]) -> Gone:
    """Return what the script did, beside an environment that points elsewhere, called from another folder."""
    clone = Clone(tmp_path_factory.mktemp("way") / "personalize broker")
    began = time.monotonic()
    done = _run(clone)
    record_testsuite_property("from a bank's table to a verdict", f"{time.monotonic() - began:.0f} s")
    return Gone(clone, done, clone.root / "worth")


def _run(clone: Clone) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own script
        [clone.root / SCRIPT],
        cwd=clone.temporary,
        env=os.environ | ELSEWHERE | {"TMPDIR": str(clone.temporary)},
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )


def test_the_script_ends_with_the_very_commands_that_the_guide_shows() -> None:
    _, _, commands = (ROOT / SCRIPT).read_text().partition("# As docs/evaluation.md shows them:\n")

    assert commands == "".join(SHOWN)
    order = "prepare", "features", "evaluate split", "backfill", "train", "filter", "batch", "evaluate worth/split"
    places = [commands.index(f"./broker {name}") for name in order]
    assert places == sorted(places)


def test_it_comes_from_a_table_to_verdicts_and_leaves_nothing_running(gone: Gone) -> None:
    assert gone.done.returncode == 0, gone.done.stderr
    assert gone.clone.is_quiet()
    assert not gone.clone.local_env.exists()
    assert "440 of 440 users answered" in gone.done.stdout
    assert (gone.folder / "report.html").stat().st_size > 10_000
    assert (gone.folder / "features.svg").stat().st_size > 1_000


def test_the_attribute_that_matters_is_chosen_and_the_others_are_not(gone: Gone) -> None:
    fields = json.loads((gone.folder / "chosen.avsc").read_text())["fields"]

    assert [field["name"] for field in fields] == ["USER_ID", "OCCUPATION"]


def test_nothing_of_the_month_that_is_predicted_is_trained_on(gone: Gone) -> None:
    july = 1_751_328_000
    assert {int(row["TIMESTAMP"]) < july for row in _rows(gone, "train.csv")} == {True}
    truth = _rows(gone, "truth.csv")
    assert {(row["TIMESTAMP"], row["EVENT_TYPE"]) for row in truth} == {(str(july), "acquired")}
    users = [json.loads(line)["userId"] for line in (gone.folder / "split" / "batch_users.json").open()]
    assert sorted(users) == sorted({row["USER_ID"] for row in truth})


def test_no_list_holds_what_its_customer_has_taken_before(gone: Gone) -> None:
    had = {(row["USER_ID"], row["ITEM_ID"]) for row in _rows(gone, "train.csv")}
    lines = [json.loads(line) for line in (gone.folder / "personalize.out").open()]
    listed = {(line["input"]["userId"], item) for line in lines for item in line["output"]["recommendedItems"]}

    assert len(listed) > 10 * len(lines)
    assert not had & listed


def test_the_local_personalize_beats_counting_and_its_campaign_says_what_its_batch_said(gone: Gone) -> None:
    first, second = gone.done.stdout.split("Trained on ")[1:]

    assert re.search(r"^ local-personalize .* better; against \S+: ", first, re.MULTILINE)
    assert "owned_items" not in gone.done.stdout
    assert "hold items that the user has already" not in gone.done.stdout
    batch, campaign = (
        re.findall(rf"^ {name} +(.*?) *$", second, re.MULTILINE) for name in ("local-personalize", "campaign")
    )
    assert len(batch) >= 3  # metrics, verdicts, breadth; the terminal may break lines
    assert batch == campaign


def test_the_report_says_that_amazon_answered_nothing_and_no_fault_is_found(gone: Gone) -> None:
    not_amazons = "answered by the local Personalize: says nothing of Amazon's models"
    assert gone.done.stderr.count(f"\n{not_amazons}\n") == 1  # of batch
    assert f"campaign was {not_amazons}." in gone.done.stdout
    assert f"note: campaign: {not_amazons}" in gone.done.stdout
    assert "faults to look into" not in gone.done.stdout


def test_a_second_run_touches_nothing_of_the_first(gone: Gone) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in gone.folder.rglob("*"))
    again = _run(gone.clone)

    assert again.returncode == 2
    assert "remove it" in again.stderr
    assert sorted((path, path.stat().st_mtime_ns) for path in gone.folder.rglob("*")) == before


def _rows(gone: Gone, name: str) -> list[dict[str, str]]:
    with (gone.folder / "split" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
