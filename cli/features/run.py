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
from evaluation.features.importance import Found, Importance, importances, parts
from evaluation.scoring.uncertainty import Interval
from personalize_data.errors import BadQuestion
from personalize_data.prepare import attributes as records
from personalize_data.prepare.source import opened
from personalize_data.quotas import MAX_FIELDS


def find(
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
    form = plots.form_of(plot_file) if plot_file else ""
    read = [path for path in (interactions, users, options["items"]) if path]
    output_files.check({"--schema": schema_file, "--plot": plot_file}, read)
    with Steps(quiet=as_json) as steps:
        found = _found(interactions, users, options["text"], steps, options)
    chosen = _chosen(found, options["choose"])
    files = {plot_file: plots.draw(found, form)} if plot_file else {}
    if schema_file and chosen:
        files[schema_file] = _schema(users, chosen, options["text"])
    output_files.write({path: functools.partial(_write, content=content) for path, content in files.items()})
    if as_json:
        output_files.put(json.dumps(_as_json(found, chosen)) + "\n")
    else:
        _show(found, chosen)
    if schema_file and not chosen:
        raise click.ClickException(f"{schema_file} is not written: no attribute is worth it beyond doubt (--choose N)")


def _found(interactions: Path, users: Path, text: Sequence[str], steps: Steps, options: dict[str, Any]) -> Found:
    steps.begin(f"reading {interactions.name}")
    log = logs.read(interactions, time.time())
    known = datasets.read(users, "USER_ID")
    _check(users, known.columns, text, "--text")
    rows = log.rows
    of_items = groups(rows.items, rows.item_ids, _groups(options["items"], options["group"]), options["most"])
    given = attributes(known, rows.user_ids, text)
    seen = examples(log, of_items, options["target"], options["rows"], options["seed"])
    measured = {name: options[name] for name in ("trainings", "repeats", "seed")}
    moved = steps.begin(f"foretelling {len(seen):,} interactions", parts(len(given), measured["trainings"]))
    return importances(seen, given, of_items.names, **measured, step=moved)


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
            raise BadQuestion(f"{option} {name}: {file} has no such column (there are: {', '.join(columns)})")


def _chosen(found: Found, choose: int | None) -> list[str]:
    best = found.importances[:choose] if choose else [one for one in found.importances if one.worth]
    return [one.attribute.name for one in best[: MAX_FIELDS["users"]]]


def _schema(users: Path, chosen: Sequence[str], text: Sequence[str]) -> bytes:
    source = opened(users)
    names = {name: name for name in chosen}
    schema = records.schema(source, source.collect(source.rows), "USER_ID", names, "users", text)
    return (schema.text + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _as_json(found: Found, chosen: Sequence[str]) -> dict[str, Any]:
    return {
        "examples": found.examples,
        "users": found.loss.n,
        "groups": list(found.groups),
        "log_loss": _interval(found.loss),
        "log_loss_by_frequency": _interval(found.prior),
        "history": _interval(found.history),
        "attributes": [_importance(one) for one in found.importances],
        "chosen": list(chosen),
    }


def _importance(one: Importance) -> dict[str, Any]:
    about = one.attribute
    kind = "words" if about.words else "numbers"
    known = {"kind": kind, "known": round(about.known, 6), "distinct": about.distinct}
    return {"name": about.name, **known, "rise": _interval(one.rise), "worth": one.worth}


def _interval(one: Interval) -> dict[str, float]:
    return {end: round(float(getattr(one, end)), 6) for end in ("mean", "low", "high")}


def _show(found: Found, chosen: Sequence[str]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    with output_files.printing(console):
        _print(console, found, chosen)


def _print(console: Console, found: Found, chosen: Sequence[str]) -> None:
    console.print(
        f"Foretold: which of {len(found.groups)} groups comes next, {found.examples:,} times, for {found.loss.n:,} "
        f"users held out. Log loss {found.loss}; by frequency alone {found.prior}.",
        soft_wrap=True,
    )
    if found.loss.mean >= found.prior.mean:
        console.print("So nothing was learnt: neither history nor attributes foretell these groups.", soft_wrap=True)
    table = Table(title="Rise of the log loss when it is another user's", title_justify="left")
    for column in ("attribute", "rise", "95 %", "known", "different", "worth a column"):
        table.add_column(column, justify="left" if column in ("attribute", "worth a column") else "right")
    table.add_row(escape(plots.HISTORY), *_numbers(found.history), "", "", "")
    for one in found.importances:
        about = one.attribute
        words = "yes" if one.worth else "can't be told from nothing" if one.rise.high > 0 else "no"
        table.add_row(escape(about.name), *_numbers(one.rise), f"{about.known:.0%}", f"{about.distinct:,}", words)
    console.print(table)
    console.print(f"chosen: {', '.join(chosen) or 'none'}", markup=False, soft_wrap=True)


def _numbers(rise: Interval) -> tuple[str, str]:
    return f"{rise.mean:.4f}", f"{rise.low:.4f} to {rise.high:.4f}"
