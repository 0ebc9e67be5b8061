"""docs/model.md does what it says: its commands, on the UCI shop, from nothing to recommendations."""

import json
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.__main__ import COMMANDS
from tests.loop.clone import PATIENCE, ROOT, Clone
from tests.real_data import uci

GUIDE = (ROOT / "docs" / "model.md").read_text()
SERVE, FROM_NOTHING, OTHER_QUESTIONS = re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
SECONDS = 120.0


@pytest.fixture(scope="module")
def shop(served: Clone, test_data: Path) -> Clone:
    """Return the clone with the shop's invoices as the guide shows them, and three customers for a batch."""
    lines = uci.cleaned(test_data / uci.FILE)
    columns = ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "Amount", "CustomerID"]
    lines.select(columns).write_csv(served.root / "shop.csv", datetime_format="%Y-%m-%d %H:%M:%S")
    (served.root / "customers.txt").write_text("USER_ID\n17850\n13047\nnobody\n")
    return served


@pytest.fixture(scope="module")
def trained(shop: Clone) -> "Trained":
    """Return what the guide's way from nothing to recommendations printed, and how long it took."""
    began = time.monotonic()
    done = in_shell(shop, FROM_NOTHING)
    return Trained(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


@dataclass(frozen=True)
class Trained:
    """The guide's three commands, done."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float


def in_shell(clone: Clone, script: str) -> subprocess.CompletedProcess[str]:
    """Run a block of the guide as somebody who pastes it into a terminal does."""
    return subprocess.run(  # noqa: S603 - the guide's own commands
        ["/bin/sh", "-e", "-c", script],
        cwd=clone.root,
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * PATIENCE,
    )


def test_the_service_is_started_as_the_guide_says() -> None:
    assert SERVE == "./broker serve --only personalize\n"


def test_three_commands_lead_from_a_csv_to_recommendations_in_under_two_minutes(
    trained: Trained, record_property: Callable[[str, object], None]
) -> None:
    record_property("from a CSV to recommendations", f"{trained.seconds:.0f} s")
    assert trained.returncode == 0, trained.stderr
    assert trained.seconds < SECONDS
    assert "interactions: imported" in trained.stdout
    assert "precision at 10" in trained.stdout
    assert "For user 17850" in trained.stdout


def test_the_other_questions_of_the_guide_are_answered_from_the_same_data(shop: Clone, trained: Trained) -> None:
    done = in_shell(shop, OTHER_QUESTIONS)

    assert done.returncode == 0, done.stderr
    assert "Similar to 85123A" in done.stdout
    assert "3 of 3 users answered" in done.stdout
    assert "next:  ./broker recommend USER" in done.stdout
    users = [json.loads(line)["input"]["userId"] for line in (shop.root / "lists.jsonl").read_text().splitlines()]
    assert users == ["17850", "13047", "nobody"]


def test_an_import_that_is_done_is_found_again_and_not_repeated(shop: Clone, trained: Trained) -> None:
    backfill, _, _ = FROM_NOTHING.partition("./broker train")
    before = json.loads(shop.run("status", "--json").stdout)
    again = in_shell(shop, f"{backfill.rstrip()} --json")

    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["state"] == "was there already"
    assert json.loads(shop.run("status", "--json").stdout) == before


def test_the_list_is_the_same_for_people_and_for_programs(shop: Clone, trained: Trained) -> None:
    found = json.loads(shop.run("recommend", "17850", "--json").stdout)

    assert len(found["items"]) == 10
    shown = re.findall(r"│ +\d+ │ (\S+) +│", trained.stdout)
    assert shown == [one["item"] for one in found["items"]]


@pytest.mark.parametrize("command", ["status", "backfill", "train", "recommend", "similar", "batch", "filter"])
def test_every_command_and_every_option_that_the_guide_names_is_there(command: str) -> None:
    assert command in COMMANDS
    assert f"`./broker {command}" in GUIDE
