"""What `train` says to ask next is a command that asks the model that it has trained."""

import json
import re
from collections.abc import Mapping

import pytest
from click.testing import CliRunner, Result

from cli.__main__ import main
from tests.cli.test_commands import MAPPED, Broker, endpoints, table  # noqa: F401 - fixtures

OPTIONS = [
    ["--hpo", "--no-baseline"],
    ["--recipe", "aws-popularity-count"],
    ["--recipe", "aws-sims", "--no-baseline"],
    ["--recipe", "aws-similar-items", "--no-baseline"],
]


@pytest.fixture(scope="module")
def shop(endpoints: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Broker:  # noqa: F811
    """Return the command line of a broker that has history."""

    def run(command: str, *arguments: object) -> Result:
        every = [command, *map(str, arguments), "--name", "next-question"]
        return CliRunner(env=endpoints).invoke(main, every, catch_exceptions=False)

    assert run("backfill", table(tmp_path_factory.mktemp("shop")), *MAPPED).exit_code == 0
    return run


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_the_next_command_asks_the_model_that_was_trained(shop: Broker, options: list[str]) -> None:
    trained = shop("train", *options)
    found = re.search(r"^next: ./broker (.*)$", trained.stdout, re.MULTILINE)
    assert found, trained.output
    words = [{"USER": "c1", "ITEM": "i1"}.get(word, word) for word in found[1].split()]
    answered = shop(*words)
    assert answered.exit_code == 0, answered.output


def test_the_popular_list_stands_beside_every_model_once_it_was_trained(shop: Broker) -> None:
    popular = json.loads(shop("train", "--recipe", "aws-popularity-count", "--json").stdout)
    assert popular["baseline"] is None  # it would be compared with itself
    trained = json.loads(shop("train", "--recipe", "aws-similar-items", "--no-baseline", "--json").stdout)
    assert trained["baseline"] == {name: popular[name] for name in ("solution_version", "metrics")}


def test_a_ranking_model_is_not_said_to_answer_a_command(shop: Broker) -> None:
    said = shop("train", "--recipe", "aws-personalized-ranking-v2", "--no-baseline").stdout
    assert "next:" not in said
    assert "GetPersonalizedRanking asks it" in said
