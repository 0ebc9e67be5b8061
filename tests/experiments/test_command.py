"""The command, from files to a verdict: what it prints, writes and exits with."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from broker.experiment import Experiment, Variant
from click.testing import CliRunner, Result

from cli.experiment import command
from tests.experiments.files import MAPPED, SLOT, write_batches, write_csv
from tests.experiments.shop import AUTUMN, Shop, rows
from tests.json_numbers import rounded

pytestmark = pytest.mark.server  # takes long

SHOP = Shop(customers=3_000, rates={"fresh": 0.2})
OPTIONS = {word for option in command.params for word in option.opts} | {"--help"}
HOLDOUT = Experiment("autumn", {"fresh": Variant(1)}, holdout=50)


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shop")
    given = rows(SHOP, AUTUMN.variant_of)
    write_csv(made / "shop.csv", given)
    write_batches(made / "shop.json", given)
    variants = {"control": {"weight": 50}, "fresh": {"weight": 50}}
    (made / "autumn.json").write_text(json.dumps({"name": "autumn", "from": "2023-11-06", "variants": variants}))
    return made


def analysed(folder: Path, *more: object) -> dict[str, Any]:
    result = invoke(folder / "shop.csv", *MAPPED, "--experiment", folder / "autumn.json", "--days", 28, "--json", *more)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_table_and_an_export_of_the_same_events_give_the_same(folder: Path) -> None:
    table = analysed(folder)
    batches = invoke(
        *(
            folder / "shop.json",
            "--experiment",
            folder / "autumn.json",
            "--days",
            28,
            "--impression-list",
            SLOT,
            "--json",
        )
    )
    assert batches.exit_code == 0, batches.output
    export = json.loads(batches.stdout)
    shared = {"control", "fresh"}
    of_table, of_export = (each["populations"]["triggered"]["variants"] for each in (table, export))
    assert set(of_table) == shared
    # The last of the table's events, which no batch has, makes its last day whole.
    for variant in shared:
        assert abs(of_table[variant]["bought"] - of_export[variant]["bought"]) < 15
    assert table["populations"]["triggered"]["comparisons"][0]["verdict"]["outcome"] == "better"


def test_nothing_that_it_prints_would_be_rounded(folder: Path) -> None:
    assert rounded([analysed(folder)]) == []


def test_people_get_the_verdict_first_then_tables_and_how_the_numbers_came_about(folder: Path) -> None:
    result = invoke(folder / "shop.csv", *MAPPED, "--experiment", folder / "autumn.json", "--days", 28)
    assert result.exit_code == 0, result.output
    first = result.stdout.splitlines()[0]
    assert first.startswith("fresh sells more than control: of 1,000 customers ")
    assert first.endswith("Decided on day 14.")
    for text in ("This compares serving", "customers who saw the slot", "revenue counts up to", "by week since"):
        assert text in result.stdout


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        ("conversion:fresh>control", 0),
        ("revenue:fresh>=control", 0),
        ("order_value:fresh>control", 1),
        ("conversion:other>control", 2),
        ("clicks:fresh>control", 2),
    ],
)
def test_a_gate_decides_the_exit_code(folder: Path, gate: str, code: int) -> None:
    result = invoke(folder / "shop.csv", *MAPPED, "--experiment", folder / "autumn.json", "--days", 28, "--gate", gate)
    assert result.exit_code == code, result.output
    if code < 2:
        assert f"gate {'FAILS' if code else 'holds'}: {gate}" in result.stdout


def test_a_report_and_a_plot_stand_alone(folder: Path, tmp_path: Path) -> None:
    html, plot = tmp_path / "report.html", tmp_path / "days.svg"
    analysed(folder, "--html", html, "--plot", plot)
    page = html.read_text("utf-8")
    assert "<h1>Experiment autumn: does it sell?</h1>" in page
    assert "fresh sells more than control" in page
    assert page.count("<svg") == 1
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    assert ElementTree.parse(plot).getroot().tag.endswith("svg")  # noqa: S314 - our own


def test_without_an_experiment_the_recorded_variants_decide_by_the_shares_that_are_given(tmp_path: Path) -> None:
    table = write_csv(tmp_path / "shop.csv", rows(Shop(customers=1_000), HOLDOUT.variant_of))
    given = invoke(table, *MAPPED, "--variant", "variant", "--share", "fresh=1", "--json")
    assert given.exit_code == 0, given.output
    found = json.loads(given.stdout)
    assert set(found["populations"]["triggered"]["variants"]) == {"fresh"}  # the shop recorded no other
    assert found["headlines"] == ["There is one variant: nothing to compare."]


@pytest.mark.parametrize("shares", [["--share", "control=1", "--share", "fresh=1"], []], ids=["shares", "no shares"])
def test_a_variant_that_no_share_names_is_left_out_and_counted(tmp_path: Path, shares: list[str]) -> None:
    lines = [f"{user},2026-11-02T00:00:00Z,impression,{('control', 'fresh')[user % 2]}" for user in range(1, 41)]
    table = tmp_path / "shop.csv"
    table.write_text("\n".join(["u,t,e,v", *lines, "41,2026-11-02T00:00:00Z,impression,contrl"]), "utf-8")
    mapped = ("--user", "u", "--time", "t", "--event", "e", "--variant", "v")
    result = invoke(table, *mapped, *shares, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["populations"]["triggered"]
    assert {*found["variants"]} == {"control", "fresh"} | (set() if shares else {"contrl"})
    assert found["left_out"]["other_variant"] == bool(shares)
    assert bool(found["sample_ratio"]) == bool(shares)


def test_an_experiment_in_the_settings_form_is_read_and_one_without_its_earlier_weights_is_not(
    folder: Path, tmp_path: Path
) -> None:
    variants = {"control": {"weight": 50}, "fresh": {"weight": 50, "recipe": "aws-user-personalization-v2"}}
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"name": "autumn", "from": "2023-11-06", "prepare": False, "variants": variants}))
    for given in (settings, settings.read_text()):
        assert invoke(folder / "shop.csv", *MAPPED, "--experiment", given, "--days", 14).exit_code == 0
    settings.write_text(json.dumps({"name": "autumn", "epoch": 2, "variants": variants}))
    result = invoke(folder / "shop.csv", *MAPPED, "--experiment", settings)
    assert result.exit_code == 2
    assert "epoch 2 needs earlier" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Usage"),
        (["--local", "--archive", "{}"], "give files, or --archive, or --local"),
        (["{}", *MAPPED, "--days", "20"], "whole weeks"),
        (["{}", *MAPPED, "--cap", "nan"], "not a finite number"),
        (["{}", *MAPPED, "--days", "28", "--customers", "5000"], "--customers goes without --days"),
        (["{}"], "--user COLUMN says where the user of a table stands"),
        (["{}", *MAPPED, "--control", "blue", "--experiment", "{}.json"], "no customer is in blue"),
        (["{}", *MAPPED, "--gate", "fresh>control"], "it should look like conversion:fresh>=holdout"),
        (["{}", *MAPPED, "--experiment", "{}"], "must be an object, or one as JSON"),
        (["{}", *MAPPED, "--experiment", "nowhere.json"], "nowhere.json: No such file or directory: name a file"),
        (["{}", *MAPPED], "is it the right experiment, file and time?"),
        (["{}", *MAPPED, "--value", "sku"], "which is no number: write a point before decimals"),
        (["{}", *MAPPED, "--time", "what"], "is no time that can be used"),
        (["{}", "{}", *MAPPED], "of tables give one file"),
    ],
)
def test_wrong_use_is_one_line_that_says_what_to_do(folder: Path, words: list[str], message: str) -> None:
    place = {"{}": str(folder / "shop.csv"), "{}.json": str(folder / "autumn.json")}
    result = invoke(*(place.get(word, word) for word in words))
    assert result.exit_code in (0, 2) if not words else result.exit_code == 2, result.output
    assert message in " ".join(result.output.split())
    named = re.findall(r"--[a-z][a-z-]+", result.output)
    assert {*named} <= {*OPTIONS}, "it names options that the command has not"


def test_a_date_in_digits_is_refused_by_what_to_write_and_by_no_option_of_another_command(tmp_path: Path) -> None:
    table = tmp_path / "shop.csv"
    table.write_text("u,t,e\n1,20261102,purchase\n", "utf-8")
    result = invoke(table, "--user", "u", "--time", "t", "--event", "e")
    assert result.exit_code == 2
    assert "looks like a date in digits: write 2026-11-02" in result.output


def test_power_says_customers_and_days_and_the_options_that_fit() -> None:
    result = invoke("power", "--conversion", "3%", "--effect", "10%", "--a-day", 4_000)
    assert result.exit_code == 0, result.output
    assert "101,512 would do for a single look" in result.stdout  # 2 · 7.85 · 2 · p(1-p) / d², by hand 101,500
    assert "--days 35" in result.stdout
    assert "35 days at 4,000 customers a day" in result.stdout


def test_power_without_an_end_takes_more_and_names_the_customers_to_expect() -> None:
    given = ["power", "--conversion", "3%", "--effect", "10%", "--json"]
    planned, endless = (json.loads(invoke(*given, *more).stdout) for more in ([], ["--no-end"]))
    assert planned["one_look"] == endless["one_look"]
    assert planned["one_look"] < planned["every_day"] < endless["every_day"]
    assert "--customers" in invoke(*given[:-1], "--no-end", "--a-day", 4_000).stdout


@pytest.mark.parametrize("words", [["--effect", "10%"], ["--conversion", "300%", "--effect", "10%"], ["--mean", "3"]])
def test_power_refuses_what_says_too_little(words: list[str]) -> None:
    assert invoke("power", *words).exit_code == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--conversion", "95%", "--effect", "10%"], "is everybody, or more"),
        (["--mean", "nan", "--deviation", "1", "--effect", "1%"], "finite"),
        (["--mean", "3", "--deviation", "inf", "--effect", "1%"], "finite"),
        (["--conversion", "3%", "--effect", "10%", "--a-day", "nan"], "finite"),
        (["--conversion", "3%", "--effect", "10%", "--power", "1%"], "misses more than it finds"),
        (["--conversion", "3%", "--effect", "10%", "--a-day", "0.001"], "too long to plan"),
        (["--conversion", "3%", "--effect", "0.00001%"], "more than there can be"),
    ],
)
def test_power_refuses_what_no_experiment_can_find(words: list[str], message: str) -> None:
    result = invoke("power", *words)
    assert result.exit_code == 2, result.output
    assert message in result.output


@pytest.mark.parametrize(("more", "says"), [([], True), (["--id", "i"], False)])
def test_a_table_says_that_same_rows_count_where_no_id_tells_them_apart(
    tmp_path: Path, more: list[str], says: bool
) -> None:
    bought = "{},2026-11-02T00:00:00Z,purchase,1\n"
    lines = "".join(bought.format(user) for user in range(1, 40))
    path, experiment = tmp_path / "sales.csv", tmp_path / "try.json"
    path.write_text("u,t,e,i\n" + lines + bought.format(1), "utf-8")
    experiment.write_text('{"name": "try", "holdout": 20, "variants": {"a": {"weight": 1}}}', "utf-8")
    result = invoke(path, "--experiment", experiment, "--user", "u", "--time", "t", "--event", "e", *more)
    assert result.exit_code == 0, result.output
    assert ("1 rows are the same as another one, and count" in result.output) == says
