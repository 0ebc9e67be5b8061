"""`./broker run`: the whole loop on this machine, shown as it happens and audited at the end."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from broker.batch import BadBatch, decode

from blueprint.experiment import ExperimentPlan
from cli.console import emit, service_log
from cli.experiment_option import ExperimentType
from cli.records import StreamRecord, one_batch_each
from cli.run_display import Display, report
from cli.run_experiment import HALVES, print_result
from cli.run_experiment import as_json as experiment_as_json
from cli.run_experiment import result as experiment_result
from lifecycle.resources import CreationFailed
from local_stack.items4u.slot import Slot
from local_stack.loop_result import LoopResult, summary
from local_stack.process import NotStarted
from local_stack.scenario import ENOUGH_TO_COMPARE, Scenario
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack

if TYPE_CHECKING:
    from experiments.analysis import Report

NEXT = (
    "./broker invoke events/purchase_of_twelve_products.json",
    "./broker run --events events/several_batches.ndjson --seconds 5",
    "./broker serve --help",
)


@click.command("run", short_help="The whole loop on this machine.")
@click.option(
    "--events",
    "paths",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH…",
    help="Your own batches: one or more files or folders.",
)
@click.argument("more_paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[PATH…]")
@click.option("--seconds", type=click.FloatRange(1, 3600), default=20, show_default=True, help="of recommending.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="of the shop and its customers.")
@click.option(
    "--experiment",
    "plan",
    type=ExperimentType(),
    is_flag=False,
    flag_value=HALVES,
    metavar="[FILE_OR_JSON]",
    help="Compare the variants of an experiment; without one, half of the customers have a list and half have none.",
)
@click.option(
    "--effect",
    type=click.FloatRange(0, 100),
    default=50,
    show_default=True,
    help="of the list, with --experiment: in how many of 100 looks at it a customer buys an item of it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
def command(
    paths: tuple[Path, ...],
    more_paths: tuple[Path, ...],
    seconds: float,
    seed: int,
    plan: ExperimentPlan | None,
    effect: float,
    as_json: bool,
) -> None:
    """Run the whole loop on this machine: a made-up shop's visitors, a local mParticle, a stream, the two real
    functions, a local Amazon Personalize, and the profiles that come of it. No AWS account, nothing leaves the machine.

    --events puts your own batches on the stream as well: files or folders of JSON, JSON Lines, gzip or Kinesis events.
    Of every customer with at least three batches the newest two are held back, so that the list which the profile
    carries before the last one can be judged by it.

    At the end the list on the profile is compared with lists that need no model: the most popular items, the
    customer's own items again, and what is popular in their two commonest categories. The verdict comes last.

    --experiment gives each customer the list of their variant, or none in the holdout; an experiment of your own is
    written as the setting broker:experiment. The shop then has a slot that shows the profile's list, or best-sellers
    without one, and the list has the effect that you set. The command ends with what the experiment says. A run of
    seconds cannot tell: it says how many more customers that takes.

    Exit code: 0 all is accounted for, 1 it is not, 2 wrong use.
    """
    slot = Slot(effect=effect / 100) if plan else None
    records = [(path, list(one_batch_each((path,)))) for path in _files((*paths, *more_paths))]
    unreadable = {str(path): reasons for path, own in records if (reasons := _unreadable(own))}
    if not as_json:
        for path, reasons in unreadable.items():
            click.echo(f"{path}: unreadable: {', '.join(f'{reason} {n:,}' for reason, n in reasons.items())}", err=True)
    display = Display(to_stderr=as_json)
    try:
        impressions_of = slot.list_name if slot else None
        settings = LocalStackSettings(seed=seed, experiment=plan, impression_list=impressions_of)
        with service_log() as log, display, Stack(settings, log=log) as stack:
            play = Scenario(
                stack,
                show=display.show,
                seconds=seconds,
                own_records=[record.data for _, own in records for record in own],
                trained_on=ENOUGH_TO_COMPARE,
                slot=slot,
            )
            result = play.run()
            compared = experiment_result(stack, plan.experiment, slot, play.slot_opened) if plan and slot else None
    except (NotStarted, CreationFailed) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("stopped: all services are down", err=True)
        raise SystemExit(130) from None
    everything = summary(result) | {"unreadable_files": unreadable}
    if compared:
        everything["experiment"] = experiment_as_json(compared)
    emit(everything, as_json, lambda: _show(result, compared))
    raise SystemExit(_exit_code(result))


def _show(result: LoopResult, compared: "Report | str | None") -> None:
    report(result, NEXT)
    if compared:
        print_result(compared)


def _unreadable(records: Sequence[StreamRecord]) -> dict[str, int]:
    """Return how many records are no batches, by reason: they are played as well, and go to quarantine."""
    batches = (batch for record in records for batch in decode(record.data, record.arrived_ms))
    return dict(Counter(batch.reason for batch in batches if isinstance(batch, BadBatch)))


def _exit_code(result: LoopResult) -> int:
    return 0 if result.audit.holds and result.settled else 1


def _files(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    return tuple(
        file
        for path in paths
        for file in (sorted(child for child in path.iterdir() if child.is_file()) if path.is_dir() else [path])
    )
