"""`./broker soak`: the loop for a chosen time at a chosen rate, with random faults, and what that came to."""

import os
import time
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from cli.console import emit, service_log
from cli.run_display import Display
from lifecycle.resources import CreationFailed
from local_stack.process import NotStarted
from local_stack.settings import LocalStackSettings
from local_stack.soak.findings import Findings, summary, verdict
from local_stack.soak.plan import FAULT_INTERVAL, FIRST_INTERVAL, plan
from local_stack.soak.soak import Soak
from local_stack.stack import Stack

STAGES = ("starting", "collecting", "training", "soaking", "settling", "checking")
SHOPPERS_PER_RATE = 40  # a shopper comes once a day of the shop's; many of them keep the visits apart


@click.command("soak", short_help="The loop for hours, with faults.")
@click.option("--seconds", type=click.FloatRange(10, 86_400), default=600, show_default=True, help="of load.")
@click.option("--rate", type=click.FloatRange(1, 1000), default=100, show_default=True, help="Interactions a second.")
@click.option("--shards", type=click.IntRange(1, 64), default=16, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="of the shop and the faults.")
@click.option("--faults/--no-faults", default=True, show_default=True, help="Let services fail and functions die.")
@click.option(
    "--fault-interval",
    type=click.FloatRange(1),
    default=FAULT_INTERVAL,
    show_default=True,
    help="Seconds from the end of a fault to the next.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
def command(
    seconds: float, rate: float, shards: int, seed: int, faults: bool, fault_interval: float, as_json: bool
) -> None:
    """Run the whole loop on this machine for a chosen time at a chosen rate while its services fail, one fault after
    the other: throttling, 5xx, hanging, resets, half replies, refused credentials, killed functions.

    In the end it says where every interaction is, how long events took to Personalize and to the profiles, how long
    after each fault both were normal again, what memory, open files and threads the two functions took, and how many
    processors everything used.

    An event takes until mParticle has the first list that takes it into account: one that the campaign gave two seconds
    after it accepted the event, or later. Events whose list was on the profile already are not counted. To the profile,
    it is normal again from the first of two periods of 10 s in a row whose p99 is at most 1.5 times that of the events
    made from 45 to 15 s before the faults (the median over the faults).

    Exit code: 0 nothing is lost or counted twice, the lag came back within a minute after each fault, and, in a run of
    half an hour or more, memory is flat; 1 otherwise.
    """
    planned = plan(seed, seconds, first=min(FIRST_INTERVAL, fault_interval), interval=fault_interval) if faults else []
    settings = LocalStackSettings(seed=seed, shards=shards, shoppers=max(150, round(rate * SHOPPERS_PER_RATE)))
    display = Display(to_stderr=as_json, stages=STAGES)
    try:
        with service_log() as log, display, Stack(settings, log=log) as stack:
            findings = Soak(stack, seconds=seconds, rate=rate, planned=planned, show=display.show).run()
    except (NotStarted, CreationFailed) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("stopped: all services are down", err=True)
        raise SystemExit(130) from None
    emit(summary(findings), as_json, lambda: _report(findings))
    raise SystemExit(0 if all(verdict(findings).values()) else 1)


def _report(findings: Findings) -> None:
    console = Console(highlight=False)
    report = summary(findings)
    console.print(
        f"\n{report['interactions']:,} interactions in {time.strftime('%H:%M:%S', time.gmtime(report['seconds']))}: "
        f"{report['rate']} a second of {report['asked_rate']:g}\n"
        f"event to Personalize, p50 / p99: {_seconds(report['lag_ms'])}\n"
        f"event to profile, p50 / p99 / longest: {_seconds(report['profile_lag_ms'])}\n"
        f"  of {_events(report['profile_lag_events'])} events\n"
        f"batches that mParticle had yet to forward, at most: {report['most_batches_not_forwarded']:,}\n"
        f"refreshes postponed: {report['refreshes_postponed']:,}, over the daily cap: "
        f"{report['refreshes_over_daily_cap']:,}"
    )
    console.print(_table("Where they are", ("place", "interactions"), list(report["places"].items())))
    console.print(_table("Faults", FAULT_COLUMNS, [_fault(entry, report) for entry in report["faults"]]))
    console.print(_table("Functions", FUNCTION_COLUMNS, [_function(*entry) for entry in report["functions"].items()]))
    if report["processors"]["all"]:
        rows = [(name, f"{used:.2f}") for name, used in report["processors"].items()]
        console.print(_table(f"Processors used, of {os.cpu_count()}", ("process", "processors"), rows))
    for name, holds in verdict(findings).items():
        console.print(f"[{'green' if holds else 'bold red'}]{name.replace('_', ' ')}: {'yes' if holds else 'NO'}[/]")


FAULT_COLUMNS = ("fault", "lasted s", "longest lag s", "most users waiting", "normal after s", "profiles after s")
FUNCTION_COLUMNS = ("function", "MB first", "MB last", "MB most", "open files", "threads")


def _fault(fault: dict[str, Any], report: dict[str, Any]) -> tuple[Any, ...]:
    normal, profiles = (
        "never" if fault[name] is None else fault[name] for name in ("normal_after", "profile_normal_after")
    )
    profiles = "not known" if report["profile_lag_normal_ms"] is None else profiles
    return fault["fault"], fault["lasted"], fault["longest_lag"], fault["most_waiting"], normal, profiles


def _seconds(lags_ms: dict[str, float | None]) -> str:
    return " / ".join("–" if lag is None else f"{lag / 1000:.2f} s" for lag in lags_ms.values())  # noqa: RUF001


def _events(events: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in events.items())


def _function(name: str, usage: dict[str, Any]) -> tuple[Any, ...]:
    return name, usage["first_mb"], usage["last_mb"], usage["most_mb"], usage["most_files"], usage["most_threads"]


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Table:
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold")
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row))
    return table
