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


def run(
    interactions: Path,
    users: Path,
    schema_file: Path | None,
    plot_file: Path | None,
    *,
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """Find, write and print what was asked for. ``options``: those of the command that are not named here.

    Raises BadFile, BadQuestion, OSError and click.ClickException.
    """
    form = plots.image_format(plot_file) if plot_file else ""
    read = [path for path in (interactions, users, options["items"]) if path]
    output_files.check({"--schema": schema_file, "--plot": plot_file}, read)
    with Steps(quiet=as_json) as steps:
        importance_report = _measured(interactions, users, options["categorical"], steps, options)
    chosen = _chosen(importance_report, options["top"])
    files = {plot_file: plots.draw(importance_report, form)} if plot_file else {}
    if schema_file and chosen:
        files[schema_file] = _schema(users, chosen, options["categorical"])
    output_files.write({path: functools.partial(_write, content=content) for path, content in files.items()})
    if as_json:
        output_files.put(json.dumps(_as_json(importance_report, chosen)) + "\n")
    else:
        _show(importance_report, chosen)
    if schema_file and not chosen:
        raise click.ClickException(f"{schema_file} is not written: no attribute is worth it beyond doubt (--top N)")


def _measured(
    interactions: Path, users: Path, text: Sequence[str], steps: Steps, options: dict[str, Any]
) -> ImportanceReport:
    steps.begin(f"reading {interactions.name}")
    log = logs.read(interactions, time.time())
    known = datasets.read(users, "USER_ID")
    _check(users, known.columns, text, "--categorical")
    rows = log.rows
    of_items = groups(rows.items, rows.item_ids, _groups(options["items"], options["group"]), options["most"])
    user_attributes = attributes(known, rows.user_ids, text)
    sample = examples(log, of_items, options["target"], options["rows"], options["seed"])
    measured = {name: options[name] for name in ("models", "permutations", "seed")}
    moved = steps.begin(f"predicting {len(sample):,} interactions", parts(len(user_attributes), measured["models"]))
    return importances(sample, user_attributes, of_items.names, **measured, step=moved)


def _groups(items: Path | None, column: str | None) -> dict[str, str | None] | None:
    if items is None or column is None:
        return None
    known = datasets.read(items, "ITEM_ID")
    _check(items, known.columns, [column], "--group")
    values = known.columns[column]
    return {item: None if value is None else str(value) for item, value in zip(known.ids, values, strict=True)}


def _check(file: Path, columns: Any, named: Sequence[str], option: str) -> None:
    for name in named:
        if name not in columns:
            raise InvalidRequest(f"{option} {name}: {file} has no such column (there are: {', '.join(columns)})")


def _chosen(importance_report: ImportanceReport, choose: int | None) -> list[str]:
    best = (
        importance_report.importances[:choose]
        if choose
        else [importance for importance in importance_report.importances if importance.worth]
    )
    return [importance.attribute.name for importance in best[: MAX_FIELDS["users"]]]


def _schema(users: Path, chosen: Sequence[str], text: Sequence[str]) -> bytes:
    source = opened(users)
    names = {name: name for name in chosen}
    schema = records.schema(source, source.collect(source.rows), "USER_ID", names, "users", text)
    return (schema.text + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _as_json(importance_report: ImportanceReport, chosen: Sequence[str]) -> dict[str, Any]:
    return {
        "examples": importance_report.examples,
        "users": importance_report.loss.n,
        "groups": list(importance_report.groups),
        "log_loss": _interval(importance_report.loss),
        "log_loss_by_frequency": _interval(importance_report.prior),
        "history": _interval(importance_report.history),
        "attributes": [_importance(importance) for importance in importance_report.importances],
        "chosen": list(chosen),
    }


def _importance(importance: Importance) -> dict[str, Any]:
    about = importance.attribute
    kind = "words" if about.words else "numbers"
    known = {"kind": kind, "known": round(about.known, 6), "distinct": about.distinct}
    return {"name": about.name, **known, "rise": _interval(importance.rise), "worth": importance.worth}


def _interval(interval: Interval) -> dict[str, float]:
    return {end: round(float(getattr(interval, end)), 6) for end in ("mean", "low", "high")}


def _show(importance_report: ImportanceReport, chosen: Sequence[str]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    with output_files.printing(console):
        _print(console, importance_report, chosen)


def _print(console: Console, importance_report: ImportanceReport, chosen: Sequence[str]) -> None:
    console.print(
        f"Predicted: which of {len(importance_report.groups)} groups comes next, "
        f"{importance_report.examples:,} times, for {importance_report.loss.n:,} "
        f"users held out. Log loss {importance_report.loss}; by frequency alone {importance_report.prior}.",
        soft_wrap=True,
    )
    if importance_report.loss.mean >= importance_report.prior.mean:
        console.print("So nothing was learned: neither history nor attributes predict these groups.", soft_wrap=True)
    table = Table(title="Rise of the log loss when it is another user's", title_justify="left")
    for column in ("attribute", "rise", "95 %", "known", "different", "worth a column"):
        table.add_column(column, justify="left" if column in ("attribute", "worth a column") else "right")
    table.add_row(escape(plots.HISTORY), *_numbers(importance_report.history), "", "", "")
    for importance in importance_report.importances:
        about = importance.attribute
        words = "yes" if importance.worth else "inconclusive" if importance.rise.high > 0 else "no"
        table.add_row(
            escape(about.name), *_numbers(importance.rise), f"{about.known:.0%}", f"{about.distinct:,}", words
        )
    console.print(table)
    console.print(f"chosen: {', '.join(chosen) or 'none'}", markup=False, soft_wrap=True)


def _numbers(rise: Interval) -> tuple[str, str]:
    return f"{rise.mean:.4f}", f"{rise.low:.4f} to {rise.high:.4f}"
