"""No command's ``--json`` has a whole number that jq 1.6 or JavaScript would round: 64-bit ids are text."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from cli.__main__ import COMMANDS, main
from cli.console import exact
from tests.cli.test_commands import BEGAN, Broker, broker, endpoints  # noqa: F401 - fixtures
from tests.json_numbers import rounded
from tests.real_data import ROOT

# Commands that need a whole stack, or long: their own tests look.
ELSEWHERE = {
    "attribution": "loop/test_thread.py",
    "cost": "cli/test_cost.py",
    "export": "cli/test_export.py",
    "faults add": "cli/test_faults.py",
    "faults clear": "loop/test_serve.py",
    "faults list": "loop/test_serve.py",
    "experiment": "experiments/test_command.py",
    "failures": "diagnosis/test_failures.py",
    "features": "evaluation/features/test_command.py",
    "outputs": "cli/test_outputs.py",
    "replay": "replay/test_after_an_outage.py",
    "rewind": "loop/test_rewind.py",
    "run": "loop/test_run.py",
    "secret": "cli/test_secret.py",
    "seed": "loop/test_outage.py",
    "soak": "loop/test_soak.py",
    "tracker": "cli/test_tracker.py",
    "tune": "cli/test_commands.py",
    "verify": "diagnosis/test_verify.py",
    "why": "diagnosis/test_why.py",
}
HERE = {
    *("status", "backfill", "train", "recommend", "similar", "batch", "filter", "forget", "invoke", "evaluate"),
    *("prepare events", "prepare invoices", "prepare ownership"),
}
MPIDS = [-9107871506589424318 + number for number in range(50)]
SKU = 9007199254740993


def with_json(command: click.Command, name: str) -> Iterator[str]:
    """Yield the names of a command and its subcommands that take --json."""
    if isinstance(command, click.Group):
        for sub, own in command.commands.items():
            yield from with_json(own, f"{name} {sub}")
    if any("--json" in option.opts for option in command.params):
        yield name


def documents(result: Result) -> list[object]:
    assert result.exit_code in (0, 1), result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines
    return lines


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Return purchases of customers and items whose ids are numbers of 64 bits."""
    chance = random.Random(1)
    path = tmp_path / "shop.csv"
    rows = [f"{chance.choice(MPIDS)},{SKU + chance.randrange(40)},{BEGAN + 100 * number}" for number in range(1_500)]
    path.write_text("\n".join(["USER_ID,ITEM_ID,TIMESTAMP", *rows]))
    return path


def test_every_command_with_json_is_looked_at() -> None:
    found = set[str]()
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        found |= set(with_json(command, name))
    assert found == HERE | ELSEWHERE.keys()
    for path in ELSEWHERE.values():
        assert "rounded(" in (ROOT / "tests" / path).read_text(), path


def test_the_commands_of_a_model_print_no_number_that_would_be_rounded(
    broker: Broker,  # noqa: F811
    history: Path,
    tmp_path: Path,
) -> None:
    users = tmp_path / "users.txt"
    users.write_text("\n".join(map(str, MPIDS[:3])))
    said = [
        broker("backfill", history, "--constant", "EVENT_TYPE=purchase", "--json"),
        broker("train", "--json"),
        broker("train", "--recipe", "aws-similar-items", "--json"),
        broker("status", "--json"),
        broker("filter", "bought", 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")', "--json"),
        broker("filter", "--json"),
        broker("recommend", MPIDS[0], "--json"),
        broker("similar", SKU, "--json"),
        broker("batch", users, "--json"),
        broker("forget", MPIDS[0], "--yes", "--json"),
    ]
    everything = [document for result in said for document in documents(result)]
    assert str(MPIDS[1]) in json.dumps(everything)
    assert rounded(everything) == []


def test_invoke_prints_the_ids_of_all_samples_as_text() -> None:
    samples = sorted(path for path in (ROOT / "events").iterdir() if path.suffix != ".md")
    said = documents(CliRunner().invoke(main, ["invoke", "--json", *map(str, samples)]))

    assert rounded(said) == []
    assert "5103277684950218837" in {answer["mpid"] for answer in said if isinstance(answer, dict)}


def test_prepare_and_evaluate_print_counts_only(history: Path, tmp_path: Path) -> None:
    names = ["--user", "USER_ID", "--item", "ITEM_ID", "--time", "TIMESTAMP"]
    ownership = tmp_path / "ownership.csv"
    ownership.write_text("\n".join([f"USER_ID,month,{SKU}", *(f"{mpid},2026-01,1" for mpid in MPIDS)]))
    said = [
        ["prepare", "events", str(history), *names, "--event-type", "view", "--dry-run", "--json"],
        ["prepare", "invoices", str(history), *names, "--dry-run", "--json"],
        ["prepare", "ownership", str(ownership), "--user", "USER_ID", "--month", "month", "--product", str(SKU),
         "--dry-run", "--json"],
        ["evaluate", str(history), "--no-tuning", "--json"],
    ]  # fmt: skip
    for words in said:
        assert rounded(documents(CliRunner().invoke(main, words))) == [], words


def test_a_document_of_others_keeps_every_digit_as_text() -> None:
    found = exact({"id": 2**53 + 1, "deep": [{"n": -(2**63)}], "n": 2**53, "x": 1e300, "yes": True})

    assert found == {
        "id": "9007199254740993",
        "deep": [{"n": "-9223372036854775808"}],
        "n": 2**53,
        "x": 1e300,
        "yes": True,
    }
    assert rounded({"id": [2**53 + 1]}) == ["$.id[0]"]
