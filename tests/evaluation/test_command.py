"""The command, from a file to a verdict: what it prints, writes and exits with."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.evaluate import campaign, command
from evaluation import constants
from tests.evaluation import made_up

FIXED = "--no-tuning"


def invoke(*arguments: str | Path | int) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up.write(tmp_path_factory.mktemp("shop") / "interactions.csv")


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a shop with more than 100 users to ask about."""
    return made_up.write(tmp_path_factory.mktemp("shop") / "interactions.csv", made_up.rows(users=260))


def test_it_compares_all_recommenders_with_intervals_verdicts_and_alarms(file: Path) -> None:
    result = invoke(file, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    leaderboard = report["tasks"]["all-items"]
    assert set(leaderboard["recommenders"]) == {
        *("random", "popularity", "popularity-30d", "history", "co-visitation", "item-knn", "sequential", "ease"),
        *("ease-history", "ranked"),
    }
    ease = leaderboard["recommenders"]["ease"]
    assert {f"{name}@10" for name in ("hit_rate", "precision", "recall", "mrr", "map", "ndcg")} < set(ease["metrics"])
    assert ease["against_best_baseline"]["verdict"] == "too few"  # of 42 users
    assert set(ease["settings"]) == {"regularisation", "half_life_days", "step_decay"}
    assert len(ease["personalize"]) == 8
    assert {report["tasks"][task]["named_by"] for task in constants.TASKS} == {"validation"}
    assert ease["against_best_baseline"]["family"] == 9
    assert (leaderboard["candidate_count"], leaderboard["main_metric"]) == (40, "ndcg@10")
    assert "too_few_users" in {diagnostic["name"] for diagnostic in report["diagnostics"]}
    assert {part["by"] for part in report["slices"]["all-items"]} == {"history", "truth", "item", "item's age"}


def test_with_categories_what_sells_in_a_users_own_is_a_baseline_too(file: Path, tmp_path: Path) -> None:
    items = tmp_path / "items.csv"
    items.write_text("ITEM_ID,GENRES\n" + "".join(f"i{item},kind {item // 10}\n" for item in range(40)))
    condition = "ndcg@10:popularity-category>=popularity"
    report = json.loads(invoke(file, FIXED, "--items", items, "--require", condition, "--json").stdout)
    row = report["tasks"]["new-items"]["recommenders"]["popularity-category"]
    # Whoever keeps to their kind is told from all the others by it alone.
    assert row["baseline"]
    assert report["tasks"]["new-items"]["best_baseline"] == "popularity-category"
    without = invoke(file, FIXED, "--require", condition)
    assert (without.exit_code, without.stdout) == (2, "")
    assert "no recommender popularity-category" in without.stderr


def test_people_get_tables_and_every_sentence_stands_there(file: Path) -> None:
    result = invoke(file, FIXED, "--cost", "ease=250")
    assert result.exit_code == 0, result.output
    missing = re.search(r"could not take part: (.*) \(the notes say why\)", result.output)
    assert missing
    assert missing[1] == "ranked"  # not what needs an Items dataset, which nobody gave
    for text in (
        "All items (repeats ",
        "New items (only what the",
        "NDCG@10",
        "ease costs 250.00 USD a month: of",
    ):
        assert text in result.stdout
    odd, _, results = result.stdout.partition("what the figures say")
    assert "diagnostic" not in results
    assert "only 42 users" not in odd
    assert "  all-items: only 42 users: below 400" in results


def test_the_way_over_a_real_personalize_asks_the_same_users(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "split"
    assert (
        invoke("split", file, "--out", out, "--hold-out", "last-basket", "--sample-users", 30, "--seed", 4).exit_code
        == 0
    )
    users = [json.loads(line)["userId"] for line in (out / "batch_users.json").read_text().splitlines()]
    assert len(users) == 30
    lines = [
        {"input": {"userId": user}, "output": {"recommendedItems": ["i1", "i2"], "scores": [1, 0]}, "error": None}
        for user in users
    ]
    (tmp_path / "b.out").write_text("".join(json.dumps(line) + "\n" for line in lines))
    options = ("--recommendations", f"theirs={tmp_path / 'b.out'}", FIXED, "--json", "--seed", 4)
    from_folder = json.loads(invoke(out, *options).stdout)
    from_file = json.loads(invoke(file, *options, "--hold-out", "last-basket", "--sample-users", 30).stdout)
    theirs = from_folder["tasks"]["all-items"]["recommenders"]["theirs"]
    assert theirs["metrics"] == from_file["tasks"]["all-items"]["recommenders"]["theirs"]["metrics"]
    assert {
        diagnostic["name"] for diagnostic in from_folder["diagnostics"] if diagnostic["about"].startswith("theirs")
    } >= {
        *("not_personal", "one_item_first"),
    }


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        ("ndcg@10:history>random", 0),
        ("ndcg@10:random>=history", 1),
        ("new-items/hit_rate@5:ease>=0.99", 1),
        ("ndcg@10:ease", 2),
        ("ndcg@10:nobody>=random", 2),
        ("cheers@10:ease>=random", 2),
    ],
)
def test_a_gate_fails_by_its_exit_code(gate: str, code: int, larger: Path) -> None:
    result = invoke(larger, FIXED, "--require", gate)
    assert result.exit_code == code, result.output
    if code < 2:
        assert ("FAILS" if code else "holds") in result.stdout


def test_a_gate_that_42_users_cannot_tell_fails_and_says_why(file: Path) -> None:
    result = invoke(file, FIXED, "--require", "ndcg@10:history>=random")
    assert result.exit_code == 1
    assert "gate TOO FEW USERS TO TELL: ndcg@10:history>=random" in result.stdout


def test_what_matters_to_the_reader_comes_with_the_users_that_it_takes(larger: Path) -> None:
    report = json.loads(invoke(larger, FIXED, "--matters", 0.05, "--json").stdout)
    ease = report["tasks"]["all-items"]["recommenders"]["ease"]["against_best_baseline"]
    deviation = ease["detectable"] / 2.8016 * report["tasks"]["all-items"]["users"] ** 0.5
    assert report["tasks"]["all-items"]["named_by"] == "test"
    assert ease["family"] == 8 * 4  # recommenders, and baselines of which the best was picked
    assert ease["matters"] == 0.05
    assert ease["users_needed"] == pytest.approx((2.8016 * deviation / 0.05) ** 2, abs=1)
    assert invoke(larger, "--matters", 0).exit_code == 2


def test_the_report_stands_alone_and_the_rows_of_users_are_whole(file: Path, tmp_path: Path) -> None:
    users = tmp_path / "users.csv"
    users.write_text("USER_ID,SEGMENT\n" + "".join(f"u{user},<{user % 3}>\n" for user in range(60)))
    page, rows = tmp_path / "report.html", tmp_path / f"{'rows' * 62}.csv"  # nearly as long as a name may be
    result = invoke(file, FIXED, "--users", users, "--slice-by", "SEGMENT", "--html", page, "--per-user", rows)
    assert result.exit_code == 0, result.output
    text = page.read_text()
    assert not re.search(r"<script|<link|<img|src=|@import", text)
    assert f"<title>{file.parent.name}/{file.name}: recommenders compared</title>" in text
    assert "SEGMENT: &lt;1&gt;" in text
    assert result.stdout.endswith(f"users: {rows}\nreport: {page}\n")
    folded = "".join(re.findall("<details>.*?</details>", text, re.DOTALL))
    assert all(
        folded.count(f'<th scope="row">{metric}</th>') == 2 for metric in ("hit_rate@1", "ndcg@3", "ndcg@10", "map@25")
    )
    assert re.search(
        r"<th scope=.row.>ease</th><td class=.words.>regularisation \d+, half life days 60, step decay", folded
    )
    lines = rows.read_text().splitlines()
    scored = json.loads(invoke(file, FIXED, "--json").stdout)["tasks"]
    assert len(lines) == 1 + sum(value["users"] * len(value["recommenders"]) for value in scored.values())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", rows.name, "users.csv"]


def test_what_is_wrong_is_one_line_and_nothing_is_written(file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("USER_ID,ITEM_ID,TIMESTAMP\nu,i,1700000000\nu,i,1700000000000\n")
    for arguments in (("split", bad, "--out", tmp_path / "out"), (bad, "--html", tmp_path / "r.html")):
        result = invoke(*arguments)
        assert result.exit_code == 2
        error = [line for line in result.stderr.splitlines() if line.startswith("Error")]
        assert error == [f"Error: {bad}:3: " + error[0].partition(":3: ")[2]]
    cut = tmp_path / "b.out"
    cut.write_text('{"input": {"userId": "u1"}, "outp')
    result = invoke(file, FIXED, "--recommendations", f"x={cut}", "--html", tmp_path / "r.html")
    assert result.exit_code == 2
    assert f"{cut}:1: not a whole JSON object: the file seems to be cut off" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.out", "bad.csv"]


def test_published_metrics_alone_need_no_interactions(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.json"
    metrics.write_text(json.dumps({"metrics": {"precision_at_5": 0.075, "precision_at_10": 0.0571,
                                               "precision_at_25": 0.0379}}))  # fmt: skip
    assert "56 test users" in invoke("--personalize-metrics", metrics).stdout
    assert json.loads(invoke("--personalize-metrics", metrics, "--json").stdout)["published"][0]["test_users"] == 56
    assert invoke().exit_code == 2


def test_help_names_the_subcommands_and_all_metrics_and_calls_the_command_by_its_name() -> None:
    help_text = invoke("--help").stdout
    assert "Usage: evaluate [FILE|DIR] [OPTIONS]" in help_text
    assert re.search(r"Subcommands:\n +split ", help_text)
    assert all(
        name in help_text for name in (*constants.METRICS, "ndcg_personalize", "./broker evaluate interactions.csv")
    )
    assert "batch_users.json" in invoke("split", "--help").stdout


class Campaign:
    """Answers as boto3's personalize-runtime does, with what it was asked for."""

    def get_recommendations(self, **request: Any) -> dict[str, Any]:
        assert request["campaignArn"] == "arn:x"
        return {"itemList": [{"itemId": f"{request['userId']}-{place}"} for place in range(request["numResults"])]}


def test_a_campaign_is_asked_about_every_user_and_each_gets_their_own_answer() -> None:
    done: list[int] = []
    users = [f"u{number}" for number in range(50)]
    lists = campaign.ask(Campaign(), {"campaignArn": "arn:x", "numResults": 3}, users, done.append)
    assert lists == {user: [f"{user}-0", f"{user}-1", f"{user}-2"] for user in users}
    assert sum(done) == 50
