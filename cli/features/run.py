"""What `./broker features` finds: which attributes of users are worth one of the few columns of Personalize."""

import functools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli import output_files
from cli.features.options import FeaturesOptions
from cli.prepare.display import WIDTH
from cli.progress import Steps
from evaluation.data import attributes as datasets
from evaluation.data import log as logs
from evaluation.features import plot as plots
from evaluation.features.attributes import attributes
from evaluation.features.examples import examples, groups
from evaluation.features.importance import Importance, ImportanceReport, importances, parts
from evaluation.scoring.uncertainty import Interval
from personalize_data.errors import InvalidRequest
from personalize_data.prepare import attributes as records
from personalize_data.prepare.source import opened
from personalize_data.quotas import MAX_FIELDS


def run(options: FeaturesOptions) -> None:
    """Measure the attributes, write and print the result.

    Raises BadFile, InvalidRequest, OSError and click.ClickException.
    """
    form = plots.image_format(options.plot_file) if options.plot_file else ""
    inputs = [path for path in (options.interactions, options.users, options.items) if path]
    output_files.check({"--schema": options.schema_file, "--plot": options.plot_file}, inputs)
    with Steps(quiet=options.as_json) as steps:
        report = _measured(options, steps)
    chosen = _chosen(report, options.top)
    files = {options.plot_file: plots.draw(report, form)} if options.plot_file else {}
    if options.schema_file and chosen:
        files[options.schema_file] = _schema(options.users, chosen, options.categorical)
    output_files.write({path: functools.partial(_write, content=content) for path, content in files.items()})
    if options.as_json:
        output_files.put(json.dumps(_as_json(report, chosen)) + "\n")
    else:
        _show(report, chosen)
    if options.schema_file and not chosen:
        raise click.ClickException(
            f"{options.schema_file} is not written: no attribute is worth it beyond doubt (--top N)"
        )


def _measured(options: FeaturesOptions, steps: Steps) -> ImportanceReport:
    steps.begin(f"reading {options.interactions.name}")
    log = logs.read(options.interactions, time.time())
    for note in log.notes:
        _say(f"{options.interactions}: {note}")
    users = datasets.read(options.users, "USER_ID", _say)
    _check(options.users, users.columns, options.categorical, "--categorical")
    rows = log.rows
    item_groups = groups(rows.items, rows.item_ids, _groups(options.items, options.group), options.max_groups)
    user_attributes = attributes(users, rows.user_ids, options.categorical)
    sample = examples(log, item_groups, options.target, options.rows, options.seed)
    return importances(
        sample,
        user_attributes,
        item_groups.names,
        models=options.models,
        permutations=options.permutations,
        seed=options.seed,
        step=steps.begin(f"predicting {len(sample):,} interactions", parts(len(user_attributes), options.models)),
    )


def _groups(items: Path | None, column: str | None) -> dict[str, str | None] | None:
    if items is None or column is None:
        return None
    dataset = datasets.read(items, "ITEM_ID", _say)
    _check(items, dataset.columns, [column], "--group")
    values = dataset.columns[column]
    return {item: None if value is None else str(value) for item, value in zip(dataset.ids, values, strict=True)}


def _say(note: str) -> None:
    click.echo(note, err=True)


def _check(file: Path, columns: Any, named: Sequence[str], option: str) -> None:
    for name in named:
        if name not in columns:
            raise InvalidRequest(f"{option} {name}: {file} has no such column (there are: {', '.join(columns)})")


def _chosen(report: ImportanceReport, top: int | None) -> list[str]:
    best = report.importances[:top] if top else [importance for importance in report.importances if importance.worth]
    return [importance.attribute.name for importance in best[: MAX_FIELDS["users"]]]


def _schema(users: Path, chosen: Sequence[str], text: Sequence[str]) -> bytes:
    source = opened(users)
    names = {name: name for name in chosen}
    schema = records.schema(source, source.collect(source.rows), "USER_ID", names, "users", text)
    return (schema.text + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _as_json(report: ImportanceReport, chosen: Sequence[str]) -> dict[str, Any]:
    return {
        "examples": report.examples,
        "users": report.loss.n,
        "groups": list(report.groups),
        "log_loss": _interval(report.loss),
        "log_loss_by_frequency": _interval(report.prior),
        "history": _interval(report.history),
        "attributes": [_importance(importance) for importance in report.importances],
        "chosen": list(chosen),
    }


def _importance(importance: Importance) -> dict[str, Any]:
    about = importance.attribute
    kind = "words" if about.words else "numbers"
    known = {"kind": kind, "known": round(about.known, 6), "distinct": about.distinct}
    return {"name": about.name, **known, "rise": _interval(importance.rise), "worth": importance.worth}


def _interval(interval: Interval) -> dict[str, float]:
    return {end: round(float(getattr(interval, end)), 6) for end in ("mean", "low", "high")}


def _show(report: ImportanceReport, chosen: Sequence[str]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    with output_files.printing(console):
        _print(console, report, chosen)


def _print(console: Console, report: ImportanceReport, chosen: Sequence[str]) -> None:
    console.print(
        f"Predicted: which of {len(report.groups)} groups comes next, "
        f"{report.examples:,} times, for {report.loss.n:,} "
        f"users held out. Log loss {report.loss}; by frequency alone {report.prior}.",
        soft_wrap=True,
    )
    if report.loss.mean >= report.prior.mean:
        console.print("So nothing was learned: neither history nor attributes predict these groups.", soft_wrap=True)
    table = Table(title="Rise of the log loss when it is another user's", title_justify="left")
    for column in ("attribute", "rise", "95 %", "known", "different", "worth a column"):
        table.add_column(column, justify="left" if column in ("attribute", "worth a column") else "right")
    table.add_row(escape(plots.HISTORY), *_numbers(report.history), "", "", "")
    for importance in report.importances:
        about = importance.attribute
        words = "yes" if importance.worth else "inconclusive" if importance.rise.high > 0 else "no"
        table.add_row(
            escape(about.name), *_numbers(importance.rise), f"{about.known:.0%}", f"{about.distinct:,}", words
        )
    console.print(table)
    console.print(f"chosen: {', '.join(chosen) or 'none'}", markup=False, soft_wrap=True)


def _numbers(rise: Interval) -> tuple[str, str]:
    return f"{rise.mean:.4f}", f"{rise.low:.4f} to {rise.high:.4f}"
