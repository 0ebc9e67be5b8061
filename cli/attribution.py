"""`./broker attribution`: what each source of recommendations earned, by the metric attribution."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import requests
from rich.console import Console

from cli import connection, place
from cli.console import emit
from cli.errors import Refused, service_errors
from cli.wide_table import show, table
from lifecycle import attribution, resource_types
from lifecycle.attribution import Attributed, NoAttribution
from lifecycle.resources import Resources
from local_stack import loopback

SHOWN = 20  # lists
UNDEFINED = "SOURCE_NAME_UNDEFINED"
MEANING = (
    f"A source is the variant, or else the campaign whose list was brought back. {UNDEFINED} brought back none. "
    "Whether it would have been bought anyway, only an experiment can say."
)
NOTHING_YET = "nothing is reported yet: only events that came in since it exists count"


@click.command("attribution", short_help="What each source of recommendations earned.")
@click.option("--days", type=click.IntRange(1, 455), default=14, show_default=True, help="The newest so many days.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@place.options
def command(days: int, *, as_json: bool, name: str | None, context: tuple[str, ...], aws: bool, local: bool) -> None:
    """Say what the metric attribution of the broker's dataset group reports: a row per source, a column per metric. On
    AWS the numbers are CloudWatch's. Locally they are the local Personalize's, which also knows what each list brought.

    broker:metric_attribution creates one; it is off by default, since CloudWatch charges for each metric and source.
    Locally: ./broker serve --metric-attribution. docs/use.md says what the shop must send back.

    \b
    Examples:
      ./broker attribution
      ./broker attribution --aws --days 28 --json

    Exit code: 0 said, 1 there is no metric attribution or a service does not answer, 2 wrong use.
    """
    target = connection.find(name, context, aws=aws, local=local)
    with service_errors():
        resources = Resources(target.client("personalize"))
        try:
            metrics = attribution.metrics(resources, target.names.dataset_group)
        except NoAttribution as error:
            raise Refused(str(error)) from None
        attributed, lists = _local(target, resources, days) if target.local_url else (_aws(target, metrics, days), [])
    names = [metric["metricName"] for metric in metrics]
    outcome = {
        "place": target.place,
        "days": days,
        "metrics": names,
        "attributed": [asdict(one) for one in attributed],
        "lists": lists,
    }
    emit(outcome, as_json, lambda: _report(target.names.broker, names, attributed, lists))


def _aws(target: connection.Target, metrics: Sequence[Mapping[str, str]], days: int) -> list[Attributed]:
    until = datetime.now(UTC)
    return attribution.from_cloudwatch(target.client("cloudwatch"), metrics, until - timedelta(days=days), until)


def _local(target: connection.Target, resources: Resources, days: int) -> tuple[list[Attributed], list[dict[str, Any]]]:
    group = resources.find(resource_types.DATASET_GROUP, target.names.dataset_group)
    try:
        reports = loopback.get(f"{target.local_url}/_local/attribution").json()["reports"]
    except (requests.RequestException, ValueError, KeyError):
        raise Refused("this local Personalize has no page with what an attribution reports") from None
    (report,) = (report for report in reports if report["datasetGroupArn"] == group)
    return attribution.from_local(report["rows"], time.time() - days * attribution.DAY), report["lists"]


def _report(
    broker: str, metrics: Sequence[str], attributed: Sequence[Attributed], lists: Sequence[Mapping[str, Any]]
) -> None:
    console = Console(highlight=False)
    values = {(one.source, one.metric): one.value for one in attributed}
    sources = sorted({one.source for one in attributed}, key=lambda source: (source == UNDEFINED, source))
    if not sources:
        console.print(NOTHING_YET)
        return
    by_source = table("What each source brought", "source", *(name.removeprefix(f"{broker}-") for name in metrics))
    for source in sources:
        by_source.add_row(
            _short(source), *(f"{values.get((source, name), 0):,.2f}".removesuffix(".00") for name in metrics)
        )
    show(console, by_source)
    if lists:
        show(console, _of_lists(lists))
    console.print(MEANING, soft_wrap=True)


def _short(source: str) -> str:
    """Return a campaign without region and account, or another source as it is."""
    return source.rpartition(":")[2] if source.startswith("arn:") else source


def _of_lists(lists: Sequence[Mapping[str, Any]]) -> Any:
    newest = list(reversed(lists))[:SHOWN]
    found = table(
        f"What the newest lists brought ({len(newest)} of {len(lists)})", "list", "events", "value", "event type"
    )
    for one in newest:
        found.add_row(one["recommendationId"], str(one["events"]), f"{one['value']:,.2f}", one["eventType"])
    return found
