"""`./broker filter` against the local service: made once, never changed, listed, deleted, and what is refused."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.__main__ import main
from cli.progress import WaitDisplay
from lifecycle import datasets, resource_types
from lifecycle.names import Names
from lifecycle.resources import Resources
from local_stack.aws.session import local_client
from tests.cli.test_commands import endpoints  # noqa: F401 - a fixture

BOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'
VIEWED = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view_detail")'
Broker = Callable[..., Result]


@pytest.fixture(scope="module")
def broker(endpoints: Mapping[str, str]) -> Broker:  # noqa: F811
    """Return `./broker COMMAND …` of a broker that collects; `name="other"` is a second one."""

    def run(*arguments: object, name: str = "shop") -> Result:
        every = [*map(str, arguments), "--name", name, *(["--local"] if arguments[0] == "filter" else [])]
        return CliRunner(env=endpoints).invoke(main, every, catch_exceptions=False)

    resources = Resources(local_client("personalize", endpoints["AWS_ENDPOINT_URL_PERSONALIZE"]))
    for name in ("shop", "other"):
        datasets.tracker(resources, Names(name))
        assert run("filter", name=name).stdout == "there is no filter\n"
    return run


def said(result: Result) -> dict[str, Any]:
    """Return the one object on stdout."""
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def listed(broker: Broker) -> dict[str, tuple[str, str]]:
    """Return the status and expression of every filter, by name."""
    return {one["name"]: (one["status"], one["expression"]) for one in said(broker("filter", "--json"))["filters"]}


def test_a_filter_is_made_and_waited_for_and_other_commands_find_it_by_its_name(broker: Broker) -> None:
    for number in range(10):  # on a busy machine a filter may be there before it is first looked at
        name = f"bought-{number}"
        asked = "recommend", "c1", "--filter", name
        assert f"there is no filter {name}; there is:" in broker(*asked).stderr
        made = broker("filter", name, BOUGHT)
        assert made.exit_code == 0, made.output
        if f"filter {name}: CREATE" in made.stderr:
            break

    assert made.stdout == f"arn:aws:personalize:us-east-1:123456789012:filter/{name}\n"
    assert f"filter {name}: CREATE" in made.stderr
    assert f"filter {name}: ACTIVE" in made.stderr
    assert listed(broker)[name] == ("ACTIVE", BOUGHT)
    assert "there is no trained model" in broker(*asked).stderr


def test_the_same_again_is_done_already_and_says_so(broker: Broker) -> None:
    first, again = (broker("filter", "twice", BOUGHT, "--json") for _ in range(2))

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert said(first)["state"] == "made"
    assert said(again) == said(first) | {"state": "was there already"}
    assert "was there already" not in first.stderr
    assert "filter twice was there already" in again.stderr
    assert "CREATE" not in again.stderr


def test_another_expression_under_the_same_name_is_wrong_use_until_the_old_one_is_deleted(broker: Broker) -> None:
    assert broker("filter", "changing", BOUGHT).exit_code == 0
    other = broker("filter", "changing", VIEWED)

    assert (other.exit_code, other.stdout) == (2, "")
    error = other.stderr.splitlines()[-1]
    assert error.startswith("Error: filter changing is there with another expression")
    assert "./broker filter changing --delete" in error
    assert BOUGHT in error
    assert listed(broker)["changing"] == ("ACTIVE", BOUGHT)

    for _ in range(10):  # on a busy machine it may be gone before it is first looked at
        gone = broker("filter", "changing", "--delete")
        assert gone.exit_code == 0
        assert gone.stdout.startswith("filter changing: deleted, in the local Personalize at http://127.0.0.1:")
        if "filter changing: DELETE" in gone.stderr:
            break
        assert broker("filter", "changing", BOUGHT).exit_code == 0
    assert "filter changing: DELETE" in gone.stderr
    assert "changing" not in listed(broker)
    assert broker("filter", "changing", VIEWED).exit_code == 0
    assert listed(broker)["changing"] == ("ACTIVE", VIEWED)


def test_deleting_what_is_not_there_changes_nothing_and_says_so(broker: Broker) -> None:
    before = listed(broker)
    gone = broker("filter", "never", "--delete", "--json")

    assert gone.exit_code == 0
    assert (said(gone)["filter"], said(gone)["state"]) == ("never", "was not there")
    assert said(gone)["where"].startswith("the local Personalize")
    assert listed(broker) == before


def test_people_see_a_table_with_every_word_of_an_expression(broker: Broker) -> None:
    unusual = BOUGHT.replace(")", f', "[bold]", "{"Q" * 100}")')  # no markup; wider than the table
    assert broker("filter", "shown", unusual).exit_code == 0

    shown = broker("filter").stdout
    for word in ("shown", "ACTIVE", *unusual.split()[:-1]):
        assert word in shown
    assert shown.count("Q") == 100


@pytest.mark.parametrize(
    ("name", "expression"),
    [("wrong", "EXCLUDE ItemID"), ("wrong", 'EXCLUDE ItemID WHERE Items.COLOUR IN ("red")'), ("a name", BOUGHT)],
)
def test_what_the_service_refuses_is_its_own_sentence_in_one_line(broker: Broker, name: str, expression: str) -> None:
    before = listed(broker)
    refused = broker("filter", name, expression)

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert re.fullmatch(r"Error: CreateFilter: (InvalidInput|Validation)Exception: .+", refused.stderr.splitlines()[-1])
    assert listed(broker) == before


def test_a_name_that_another_brokers_filter_has_is_refused_by_the_service(broker: Broker) -> None:
    assert broker("filter", "taken", BOUGHT).exit_code == 0
    refused = broker("filter", "taken", BOUGHT, name="other")

    assert refused.exit_code == 1
    assert "CreateFilter: ResourceAlreadyExistsException" in refused.stderr.splitlines()[-1]
    assert broker("filter", "taken", "--delete", name="other").stdout.startswith("filter taken: was not there")
    assert "taken" in listed(broker)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["alone"], "wants an EXPRESSION beside it"),
        (["alone", ""], "wants an EXPRESSION beside it"),
        (["", BOUGHT], "wants an EXPRESSION beside it"),
        (["--delete"], "--delete goes with a NAME"),
        (["both", BOUGHT, "--delete"], "without an EXPRESSION"),
        (["EXCLUDE", "ItemID", "WHERE"], "unexpected extra argument"),
    ],
)
def test_what_is_not_clear_is_wrong_use_and_asks_no_service(arguments: list[str], message: str) -> None:
    nowhere = CliRunner(env={"AWS_ENDPOINT_URL_PERSONALIZE": "http://127.0.0.1:9"})
    result = nowhere.invoke(main, ["filter", *arguments])

    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("arguments", [[], ["new", BOUGHT], ["new", "--delete"]])
def test_where_there_is_no_data_there_is_nothing_to_filter(
    endpoints: Mapping[str, str],  # noqa: F811
    arguments: list[str],
) -> None:
    result = CliRunner(env=endpoints).invoke(main, ["filter", *arguments, "--name", "nothing", "--local"])

    assert result.exit_code == 1
    assert "dataset group nothing not found: run ./broker backfill first" in result.stderr


def test_ctrl_c_points_to_no_command_that_does_not_show_filters(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = WaitDisplay()
    waiting.show(resource_types.FILTER.words, {"name": "new", "status": "CREATE IN_PROGRESS"})
    with pytest.raises(SystemExit):
        waiting.__exit__(KeyboardInterrupt, None, None)

    stopped = capsys.readouterr().err.splitlines()[-1]
    assert stopped == "Stopped waiting; the filter continues in Personalize. Run the same command again to resume."
