"""Which attributes matter: what was planted comes first, noise inconclusive."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation.data import attributes as datasets
from evaluation.data import log as logs
from evaluation.features.attributes import attributes
from evaluation.features.examples import examples, groups
from evaluation.features.importance import ImportanceReport, Step, importances, parts
from personalize_data.errors import InvalidRequest
from tests.evaluation.features.shoppers import NOISE, write
from tests.real_data import ROOT


def measured(
    folder: Path, seed: int = 1, matters: float = 1.0, users: int = 250, step: Step = lambda done: None
) -> ImportanceReport:
    interactions, known = write(folder, users, matters=matters)
    log = logs.read(interactions)
    rows = log.rows
    of_items = groups(rows.items, rows.item_ids, None)
    user_attributes = attributes(datasets.read(known, "USER_ID"), rows.user_ids)
    seen = examples(log, of_items, None, 1_500, seed)
    return importances(seen, user_attributes, of_items.names, models=2, permutations=1, seed=seed, step=step)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> ImportanceReport:
    return measured(tmp_path_factory.mktemp("planted"))


def test_what_was_planted_comes_first_beyond_doubt(planted: ImportanceReport) -> None:
    first = planted.importances[0]
    assert (first.attribute.name, first.worth) == ("REGION", True)
    assert first.rise.low > 0.1
    assert first.attribute.known == pytest.approx(0.9)


def test_of_noise_the_interval_contains_zero(planted: ImportanceReport) -> None:
    noise = {importance.attribute.name: importance for importance in planted.importances[1:]}
    assert set(noise) == set(NOISE)
    for value in noise.values():
        assert value.rise.low <= 0 <= value.rise.high, value
        assert not value.worth


def test_the_interval_is_wider_than_that_of_the_users_alone(planted: ImportanceReport) -> None:
    region = planted.importances[0].rise
    assert region.high - region.mean > 0.065  # of the users alone it is .052


def test_history_counts_and_the_model_is_better_than_guessing_by_frequency(planted: ImportanceReport) -> None:
    assert planted.history.low > 0
    assert planted.loss.high < planted.prior.low


def test_an_attribute_that_decides_nothing_is_noise_too(tmp_path: Path) -> None:
    (region,) = [
        importance
        for importance in measured(tmp_path, matters=0.0).importances
        if importance.attribute.name == "REGION"
    ]
    assert region.rise.low <= 0 <= region.rise.high


def test_the_same_seed_gives_the_same_figures_and_another_seed_others(
    planted: ImportanceReport, tmp_path: Path
) -> None:
    def rises(importance_report: ImportanceReport) -> list[tuple[str, float]]:
        return [(each.attribute.name, each.rise.mean) for each in importance_report.importances]

    assert rises(measured(tmp_path)) == rises(planted)
    assert rises(measured(tmp_path, seed=2)) != rises(planted)


def test_too_few_users_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="20 users and 8 groups"):
        measured(tmp_path, users=20)


def test_the_work_has_as_many_parts_as_are_told_before(tmp_path: Path) -> None:
    done: list[int] = []
    user_attributes = measured(tmp_path, users=30, step=done.append).importances
    assert sum(done) == parts(len(user_attributes), 2)


def test_it_takes_one_processor_though_the_library_that_trains_is_loaded_late(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from threadpoolctl import threadpool_info
from tests.evaluation.features.test_importance import measured
threads = set()
def step(done):
    threads.update((pool["user_api"], pool["num_threads"]) for pool in threadpool_info())
measured(Path({str(tmp_path)!r}), users=60, step=step)
print(sorted(threads))
"""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment | {"OMP_NUM_THREADS": "3", "PYTHONPATH": f"{ROOT}:{ROOT / 'lambda_src'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[('blas', 1), ('openmp', 1)]\n", done.stderr
