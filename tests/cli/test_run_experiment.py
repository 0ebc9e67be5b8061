"""The experiment of a run: the default one, what is refused, and how the result reads."""

import pytest
from broker.experiment import HOLDOUT, Variant
from click.testing import CliRunner

from cli.__main__ import main
from cli.experiment_option import ExperimentType
from cli.run_experiment import HALVES, in_short
from experiments.analysis import Question, analyse
from local_stack.items4u.customers import visits
from local_stack.items4u.slot import Slot
from local_stack.items4u.trial import trial
from tests.experiments.virtual_shop import DAYS, START_MS, halves, shop_events


def test_without_an_experiment_of_ones_own_half_of_the_customers_have_a_list() -> None:
    own = ExperimentType().convert(HALVES, None, None).experiment
    assert (own.variants, own.holdout) == ({"recommended": Variant(1)}, 50)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{", "must be an object"),
        ('{"name": "a", "variants": {}}', "1 to 20 variants"),
        ("nowhere.json", "No such file"),
    ],
)
def test_a_wrong_experiment_is_refused_before_anything_starts(given: str, message: str) -> None:
    done = CliRunner().invoke(main, ["run", "--experiment", given])
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("effect", "customers", "last"),
    [
        (0.5, 3_000, "recommended sells more than holdout"),
        (0.0, 300, "Nobody can tell yet whether recommended sells more"),
    ],
)
def test_the_result_names_the_variants_and_ends_with_the_verdict(effect: float, customers: int, last: str) -> None:
    experiment, pool = halves("short"), visits(1, 400, range(-DAYS, DAYS + 1), Slot())
    events = shop_events(trial(pool, experiment, effect=effect, customers=customers, seed=2), 2)
    lines = list(in_short(analyse(events, experiment, Question(planned_days=DAYS, start=START_MS))))
    assert [line.partition(":")[0] for line in lines[:2]] == [HOLDOUT, "recommended"]
    assert lines[-1].startswith(last)
    assert ("more customers are needed" in lines[-1]) == (effect == 0.0)


def test_a_run_in_which_nobody_came_says_so() -> None:
    assert list(in_short("no event here is of a customer")) == ["Nothing to compare: no event here is of a customer"]
