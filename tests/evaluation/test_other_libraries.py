"""Other metric libraries in an environment of their own: the page on them is what they print today."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.libraries import tables
from bench.libraries.__main__ import PAGE, present_row, with_table
from bench.libraries.cases import Case, cases
from bench.libraries.library import IN_TESTS, LIBRARIES, LOCKED, Library
from evaluation.constants import METRICS
from tests.evaluation import made_up
from tests.real_data import ROOT

EXAMPLES = ROOT / "examples/other_frameworks"
PYTHON = LOCKED / "bin/python"
needs_libraries = pytest.mark.skipif(
    not (LOCKED / ".ready").exists(), reason="the metric libraries are not installed: make .venv/libraries/.ready"
)


@pytest.fixture(scope="module")
def played() -> dict[str, Case]:
    return cases()


def broker(*arguments: object) -> str:
    command = [str(ROOT / "broker"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout  # noqa: S603 - ours


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A split with purchases that repeat, since visits lie days apart and the truth is the newest tenth."""
    folder = tmp_path_factory.mktemp("shop")
    broker("evaluate", "split", made_up.write(folder / "interactions.csv"), "--out", folder / "split")
    return folder / "split"


def given_lists(split: Path, path: Path) -> Path:
    """Write lists with nothing for the first user, a short list for the second, and an error for the third."""
    users = [json.loads(line)["userId"] for line in (split / "batch_users.json").read_text().splitlines()]
    lines = []
    for number, user in enumerate(users):
        items = [f"i{(number * 7 + place * 3) % 40}" for place in range([0, 4, 25][min(number, 2)])]
        error = "no such user" if number == 2 else None
        lines.append({"input": {"userId": user}, "output": {"recommendedItems": items}, "error": error})
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


@needs_libraries
@pytest.mark.server
def test_the_scripts_of_the_page_print_what_evaluate_prints(split: Path, tmp_path: Path) -> None:
    lists = given_lists(split, tmp_path / "lists.jsonl")
    report = json.loads(
        broker("evaluate", split, "--task", "all-items", "--no-tuning", "--recommendations", f"given={lists}", "--json")
    )
    ours = means(report, "given")
    truth = (split / "truth.csv").read_text().splitlines()
    pairs = [line.split(",")[:2] for line in truth]
    assert len({tuple(pair) for pair in pairs}) < len(pairs), "an item is bought twice"
    for script in ("check_with_ir_measures.py", "check_with_rectools.py"):
        command = [str(PYTHON), str(EXAMPLES / script), str(split), str(lists)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
        theirs = json.loads(done.stdout)
        assert theirs == pytest.approx({name: ours[name] for name in theirs}, abs=1e-6), script
        assert len(theirs) == len(METRICS)


def means(report: Mapping[str, Any], name: str) -> dict[str, float]:
    """Return a recommender's means of the task all-items, by metric."""
    metrics = report["tasks"]["all-items"]["recommenders"][name]["metrics"]
    return {metric: value["mean"] for metric, value in metrics.items()}


@needs_libraries
@pytest.mark.server
@pytest.mark.parametrize("library", IN_TESTS, ids=lambda library: library.name)
def test_the_page_has_what_a_library_prints(library: Library, played: dict[str, Case]) -> None:
    page = PAGE.read_text(encoding="utf-8").splitlines()
    rows = tables.rows(library, library.answer(played), played)
    assert [name for name, row in rows.items() if row not in page] == []
    assert tables.ours_row(played) in page


def test_the_page_has_a_row_for_each_library_in_both_tables() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for library in LIBRARIES:
        assert page.count(f"\n| {library.name} ") == 2, library.name


def test_a_table_is_written_between_its_comments_and_nowhere_else() -> None:
    page = "before\n<!-- same -->\nold\n<!-- end of same -->\nafter"
    assert with_table(page, "same", "new") == "before\n<!-- same -->\n\nnew\n\n<!-- end of same -->\nafter"
    with pytest.raises(ValueError, match="differences"):
        with_table(page, "differences", "new")


def test_a_row_of_the_page_is_kept_where_its_library_does_not_run() -> None:
    page = "<!-- same -->\n| a (1) | x |\n| b (1) | y |\n<!-- end of same -->\n| b other |"
    assert present_row(page, "same", "b") == "| b (1) | y |"
    with pytest.raises(ValueError, match="no row for c"):
        present_row(page, "same", "c")
