"""On Spark, the split and the counts are those of one machine. The server is Sail, in an environment of its own."""

import json
import subprocess
from collections.abc import Iterator, Set
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cli.evaluate import command
from evaluation import split_files
from evaluation.data import log as logs
from evaluation.data import splits_folder
from evaluation.recommenders.models import models_of
from evaluation.recommenders.registry import BY_NAME
from evaluation.recommenders.score_blocks import lists
from evaluation.spark import run as on_spark
from evaluation.spark.connection import Spark
from evaluation.spark.training import COUNTING
from evaluation.splits import HoldOut, split
from evaluation.task import TASKS, Task, task
from personalize_data.errors import InvalidRequest
from recommender_models.models import covisitation
from recommender_models.record_columns import RecordColumns
from tests.evaluation import made_up
from tests.real_data import ROOT

PYTHON = ROOT / ".venv" / "spark" / "bin" / "python"
SERVER = """
import sys
from pysail.spark import SparkConnectServer
server = SparkConnectServer("127.0.0.1", 0)
server.start(background=True)
print(server.listening_address[1], flush=True)
sys.stdin.read()
"""
NOW = float("inf")
USERS = 40
CUT = made_up.START + 50 * made_up.DAY
FILES = (splits_folder.TRAIN, splits_folder.TRUTH, splits_folder.USERS, splits_folder.ABOUT)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    """Start the server in a folder from which this project cannot be imported."""
    if not PYTHON.exists():
        pytest.skip("make spark has not installed Spark's client")
    folder, pipe = tmp_path_factory.mktemp("server"), subprocess.PIPE
    words = [str(PYTHON), "-c", SERVER]
    with subprocess.Popen(words, cwd=folder, env={}, stdin=pipe, stdout=pipe, text=True) as server:  # noqa: S603
        assert server.stdin
        assert server.stdout
        port = int(server.stdout.readline())
        yield Spark(f"sc://127.0.0.1:{port}", PYTHON, ROOT)
        server.stdin.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = made_up.rows(users=90, items=30)
    odd = [('u"1, the first', "i é", made_up.START + 5, "view"), ("broker-probe", "i1", made_up.START + 6, "view")]
    path = tmp_path_factory.mktemp("shop") / "interactions.csv"
    odd += [("u2", "i1", CUT - 1, "it's"), ("u2", "i1", CUT, "it's"), ("u4", "i3", CUT - 9, "")]
    odd += [("u3", "i2", CUT - 1 - 30 * made_up.DAY, "view"), ("late", "i1", CUT + int(9.5 * made_up.DAY), "view")]
    quoted = [(f'"{user.replace(chr(34), chr(34) * 2)}"', *others) for user, *others in odd]
    return made_up.write(path, [*rows, *rows[:9], *quoted])


def test_the_counts_give_the_lists_of_one_machine(spark: Spark, shop: Path) -> None:
    log = logs.read(shop)
    expected = task(log, split(log, HoldOut()), USERS, 1)
    found, facts, with_truth = on_spark.question(spark, str(shop), HoldOut(), sample_users=USERS, now=NOW)
    assert (found.cut, found.past.user_ids) == (expected.cut, expected.past.user_ids)
    assert found.past.items.tolist() == expected.past.items.tolist()
    assert found.truth.items.tolist() == expected.truth.items.tolist()
    assert (facts.interactions, facts.users, facts.items) == (len(log), len(log.rows.user_ids), len(log.rows.item_ids))
    assert with_truth > USERS
    size = len(found.past.item_ids)
    assert found.train.item_counts(size).tolist() == expected.train.item_counts(size).tolist()
    assert found.train.first_times(size).tolist() == expected.train.first_times(size).tolist()
    users = (sorted(count for count in each.train.user_counts().tolist() if count) for each in (found, expected))
    assert next(users) == next(users)
    assert_same_lists(found, expected, {*COUNTING, "ease"} - {"popularity-category"})


def assert_same_lists(found: Task, expected: Task, names: Set[str]) -> None:
    """Assert that recommenders give the same lists in both tasks."""
    models, full = (models_of(each, RecordColumns(), 1, None) for each in (found, expected))
    for name in sorted(names):
        recommender = BY_NAME[name]
        for kind in TASKS:
            own, others = (
                lists(recommender.score(each, asked.known_past(), recommender.defaults), kind, asked.owned(), 25)
                for each, asked in ((models, found), (full, expected))
            )
            assert own.tolist() == others.tolist(), name


@pytest.mark.parametrize(
    "how",
    [
        HoldOut(at=CUT, horizon_days=9.5),
        HoldOut(at=CUT, event_type="it's"),
        HoldOut("last-basket", event_type="view"),
        HoldOut("leave-one-out", event_type="purchase", seed=2),
    ],
    ids=lambda how: f"{how.kind} {how.event_type}",
)
def test_the_files_of_a_split_have_the_rows_of_one_machine(
    spark: Spark, shop: Path, tmp_path: Path, how: HoldOut
) -> None:
    here = split_files.write(shop, how, tmp_path / "here", sample_users=USERS, now=NOW)
    there = split_files.on_spark(spark, str(shop), how, tmp_path / "there", sample_users=USERS, now=NOW)
    assert (there.written, there.with_truth) == (here.written, here.with_truth)
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == sorted(FILES)
    for name in FILES:
        rows = (sorted((tmp_path / place / name).read_text().splitlines()) for place in ("here", "there"))
        assert next(rows) == next(rows)


WRONG = ["undefined,i1,1700000000", "u1,i1,1700000000123", "u1, i1,1700000000", "1.0,i1,17", "NULL,i1,17", "u1,,17"]
WRONG += [f"{'u' * 257},i1,17", "5.04E+18,i1,17", "u\x01,i1,17", "u1,i1,1800086401", "u1,i1,"]


def test_rows_that_prepare_would_not_write_are_refused_and_counted(spark: Spark, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    good = [f"{'u' * 256},i1,1800086400", "u1,i1,1700000000"]
    path.write_text("\n".join(["USER_ID,ITEM_ID,TIMESTAMP", *good, *WRONG]))
    with pytest.raises(InvalidRequest, match=f"^{len(WRONG)} rows are not as"):
        on_spark.question(spark, str(path), HoldOut(), sample_users=USERS, now=1_800_000_000)


@pytest.mark.parametrize(
    ("text", "how", "reason"),
    [
        ("USER_ID,TIME\nu1,1\n", HoldOut(), "no column ITEM_ID and no TIMESTAMP"),
        ("USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,17\n", HoldOut(at=17), "nothing is left to train on"),
        ("USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,17\n", HoldOut(at=18), "nothing is held out"),
        ("", HoldOut("last-basket"), "evaluate takes --hold-out time"),
    ],
)
def test_what_cannot_be_asked_is_refused(spark: Spark, tmp_path: Path, text: str, how: HoldOut, reason: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=reason):
        on_spark.question(spark, str(path), how, sample_users=USERS, now=1_800_000_000)


def test_what_draws_among_all_users_is_not_split(tmp_path: Path) -> None:
    nowhere = Spark("sc://x", PYTHON, ROOT)
    with pytest.raises(InvalidRequest, match="--spark takes the others"):
        on_spark.split(nowhere, "log.csv", HoldOut("personalize"), tmp_path / "out", sample_users=None, now=0)


def test_of_items_that_go_with_many_the_nearest_are_those_of_one_machine(
    spark: Spark, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(covisitation, "NEAREST", 10)
    log, how = logs.read(shop), HoldOut(at=CUT)
    expected = task(log, split(log, how), USERS, 1)
    found, _, _ = on_spark.question(spark, str(shop), how, sample_users=USERS, now=NOW)
    assert_same_lists(found, expected, {"co-visitation"})
    own, others = (models_of(each, RecordColumns(), 1, None).recent.shares for each in (found, expected))
    np.testing.assert_allclose(own, others, rtol=1e-6)


def test_the_command_says_what_spark_did_not_count(spark: Spark, shop: Path) -> None:
    result = CliRunner().invoke(command, [str(shop), "--spark", spark.remote, "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert any("item-knn is left out: Spark has not counted" in note for note in report["notes"])


def test_without_the_client_or_with_an_arm_it_is_refused(shop: Path) -> None:
    result = CliRunner().invoke(command, [str(shop), "--spark", "sc://x", "--arm", "a", "--arm-column", "EVENT_TYPE"])
    assert result.exit_code == 2
    assert "--arm goes without --spark" in result.output
    without = CliRunner().invoke(command, ["split", "s3://bucket/key", "--out", str(shop.with_name("out"))])
    assert without.exit_code == 2
    assert "without --spark, give a file" in without.output


def test_a_server_that_does_not_answer_is_one_line() -> None:
    if not PYTHON.exists():
        pytest.skip("make spark has not installed Spark's client")
    url = "sc://127.0.0.1:9"  # which nothing listens on
    with pytest.raises(InvalidRequest, match=f"^Spark does not answer at {url}: start this again once it does$"):
        Spark(f"{url}/;user_id=someone", PYTHON, ROOT).ask({"what": "split", "paths": ["interactions.csv"]})
