"""The experiment of `./broker run --experiment`: the default one, and what it says at the end."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from broker.experiment import Experiment
from broker.settings import ingest_settings
from rich.console import Console
from rich.markup import escape

from local_stack.audit.services import stream_records
from local_stack.items4u.slot import Slot
from local_stack.stack import Stack
from personalize_data.errors import InvalidRequest

if TYPE_CHECKING:
    from experiments.analysis import Report

HALVES = '{"name": "run", "holdout": 50, "variants": {"recommended": {"weight": 1}}}'


def result(stack: Stack, experiment: Experiment, slot: Slot, began: float) -> "Report | str":
    """Return the analysis of a running stack's stream, or in words why there is none.

    ``began``: when variants began to differ, in epoch seconds.
    """
    from experiments import batches  # loads for a second, as the analysis does
    from experiments.analysis import Question, analyse

    rules = ingest_settings(stack.ingest.environment).rules
    records = stream_records(stack.client("kinesis"), stack.resources.stream_name)
    found = batches.read(((record.data, record.arrived_ms) for record in records), rules, slot.list_name)
    try:
        return analyse(found, replace(experiment, began=int(began), earlier=()), Question())
    except InvalidRequest as error:
        return str(error)


def in_short(found: "Report | str") -> Iterator[str]:
    """Yield a result in lines: the variants, what stands in the way of believing them, and the verdicts last."""
    from experiments import text

    if isinstance(found, str):
        yield f"Nothing to compare: {found}"
        return
    for arm in found.main.arms:
        yield f"{arm.name}: {arm.customers:,} {text.who(found.main)}, {arm.bought:,} bought, for {arm.revenue:,.2f}"
    yield from text.serious(found)
    yield from text.headlines(found)


def print_result(found: "Report | str") -> None:
    """Print a result in short, for people."""
    console = Console(highlight=False)
    console.print("\n[bold]Does the list sell?[/bold]")
    for line in in_short(found):
        console.print(escape(line), soft_wrap=True)


def as_json(found: "Report | str") -> dict[str, Any]:
    """Return a result as `./broker experiment --json` has it, or the reason why there is none."""
    from experiments import json_report

    return {"headlines": [found]} if isinstance(found, str) else json_report.as_json(found, [])
