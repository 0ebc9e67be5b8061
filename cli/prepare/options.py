"""What the forms of `prepare` ask alike, and what is done alike with what they make of it."""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cli.errors import file_errors
from cli.prepare.reading import READING, reading, reading_options
from cli.progress import Steps
from personalize_data.consent import Consent
from personalize_data.prepare import TIME_OF_DAY_UNITS
from personalize_data.quotas import MAX_FIELDS
from personalize_data.times import UNITS


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what all forms ask alike. The command returns what is to be written, which is written and told here."""

    @functools.wraps(command)
    def called(
        file: Path,
        out: Path | None,
        consent: str | None,
        consent_given: bool,
        context: tuple[str, ...],
        dry_run: bool,
        as_json: bool,
        **options: Any,
    ) -> None:
        if out is None and not dry_run:
            raise click.UsageError("--out DIR says where to (or --dry-run, to see what would be written)")
        if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise click.UsageError(f"--out {out} is there already and not empty: name another, or remove it")
        asked = reading(**{name: options.pop(name) for name in READING})
        said = Consent(consent, consent_given)
        purpose = _purpose(said, context)
        from cli.prepare import display  # these load what reads tables, which wrong use needn't wait for
        from personalize_data.prepare import pipeline
        from personalize_data.prepare.source import opened

        with (
            file_errors(),
            Steps(quiet=as_json) as steps,
            tempfile.TemporaryDirectory(prefix="personalize-broker-") as scratch,
        ):
            source, left_out = opened(file, asked, Path(scratch)).with_consent(consent)
            prepared = pipeline.with_consent(
                command(source=source, step=steps.begin, **options), said, purpose, left_out
            )
            if not dry_run and out is not None:
                steps.begin("writing")
                pipeline.write(out, prepared)
        display.show(prepared, None if dry_run else out, as_json=as_json)

    with_options: Callable[..., Any] = called
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout."),
        click.option("--dry-run", is_flag=True, help="Read, check and count; write nothing."),
        click.option("--time-format", metavar="FORMAT", help="How times are written, as in %d/%m/%Y %H:%M (UTC)."),
        click.option("--time-unit", type=click.Choice(UNITS), help="Default: what the first time can only be."),
        click.option("-c", "context", multiple=True, metavar="KEY=VALUE", help="Goes before cdk.json, as for cdk."),
        click.option("--consent-given", is_flag=True, help="State that all rows may train; the report says so."),
        click.option(
            "--consent", metavar="COLUMN", help="Take only rows with a yes here: yes or no, true or false, 1 or 0."
        ),
        click.option(
            "--categorical",
            multiple=True,
            metavar="COLUMN",
            help="Treat COLUMN as categorical even if all values are numeric.",
        ),
        reading_options,
        click.option(
            "--drop-item",
            "drop_items",
            multiple=True,
            metavar="PATTERN",
            help="What is no product, by its id: postage, fees; * stands for anything.",
        ),
        click.option(
            "--impute",
            "filled",
            multiple=True,
            metavar="COLUMN=RULE",
            help="Replace missing values: median, mode, drop (the row), or a value.",
        ),
        click.option(
            "--max-attributes",
            type=click.IntRange(1, MAX_FIELDS["users"]),
            default=MAX_FIELDS["users"],
            show_default=True,
            metavar="N",
            help="Refuse more user attributes than this.",
        ),
        click.option(
            "--attribute",
            "attributes",
            multiple=True,
            metavar="[NAME=]COLUMN",
            help="What is known of users: users.csv, from each one's newest row. * stands for anything.",
        ),
        click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="A new or empty folder."),
        click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
    ):
        with_options = option(with_options)
    return with_options


def line_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what invoices and events ask alike."""
    for option in (
        click.option(
            "--metadata",
            "metadata_columns",
            multiple=True,
            metavar="[NAME=]COLUMN",
            help="Metadata of interactions: at most five.",
        ),
        click.option(
            "--item-attribute",
            "item_attributes",
            multiple=True,
            metavar="[NAME=]COLUMN",
            help="What is known of items: items.csv, from each one's newest row.",
        ),
        click.option(
            "--split", metavar="TEXT", help="What stands between several products in one cell: each becomes a row."
        ),
        click.option(
            "--time-of-day-unit",
            type=click.Choice(TIME_OF_DAY_UNITS),
            help="Of numbers since midnight; without it, times of day are as 08:26 or 08:26:30.",
        ),
        click.option("--time-of-day", metavar="COLUMN", help="The time of day, where --time has dates alone."),
        click.option("--time", required=True, metavar="COLUMN", help="When: epoch seconds or milliseconds, ISO 8601."),
        click.option("--item", required=True, metavar="COLUMN", help="What."),
        click.option("--user", required=True, metavar="COLUMN", help="Who."),
    ):
        command = option(command)
    return command


def _purpose(consent: Consent, context: tuple[str, ...]) -> str | None:
    """Return the purpose that the settings name. Raises click.UsageError where nothing was said about it."""
    from cli import connection

    purpose = connection.settings(context).options.consent_purpose
    problem = consent.problem(purpose)
    if problem:
        raise click.UsageError(problem)
    return purpose
