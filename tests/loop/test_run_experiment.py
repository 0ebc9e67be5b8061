"""A run with an experiment: each customer gets what their variant gets, and the end says what that sells."""

import json

from tests.json_numbers import rounded
from tests.loop.clone import Clone


def test_a_run_compares_customers_with_a_list_and_without_and_says_that_it_cannot_tell_yet(quiet_clone: Clone) -> None:
    done = quiet_clone.run("run", "--experiment", "--seconds", 4, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["law_holds"]
    assert rounded(result) == []
    experiment = result["experiment"]
    assert (experiment["experiment"], experiment["main_population"], experiment["days"]) == ("run", "triggered", 1)
    variants = experiment["populations"]["triggered"]["variants"]
    assert set(variants) == {"holdout", "recommended"}
    assert min(variant["customers"] for variant in variants.values()) > 0
    assert variants["holdout"]["from_list"] == 0
    assert experiment["changed_variant"] == 0
    assert "a verdict takes 2 whole weeks" in experiment["headlines"][0]
    assert result["profile"]["user_attributes"]["ml_variant"] == "recommended"
