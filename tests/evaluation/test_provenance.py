"""Everything that another run needs stands in all three forms of a report, and is enough to make it again."""

import hashlib
import json
import platform
import re
import shlex
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.evaluate import command
from tests.evaluation import made_up

OPTIONS = ("--no-tuning", "--hold-out", "last-basket", "--target", "purchase", "--seed", "7", "--sample-users", "30")


def invoke(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up.write(tmp_path_factory.mktemp("shop") / "interactions.csv")


def test_terminal_page_and_json_say_how_the_result_was_made(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    terminal = invoke(file, *OPTIONS, "--html", page).stdout
    how = json.loads(invoke(file, *OPTIONS, "--json").stdout)["how"]
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert how["sha256"] == {"interactions": sha256}
    assert how["hold_out"] == {
        "kind": "last-basket", "at": None, "horizon_days": None, "event_type": "purchase", "seed": 7, "arm": None,
    }  # fmt: skip
    assert (how["tuned"], how["sample_users"], how["metric"], how["seed"]) == (False, 30, "ndcg@10", 7)
    rows = made_up.rows()
    assert (how["data"]["users"], how["data"]["items"]) == (60, 40)
    assert (how["data"]["first"], how["data"]["last"]) == (min(row[2] for row in rows), max(row[2] for row in rows))
    for text in (terminal, page.read_text()):
        for said in (
            "all interactions of each user's last second, only of type purchase",
            "seed",
            "defaults (--no-tuning)",
            f"{file.parent.name}/interactions.csv: ",
            "of 60 users with 40 items, 2023-11-",
            sha256[:12],
            how["version"],
            f"Python {platform.python_version()}, numpy {metadata.version('numpy')}",
            shlex.join(["./broker", "evaluate", str(file), *OPTIONS]),
        ):
            assert said.replace("'", "&#39;") in text or said in text, said
    assert sha256 in page.read_text()
    assert "regularisation" in terminal  # the settings of each


def test_what_is_said_is_enough_to_make_the_same_figures_again(file: Path) -> None:
    first = json.loads(invoke(file, *OPTIONS, "--json").stdout)
    how, hold_out = first["how"], first["how"]["hold_out"]
    again = [
        *("--hold-out", hold_out["kind"], "--target", hold_out["event_type"], "--seed", str(how["seed"])),
        *("--sample-users", str(how["sample_users"]), "--metric", how["metric"]),
        *([] if how["tuned"] else ["--no-tuning"]),
        *(option for task in how["tasks"] for option in ("--task", task)),
    ]
    second = json.loads(invoke(file, *again, "--json").stdout)
    unlike = {"evaluated_at": None, "command": ""}
    assert second["how"] | unlike == how | unlike
    for task, leaderboard in first["tasks"].items():
        for name, row in leaderboard["recommenders"].items():
            assert row["metrics"] == second["tasks"][task]["recommenders"][name]["metrics"]


def test_a_split_says_how_it_was_split_and_counts_both_of_its_files(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "split"
    hold_out = OPTIONS[1:]
    invoke("split", file, "--out", out, *hold_out)
    how = json.loads(invoke(out, "--no-tuning", "--json").stdout)["how"]
    direct = json.loads(invoke(file, *OPTIONS, "--json").stdout)["how"]
    assert how["hold_out"] == direct["hold_out"]
    assert set(how["sha256"]) == {"train.csv", "truth.csv"}
    rows = sum(len((out / name).read_text().splitlines()) - 1 for name in how["sha256"])
    assert how["data"]["interactions"] == rows
    assert how["source"].endswith("/split")


def test_other_files_have_their_hashes_too(file: Path, tmp_path: Path) -> None:
    users = tmp_path / "users.csv"
    users.write_text("USER_ID,AGE\nu1,30\n")
    how = json.loads(invoke(file, *OPTIONS, "--users", users, "--json").stdout)["how"]
    assert how["sha256"]["users"] == hashlib.sha256(users.read_bytes()).hexdigest()


def test_a_page_fits_a_phone_by_itself_and_prints_its_summary_alone(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    invoke(file, *OPTIONS, "--html", page)
    text = page.read_text()
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "prefers-color-scheme: dark" in text
    assert ".summary { break-after: page }" in text
    tables = re.findall(r"<table>", text)
    scrolled = re.findall(r'<div class="wide[^>]*aria-label="[^"]+"><table>', text)
    assert len(tables) == len(scrolled) > 5  # each scrolls, and not the page
    assert len(re.findall(r'<div class="wide many"', text)) > 3  # and says so where it has many columns
    assert text.index('class="word"') < text.index('class="data"')  # the answer first


def test_the_validation_says_whom_it_asked_when_and_what_it_could_choose_from(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    result = json.loads(invoke(file, "--json", "--html", page).stdout)
    validation, cut = result["how"]["validation"], result["question"]["cut"]
    assert validation["cut"] < validation["last"] < cut
    rows = [row for row in made_up.rows() if validation["cut"] <= row[2] < cut]
    assert validation["users"] == len({row[0] for row in rows})
    assert max(row[2] for row in rows) == validation["last"]
    assert validation["values"]["repeat"] == [0, 0.1, 0.3, 1, 3]
    assert f"<dt>validation</dt><dd>{validation['users']} users, " in page.read_text()
    ranked = result["tasks"]["all-items"]["recommenders"]["ranked"]
    assert ranked["settings"]["candidates"] == 150
    assert '<th scope="row">ranked</th><td class="words">candidates 150 (fixed), ' in page.read_text()
