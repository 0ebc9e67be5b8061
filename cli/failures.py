"""`./broker failures`: what fails or is left out, and why, by the log lines of the functions."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import click
from broker.environment_reader import SettingsError

from cli import connection, deployed
from cli.console import emit
from cli.errors import service_errors
from cli.place import options
from diagnosis.deployment import Deployment
from diagnosis.failures import MAX_LINES, Finding, Summary, summaries

DONE = {"ingest": "interactions accepted by Personalize", "refresh": "profiles that have their list"}
NO_LINES = "no invocation has ended: nothing came in, nobody reads it, or Lambda ends the invocations. "
NEXT_WITHOUT_LINES = {
    "ingest": "See the runbook's sections records-not-read and ingest-errors",
    "refresh": "See `ingest`, which requests the refreshes, and the runbook's section refresh-errors",
}
RUNBOOK = "The sections are in docs/runbook.md, as personalize-broker-SECTION. docs/reasons.md explains the reasons."


@click.command("failures", short_help="What fails or is left out, and why, by the functions' logs.")
@click.option("--minutes", type=click.IntRange(1, 1440), default=15, show_default=True, help="How far to look back.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@options
def command(minutes: int, as_json: bool, name: str | None, context: tuple[str, ...], aws: bool, local: bool) -> None:
    """Say what went wrong in ingest and refresh in the last minutes, and why: invocations that failed, what was
    skipped, went to quarantine or waits. Each line has its reason, how often, when first and last, and the section of
    docs/runbook.md that says what to do. It reads the functions' settings and log lines, and writes nothing.

    \b
    Examples:
      ./broker failures --aws                     # after an alarm
      ./broker failures --aws --minutes 120       # when did it begin?

    Exit code: 0 said, 1 a service does not answer, 2 wrong use.
    """
    target = connection.find(name, context, aws=aws, local=local)
    since = time.time() - minutes * 60
    with service_errors():
        found = deployed.functions(target)
        said = list(summaries(target.client, found, since))
    rules = _rules(found)
    since_text = datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds")
    result = {
        "place": target.place,
        "where": target.where,
        "since": since_text,
        "settings": rules,
        "functions": [asdict(one) for one in said],
    }
    emit(result, as_json, lambda: _report(said, rules, minutes))


def _rules(found: Deployment) -> str:
    """Return what the deployed ``ingest`` reports, by its own settings."""
    try:
        rules = found.ingest_settings.rules
    except SettingsError as error:
        return f"has wrong settings: {error}"
    return f"reports {', '.join(rules.event_types)} of the environment {rules.environment}"


def _report(said: Sequence[Summary], rules: str, minutes: int) -> None:
    for one in said:
        click.echo(_in_words(one, minutes))
        if one.function == "ingest":
            click.echo(f"  it {rules}")
        for finding in one.findings:
            click.echo(_line(finding))
    if any(one.findings for one in said):
        click.echo(RUNBOOK)


def _in_words(one: Summary, minutes: int) -> str:
    if not one.invocations and not one.failed:
        return f"{one.function}, last {minutes} min: {NO_LINES}{NEXT_WITHOUT_LINES[one.function]}"
    text = (
        f"{one.function}, last {minutes} min: {one.invocations:,} invocations, {one.failed:,} of them failed; "
        f"{one.done:,} {DONE[one.function]}"
    )
    return text if one.whole else f"{text}. Only the first {MAX_LINES:,} lines were read: give fewer --minutes"


def _line(one: Finding) -> str:
    times = f"{one.first[11:19]} to {one.last[11:19]} UTC"
    return f"  {one.what:11} {one.number:>8,}  {one.reason}  ({times}; section {one.section})"
