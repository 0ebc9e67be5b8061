"""`./broker serve --only personalize --disable …` reaches the service; for the whole loop it is refused."""

import pytest
from click.testing import CliRunner

from cli.__main__ import main
from local_stack import loopback
from tests.loop.clone import PATIENCE, Clone

URL = "export AWS_ENDPOINT_URL_PERSONALIZE="


def test_what_bites_is_switched_off_by_name(clone: Clone) -> None:
    with clone.start("serve", "--only", "personalize", "--disable", "minimums", "--disable", "throttling") as process:
        assert process.stdout is not None
        lines = iter(process.stdout)
        url = next(line for line in lines if line.startswith(URL)).removeprefix(URL).strip()
        assert "# ready\n" in lines
        toggles = loopback.get(f"{url}/_local/toggles").json()
        process.terminate()
        process.wait(PATIENCE)
    assert (toggles["minimums"], toggles["throttling"], toggles["deduplication"]) == (False, False, True)


@pytest.mark.parametrize("option", [["--disable", "minimums"], ["--data", "state"]])
def test_the_whole_loop_takes_no_option_of_the_service_alone(option: list[str]) -> None:
    done = CliRunner().invoke(main, ["serve", *option])
    assert (done.exit_code, "goes with --only personalize" in done.output) == (2, True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere.json", "nowhere.json: No such file or directory: name a file, or write the JSON object itself"),
        ('{"name": "autumn"', "an experiment must be an object, or one as JSON"),
        ('{"name": "autumn", "variants": {"a": {"weight": 0}}}', "an experiment variant a: weight must be"),
        ('{"name": "autumn", "variants": {"a": {"weight": 1, "recipe": "aws-sims"}}}', "variant a: recipe must be one"),
    ],
)
def test_a_wrong_experiment_is_named_before_anything_starts(given: str, message: str) -> None:
    done = CliRunner().invoke(main, ["serve", "--experiment", given])
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def test_the_service_alone_takes_no_experiment() -> None:
    value = '{"name": "autumn", "variants": {"a": {"weight": 1}}}'
    done = CliRunner().invoke(main, ["serve", "--only", "personalize", "--experiment", value])
    assert (done.exit_code, "which --only personalize has not" in done.output) == (2, True)


@pytest.mark.parametrize(
    ("columns", "message"),
    [("NAME,COLOUR", "no column COLOUR; there are NAME, CATEGORY"), ("ITEM_ID", "can be no column on a profile")],
)
def test_a_column_that_no_item_has_is_named_before_anything_starts(columns: str, message: str) -> None:
    done = CliRunner().invoke(main, ["serve", "--profile-columns", columns])
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


@pytest.mark.parametrize("option", ["--archive", "--second-tracker", "--profile-columns=name"])
def test_the_service_alone_takes_no_option_of_the_stream(option: str) -> None:
    done = CliRunner().invoke(main, ["serve", "--only", "personalize", option])
    assert (done.exit_code, "which --only personalize has not" in done.output) == (2, True)
