"""A published table of results: what it must look like, and what it gives away by itself."""

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.evaluate import command
from evaluation.data import results_table
from evaluation.scoring.metric import Metric
from personalize_data.errors import BadFile
from tests.evaluation import made_up

# The tables of the source's experiment, as its authors published them.
HEADER = "NAME,TASK,P@1,P@5,P@10,R@1,R@5,R@10,MRR@20,NDCG@20"
OWNERSHIP = """\
Transformer,all-items,.9920,.3537,.1875,.7560,.9836,.9990,.9956,.9961
Personalize,all-items,.9622,.2825,.1664,.7397,.8865,.9571,.9435,.9435
BERT4Rec,all-items,.9812,.3452,.1852,.7488,.9736,.9947,.9901,.9873
SAS,all-items,.9769,.3475,.1871,.7442,.9769,.9986,.9874,.9870
TISAS,all-items,.9812,.3477,.1872,.7472,.9773,.9987,.9897,.9888
Meantime,all-items,.9801,.3389,.1846,.7486,.9641,.9931,.9895,.9842""".splitlines()
ACQUISITION = """\
Transformer,new-items,.9891,.4022,.2157,.6975,.9764,.9979,.9937,.9941
BERT4Rec,new-items,.9693,.3881,.2125,.6823,.9581,.9912,.9830,.9796
SAS,new-items,.9600,.3936,.2154,.6736,.9665,.9981,.9781,.9782
TISAS,new-items,.9599,.3937,.2155,.6735,.9671,.9985,.9781,.9784
Meantime,new-items,.9631,.3811,.2125,.6792,.9485,.9912,.9791,.9724
XGBoost,new-items,.6887,.2449,.1285,.6062,.9440,.9866,.8054,.8556
Personalize,new-items,.4653,.1491,.0935,.4183,.6396,.7869,.5788,.6505""".splitlines()
FAMILY = {"Transformer", "BERT4Rec", "SAS", "TISAS", "Meantime"}


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "results.csv"


def diagnostics(table: Path, *lines: str) -> dict[str, set[str]]:
    """Return, by name, what the diagnostics are about that the command prints."""
    table.write_text("\n".join(lines) + "\n")
    result = invoke("--check-table", table, "--json")
    assert result.exit_code == 0, result.output
    subjects_by_name: dict[str, set[str]] = {}
    for diagnostic in json.loads(result.stdout)["diagnostics"]:
        subjects_by_name.setdefault(diagnostic["name"], set()).add(diagnostic["about"])
    return subjects_by_name


def test_the_sources_own_tables_give_its_faults_away(table: Path) -> None:
    assert diagnostics(table, HEADER, *OWNERSHIP, *ACQUISITION) == {
        "not_one_truth": {"new-items"},
        "too_good": {f"{name}, new-items" for name in FAMILY},
        "new_items_like_all_items": FAMILY,
    }
    printed = invoke("--check-table", table).stdout
    lines = [line for line in printed.splitlines() if "@10 XGBoost finds 98.7% of all there is with 1.29 hits" in line]
    assert len(lines) == 1
    assert all(name in lines[0] for name in FAMILY)
    assert "Personalize" not in lines[0]


def test_nothing_is_odd_about_its_honest_lines(table: Path) -> None:
    assert diagnostics(table, HEADER, OWNERSHIP[1], *ACQUISITION[-2:]) == {}
    assert "no diagnostic" in invoke("--check-table", table).stdout


def test_an_ndcg_by_the_hits_found_is_seen_where_all_three_metrics_have_one_k(table: Path) -> None:
    lines = "them,.05,.1,.4", "us,.05,.1,.11"
    assert diagnostics(table, "name,Precision@10,RECALL@10,ndcg@10", *lines) == {"hits_only_ndcg": {"them"}}


def test_the_number_of_users_gives_the_widest_intervals_and_says_if_they_are_few(table: Path) -> None:
    assert diagnostics(table, "model,users,hr@10", "ours,399,0.5", "theirs,400,-") == {"too_few_users": {"results"}}
    first, second = json.loads(invoke("--check-table", table, "--json").stdout)["results"]
    # 1.96 · √(.5 · .5 / 399)
    assert first["intervals"] == {
        "hit_rate@10": {"low": pytest.approx(0.4509, abs=1e-4), "high": pytest.approx(0.5491, abs=1e-4)}
    }
    assert (second["name"], second["test_users"], second["metrics"]) == ("theirs", 400, {})
    assert "±0.0491" in invoke("--check-table", table).stdout


def test_it_stands_beside_a_comparison_and_beside_personalizes_metrics(table: Path, tmp_path: Path) -> None:
    table.write_text(f"{HEADER}\n{ACQUISITION[0]}\n")
    metrics = tmp_path / "metrics.json"
    metrics.write_text('{"metrics": {"precision_at_5": 0.075}}')
    both = json.loads(invoke("--check-table", table, "--personalize-metrics", metrics, "--json").stdout)
    assert set(both) == {"published", "results", "diagnostics"}
    file = made_up.write(tmp_path / "interactions.csv", made_up.rows(users=40, items=30))
    report = json.loads(invoke(file, "--no-tuning", "--check-table", table, "--json").stdout)
    assert report["results"][0]["name"] == "Transformer"
    assert "Transformer, new-items" in {diagnostic["about"] for diagnostic in report["diagnostics"]}
    assert "too_few_users" in {diagnostic["name"] for diagnostic in report["diagnostics"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": it is empty"),
        ("NAME,P@1\n", ": there are no results in it"),
        ("NAME,TASK\na,all-items\n", ":1: no metrics"),
        ("P@1,R@1\n.1,.1\n", ":1: the first column is P@1"),
        ("NAME,P@1,cost\na,.1,4\n", ":1: column 'cost' is neither TASK nor USERS nor a metric"),
        ("NAME,auc@5\na,.1\n", ":1: column 'auc@5'"),
        ("NAME,P@0\na,.1\n", ":1: column 'P@0'"),
        ("NAME,P@1,precision@1\na,.1,.1\n", ":1: two columns are precision@1"),
        ("NAME,P@1\na,.1\n\nb,98.9\n", ":4: precision@1 is '98.9', not a number from 0 to 1"),
        ('NAME,P@1\n"a\nb",.1\nc,2\n', ":4: precision@1 is '2'"),
        ("NAME,P@1\na,nan\n", ":2: precision@1 is 'nan'"),
        ("NAME,P@1\na,.1,.2\n", ":2: 3 columns, where the header has 2"),
        ("NAME,P@1\n,.1\n", ":2: no name in the first column"),
        ("NAME,P@1\na,.1\na,.2\n", ":3: a comes a second time"),
        ("NAME,TASK,P@1\na,buying,.1\n", ":2: TASK 'buying' is neither all-items nor new-items"),
        ("NAME,USERS,P@1\na,0,.1\n", ":2: USERS '0' is not a whole number above zero"),
        ('NAME,P@1\na,.1\n"b,.1\n', ":3: a broken row"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_file_and_line(table: Path, text: str, message: str) -> None:
    table.write_text(text)
    result = invoke("--check-table", table)
    assert result.exit_code == 2
    assert f"{table}{message}" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_bytes_that_are_no_text_are_named_by_their_line(table: Path) -> None:
    table.write_bytes(b"NAME,P@1\n\xff,.1\n")
    with pytest.raises(BadFile, match=":2: not UTF-8"):
        results_table.read(table)


def test_the_same_name_may_stand_in_both_tasks_and_a_gz_is_read(tmp_path: Path) -> None:
    packed = tmp_path / "results.csv.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbfNAME,TASK,P@1\r\na,All-items,.1\r\na,new-items,.2\r\n"))
    assert [(line.task, line.metrics) for line in results_table.read(packed)] == [
        ("all-items", {Metric("precision", 1): 0.1}),
        ("new-items", {Metric("precision", 1): 0.2}),
    ]
    packed.write_bytes(packed.read_bytes()[:-12])
    with pytest.raises(BadFile, match="cut off"):
        results_table.read(packed)
