"""The panel's words for an experiment: its variants, and a result that is not there yet."""

import json

import pytest
from broker.experiment import HOLDOUT

from blueprint.experiment import plan_from
from local_stack.aws.session import local_client
from shop.panel.experiment import RunningExperiment, variants
from shop.places import Places
from tests.shop.test_pages import PLACES


def test_each_variant_says_its_share_and_its_difference() -> None:
    bought = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'
    given = {
        "control": {"weight": 1},
        "popular": {"weight": 2, "recipe": "aws-popularity-count"},
        "unbought": {"weight": 1, "filter_expression": bought},
    }
    found = variants(plan_from({"name": "try", "holdout": 20, "variants": given}))
    assert {one.name: round(one.share, 3) for one in found} == {
        "control": 0.2,
        "popular": 0.4,
        "unbought": 0.2,
        HOLDOUT: 0.2,
    }
    assert [one.words for one in found] == [
        "the lists of all users",
        "the recipe aws-popularity-count",
        f"the filter {bought}",
        "no list",
    ]


@pytest.mark.parametrize(
    ("experiment", "words"), [(PLACES.experiment, "A service does not answer"), ("", "There is no experiment")]
)
def test_without_a_result_it_says_why(experiment: str, words: str) -> None:
    places = Places(**{**vars(PLACES), "experiment": experiment})
    running = RunningExperiment(places, lambda service: local_client(service, places.aws))
    first = running.result()
    assert first.sentences[0].startswith(words)
    assert (first.lines, running.result()) == ([], first), "it is kept for some seconds"
    assert json.loads(experiment or '{"variants": {}}')["variants"].keys() <= {one.name for one in running.variants}
