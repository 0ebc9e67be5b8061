"""What can't be done or could have no effect is refused in one line with exit code 2, before any work is done."""

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TextIO

import numpy as np
import pytest
from click.testing import CliRunner, Result

from cli import output_files
from cli.__main__ import main
from cli.errors import Refused
from cli.evaluate import command
from evaluation import constants
from evaluation.scoring import metrics
from tests.evaluation import made_up

FIXED = "--no-tuning"


def invoke(*arguments: str | Path | int) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def refused(*arguments: str | Path | int) -> str:
    """Return the one line that says why; no step may have begun."""
    result = invoke(*arguments)
    assert result.exit_code == 2, result.output
    assert not result.stdout
    assert " s  " not in result.stderr, "a step had begun"
    [error] = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert result.stderr.rstrip().endswith(error)
    return error.removeprefix("Error: ")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up.write(tmp_path_factory.mktemp("shop") / "interactions.csv")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file in which enough users are asked for a verdict."""
    return made_up.write(tmp_path_factory.mktemp("large") / "interactions.csv", made_up.rows(users=260))


@pytest.fixture(scope="module")
def folder(file: Path) -> Path:
    out = file.parent / "parted"
    assert invoke("split", file, "--out", out, "--hold-out", "last-basket", "--sample-users", 30).exit_code == 0
    return out


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    path = tmp_path / "lists.out"
    path.write_text(json.dumps({"input": {"userId": "u1"}, "output": {"recommendedItems": ["i1"]}, "error": None}))
    return path


def test_a_name_that_is_taken_would_hide_the_scores_of_its_owner(file: Path, lists: Path) -> None:
    assert "ease is trained here" in refused(file, "--recommendations", f"ease={lists}")
    twice = ("--recommendations", f"p={lists}", "--recommendations", f" p = {lists}")
    assert "two are named p" in refused(file, *twice)
    beside = ("--recommendations", f"campaign={lists}", "--campaign", "arn:x")
    assert "two are named campaign (--campaign is one)" in refused(file, *beside)


@pytest.mark.parametrize(
    "option",
    [
        *(("--require", "ndcg@10:ease>=0.1"), ("--html", "x.html"), ("--per-user", "x.csv"), ("--cost", "ease=4")),
        *(("--slice-by", "AGE"), ("--campaign", "arn:x"), (FIXED,), ("--sample-users", "20000"), ("--at", "7")),
    ],
)
def test_an_option_that_needs_interactions_is_refused_without_them(option: tuple[str, ...], tmp_path: Path) -> None:
    table = tmp_path / "results.csv"
    table.write_text("NAME,P@10\nours,.2\n")
    assert refused("--check-table", table, *option) == f"{option[0]}: nothing to do without a FILE of interactions"
    assert invoke("--check-table", table, "--json").exit_code == 0


def test_a_folder_takes_only_the_options_of_its_own_split(folder: Path) -> None:
    for other in (("--hold-out", "leave-one-out"), ("--target", "nonsense"), ("--at", 7), ("--horizon-days", 3)):
        assert f"{other[0]} {other[1]}" in refused(folder, *other)
    assert "asks about 30" in refused(folder, "--sample-users", 3)
    fitting = ("--hold-out", "last-basket", "--sample-users", 30, "--seed", 5)
    assert invoke(folder, FIXED, *fitting).exit_code == 0


def test_a_folder_that_prepare_has_written_is_its_interactions(file: Path, tmp_path: Path) -> None:
    prepared = tmp_path / "prepared"
    prepared.mkdir()
    (prepared / "users.csv").write_text("USER_ID,AGE\nu1,3\n")
    shutil.copy(file, prepared / "interactions.csv")
    of_folder, of_file = (
        invoke("split", prepared, "--out", tmp_path / "a"),
        invoke("split", file, "--out", tmp_path / "b"),
    )
    assert (of_folder.exit_code, of_file.exit_code) == (0, 0), of_folder.output
    for name in ("train.csv", "truth.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert "--at 0: nothing is left" in invoke(prepared, "--at", 0).stderr.replace("Error: ", "--at 0: ")


def test_no_output_overwrites_an_input_or_another_output(file: Path, folder: Path, lists: Path) -> None:
    before = file.read_bytes()
    link, second = lists.with_name("link.csv"), lists.with_name("second.csv")
    link.symlink_to(file)
    os.link(file, second)
    for path in (file, link, second, file.parent / "." / file.name):
        assert "this file is read, too" in refused(file, "--per-user", path)
    assert "this file is read, too" in refused(folder, "--html", folder / "train.csv")
    assert "this file is read, too" in refused(file, "--recommendations", f"x={lists}", "--html", lists)
    same = lists.with_name("same")
    assert "is written by --per-user, too" in refused(file, "--html", same, "--per-user", same)
    assert file.read_bytes() == before
    assert not same.exists()


def test_a_file_that_cannot_be_written_is_told_at_once_by_the_name_given(file: Path, tmp_path: Path) -> None:
    missing = tmp_path / "nowhere" / "x.html"
    message = refused(file, "--html", missing, "--per-user", tmp_path / "rows.csv")
    assert message == f"--html {missing}: there is no folder {missing.parent}"
    assert "not a file" in refused(file, "--html", "/dev/null")
    assert not list(tmp_path.iterdir())


def test_what_is_nearly_right_is_answered_by_what_is(file: Path, tmp_path: Path) -> None:
    assert "is not a folder that ./broker prepare or ./broker evaluate split has written" in refused(tmp_path)
    assert "--slice-by goes with --users" in refused(file, "--slice-by", "AGE")
    users = tmp_path / "users.csv"
    users.write_text("USER_ID,SEGMENT,AGE\nu1,a,3\n")
    message = refused(file, "--users", users, "--slice-by", "Age")
    assert message == f"--slice-by Age: {users} has no such column (there are: SEGMENT, AGE)"
    assert "'bank' is not an ARN; expected one like arn:aws:personalize:" in refused(file, "--campaign", "bank")
    users.rename(tmp_path / "invoices.csv")
    message = invoke(tmp_path / "invoices.csv").stderr
    assert (
        "no column ITEM_ID and no TIMESTAMP (there are: USER_ID, SEGMENT, AGE; ./broker prepare makes them" in message
    )


@pytest.mark.parametrize("metric", ["ndcg", "ndcg@x", "foo@10", "@10", "ndcg@7", "ndcg_personalize@3"])
def test_a_metric_that_does_not_exist_is_answered_by_those_that_do(metric: str, file: Path) -> None:
    message = refused(file, "--metric", metric)
    assert "hit_rate, precision" in message
    assert "1, 3, 5, 10, 20, 25" in message


def test_the_names_of_metrics_are_those_that_are_scored() -> None:
    hits, relevant = np.zeros((1, 25), dtype=bool), np.ones(1, dtype=int)
    assert set(constants.METRICS_AT_K) == set(metrics.hit_metrics(hits, relevant))


@pytest.mark.parametrize(
    ("gate", "why"),
    [
        ("ndcg@10:eese>=0.1", "no recommender eese"),
        ("ndcg@10:ease>=popularitty", "no recommender popularitty"),
        ("new-items/ndcg@10:history>=0.1", "no recommender history in new-items"),
        ("foo@10:ease>=0.1", "no metric foo@10"),
        ("ndcg@7:ease>=0.1", "no metric ndcg@7"),
        ("ndcg@10:ease>=nan", "nan is not a number from 0 to 1"),
        ("ndcg@10:ease>=-1", "-1 is not a number from 0 to 1"),
        ("ndcg@10:ease>=ease", "compared with itself"),
        ("ndcg@10:ease=0.1", "it should look like"),
        ("ndcg@10:ease>0,3", "0,3 is no number: write 0.3"),
    ],
)
def test_a_gate_that_could_never_tell_anything_is_refused(gate: str, why: str, file: Path, tmp_path: Path) -> None:
    assert why in refused(file, "--require", gate, "--html", tmp_path / "r.html")


def test_a_gate_knows_the_names_and_tasks_that_were_given(file: Path, many: Path, lists: Path) -> None:
    message = refused(file, "--task", "all-items", "--require", "new-items/ndcg@10:ease>0.1")
    assert message.endswith("--task leaves out new-items: write all-items/ndcg@10:…")
    # Repeats are no recommender of new-items, which the gate is of, for it is all that is scored.
    message = refused(file, "--task", "new-items", "--require", "ndcg@10:ease>history")
    assert "no recommender history in new-items" in message
    gates = ("--require", "ndcg@10:theirs >= 0.0", "--require", "ndcg@10:history>=theirs")
    result = invoke(many, FIXED, "--recommendations", f"theirs={lists}", *gates)
    assert result.exit_code == 0, result.output


def test_no_report_is_written_where_a_gate_cannot_be_answered(tmp_path: Path) -> None:
    few = made_up.write(tmp_path / "few.csv", made_up.rows(users=20, items=8))
    result = invoke(few, FIXED, "--require", "ndcg@10:ease>=0.1", "--html", tmp_path / "r.html")
    assert result.exit_code == 2
    assert "no metric ndcg@10 (there are: hit_rate@1" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["few.csv"]


@pytest.mark.parametrize("cost", ["eaze=40", "ease=nan", "ease=-5", "ease=inf", "ease=much", "ease="])
def test_a_price_of_nobody_or_that_is_none_is_refused(cost: str, file: Path) -> None:
    assert cost in refused(file, "--cost", cost)


def test_two_prices_of_one_are_refused(file: Path) -> None:
    assert "ease has a price already" in refused(file, "--cost", "ease=4", "--cost", "ease=5")


@pytest.mark.parametrize(
    "option",
    [
        *(("--sample-users", 0), ("--sample-users", -1), ("--seed", -1), ("--at", "soon")),
        *(("--horizon-days", 0), ("--horizon-days", "nan"), ("--horizon-days", "inf")),
    ],
)
def test_numbers_out_of_range_are_refused(option: tuple[str, str], file: Path) -> None:
    assert f"'{option[0]}'" in refused(file, *option)
    assert f"'{option[0]}'" in refused("split", file, "--out", "never", *option)


@pytest.mark.parametrize(
    ("at", "why"),
    [
        *((at, "nothing is held out") for at in ("9999-12-31", "99999999999999999999999999")),
        *((at, "nothing is left to train on") for at in ("0001-01-01", "0")),
    ],
)
def test_a_time_beyond_the_data_is_one_line(at: str, why: str, file: Path) -> None:
    result = invoke(file, "--at", at, "--horizon-days", "1e300" if why.endswith("out") else 1)
    assert result.exit_code == 2
    assert f"Error: {why}" in result.stderr


def test_a_row_from_the_future_is_refused_with_its_line(file: Path, folder: Path, tmp_path: Path) -> None:
    late, users = tmp_path / "late.csv", tmp_path / "users.csv"
    late.write_text(file.read_text() + "u1,i1,9999999999,view\n")
    users.write_text("USER_ID,AGE\nu1,3\n")
    parted = Path(shutil.copytree(folder, tmp_path / "parted"))
    (parted / "truth.csv").write_text(late.read_text())
    commands = (["evaluate", late], ["evaluate", "split", late, "--out", tmp_path / "out"], ["features", late, users])
    for arguments, path in (*((one, late) for one in commands), (["evaluate", parted], parted / "truth.csv")):
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        message = f"Error: {path}:{late.read_text().count(chr(10))}: TIMESTAMP 9999999999 is in the future: 2286-11-20"
        assert (result.exit_code, message in result.stderr.splitlines()) == (2, True), result.output


def test_all_files_are_written_or_none(tmp_path: Path) -> None:
    page, rows = tmp_path / "report.html", tmp_path / "rows.csv"
    page.write_text("old")

    def full(path: Path) -> None:
        path.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with pytest.raises(Refused) as refusal:
        output_files.write({page: lambda path: path.write_text("new"), rows: full})
    assert refusal.value.message == f"{rows}: No space left on device"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert page.read_text() == "old"
    link = tmp_path / "link.html"
    link.symlink_to(page)
    output_files.write({link: lambda path: path.write_text("new"), rows: lambda path: path.write_text("rows")})
    assert (page.read_text(), rows.read_text()) == ("new", "rows")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.html", "report.html", "rows.csv"]


def test_a_folder_that_cannot_be_made_is_refused_before_the_split(file: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    for out in (file, tmp_path / "full", tmp_path / "full" / "x" / "split"):
        assert str(out) in refused("split", file, "--out", out)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "results.csv"
    path.write_text("NAME,TASK,USERS,P@10\nours,new-items,600,.2\n")
    return path


@contextmanager
def printed_to(file: TextIO) -> Iterator[pytest.ExceptionInfo[SystemExit]]:
    """Let stdout be this file until the command ends."""
    with file, redirect_stdout(file), pytest.raises(SystemExit) as end:
        yield end


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_what_cannot_be_printed_is_one_line(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ((), ("--json",)):
        with printed_to(Path("/dev/full").open("w")) as end:
            command(["--check-table", str(table), *form])
        assert end.value.code == 2
        assert capsys.readouterr().err == "Error: standard output: No space left on device\n"
    with printed_to(Path("/dev/full").open("w")) as end:
        main(["--help"])
    assert end.value.code == 1
    assert capsys.readouterr().err == "Error: standard output, or a file: No space left on device\n"


@pytest.mark.parametrize(("gate", "code"), [("ndcg@10:ease>=0", 0), ("ndcg@10:ease>1", 1)])
def test_a_reader_who_leaves_changes_no_exit_code(gate: str, code: int, many: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with printed_to(os.fdopen(writing, "w")) as end:
        command([str(many), FIXED, "--require", gate])
    assert end.value.code == code
