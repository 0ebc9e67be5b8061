"""`./broker run`: the whole loop on this machine, shown as it happens and audited at the end."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from broker.batch import BadBatch, decode

from cli.console import emit, service_log
from cli.records import StreamRecord, one_batch_each
from cli.run_display import Display, report
from lifecycle.resources import CreationFailed
from local_stack.loop_result import LoopResult, summary
from local_stack.process import NotStarted
from local_stack.scenario import ENOUGH_TO_COMPARE, Scenario
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack

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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
def command(paths: tuple[Path, ...], more_paths: tuple[Path, ...], seconds: float, seed: int, as_json: bool) -> None:
    """Run the whole loop on this machine: a made-up shop's visitors, a local mParticle, a stream, the two real
    functions, a local Amazon Personalize, and the profiles that come of it. No AWS account, nothing leaves the machine.

    --events puts your own batches on the stream as well: files or folders of JSON, JSON Lines, gzip or Kinesis events.
    Of every customer with at least three batches the newest two are held back, so that the list which the profile
    carries before the last one can be judged by it.

    At the end the list on the profile is compared with lists that need no model: the most popular items, the
    customer's own items again, and what is popular in their two commonest categories. The verdict comes last.

    Exit code: 0 all is accounted for, 1 it is not, 2 wrong use.
    """
    records = [(path, list(one_batch_each((path,)))) for path in _files((*paths, *more_paths))]
    unreadable = {str(path): reasons for path, own in records if (reasons := _unreadable(own))}
    if not as_json:
        for path, reasons in unreadable.items():
            click.echo(f"{path}: unreadable: {', '.join(f'{reason} {n:,}' for reason, n in reasons.items())}", err=True)
    display = Display(to_stderr=as_json)
    try:
        with service_log() as log, display, Stack(LocalStackSettings(seed=seed), log=log) as stack:
            play = Scenario(
                stack,
                show=display.show,
                seconds=seconds,
                own_records=[record.data for _, own in records for record in own],
                trained_on=ENOUGH_TO_COMPARE,
            )
            result = play.run()
    except (NotStarted, CreationFailed) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("stopped: all services are down", err=True)
        raise SystemExit(130) from None
    emit(summary(result) | {"unreadable_files": unreadable}, as_json, lambda: report(result, NEXT))
    raise SystemExit(_exit_code(result))


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
