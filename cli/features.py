"""`./broker features`: which attributes of users are worth one of the few columns that Personalize takes."""

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.evaluate import outputs
from cli.evaluate.asked import one_line_errors
from cli.evaluate.outputs import NEW_FILE
from cli.evaluate.steps import Steps
from cli.prepare.display import WIDTH
from evaluation.data import attributes as datasets
from evaluation.data import log as logs
from evaluation.failure import BadQuestion
from evaluation.features import plot as plots
from evaluation.features.attributes import attributes
from evaluation.features.examples import examples
from evaluation.features.groups import MOST, groups
from evaluation.features.importance import REPEATS, TRAININGS, Found, Importance, importances, parts
from evaluation.scoring.uncertainty import Interval
from history.schema import MOST_FIELDS
from preparation import records
from preparation.source import opened

CSV = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("features", short_help="Which attributes of users are worth a column.")
@click.argument("interactions", type=CSV)
@click.argument("users", type=CSV)
@click.option("--items", type=CSV, help="The Items dataset, with a column of groups.")
@click.option("--group", metavar="COLUMN", help="Of --items: what is foretold. Default: the item itself.")
@click.option("--groups", "most", type=click.IntRange(2, 100), default=MOST, show_default=True, help="Others are one.")
@click.option("--target", metavar="EVENT_TYPE", help="Foretell only interactions of this type.")
@click.option("--text", multiple=True, metavar="COLUMN", help="A column of words, though they be digits.")
@click.option("--rows", type=click.IntRange(100), default=20_000, show_default=True, help="Interactions to look at.")
@click.option("--trainings", type=click.IntRange(1), default=TRAININGS, show_default=True, help="Three models each.")
@click.option("--repeats", type=click.IntRange(1), default=REPEATS, show_default=True, help="Permutations a model.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="For every draw by chance.")
@click.option("--choose", type=click.IntRange(1, MOST_FIELDS["users"]), metavar="N", help="Take the N highest.")
@click.option("--schema", "schema_file", type=NEW_FILE, help="Write the Users schema with those chosen.")
@click.option("--plot", "plot_file", type=NEW_FILE, help="Write a plot: .svg or .png.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
def command(
    interactions: Path,
    users: Path,
    choose: int | None,
    schema_file: Path | None,
    plot_file: Path | None,
    as_json: bool,
    text: tuple[str, ...],
    **options: Any,
) -> None:
    """Which columns of USERS (USER_ID and attributes) help to foretell what comes next in INTERACTIONS (USER_ID,
    ITEM_ID, TIMESTAMP in seconds): both as ./broker prepare writes them.

    Trees learn the group of a user's next item from what he did before and from his attributes. An attribute is worth
    the rise of their log loss, on users held out, when each user has another one's value. The interval tells of other
    users and of another training. Without --choose, those are chosen whose rise is above zero beyond doubt (95 %).

    Exit code: 0 done, 1 no attribute to write a schema of, 2 wrong use or a file that can't be used.
    """
    with one_line_errors():
        form = plots.form_of(plot_file) if plot_file else ""
        read = [path for path in (interactions, users, options["items"]) if path]
        outputs.check({"--schema": schema_file, "--plot": plot_file}, read)
        with Steps(quiet=as_json) as steps:
            found = _found(interactions, users, text, steps, options)
        chosen = _chosen(found, choose)
        files = {plot_file: plots.draw(found, form)} if plot_file else {}
        if schema_file and chosen:
            files[schema_file] = _schema(users, chosen, text)
        outputs.write({path: functools.partial(_write, content=content) for path, content in files.items()})
    if as_json:
        outputs.put(json.dumps(_as_json(found, chosen)) + "\n")
    else:
        _show(found, chosen)
    if schema_file and not chosen:
        raise click.ClickException(f"{schema_file} is not written: no attribute is worth it beyond doubt (--choose N)")


def _found(interactions: Path, users: Path, text: Sequence[str], steps: Steps, options: dict[str, Any]) -> Found:
    if options["group"] and not options["items"]:
        raise BadQuestion("--group goes with --items")
    steps.begin(f"reading {interactions.name}")
    log = logs.read(interactions)
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
    return [one.attribute.name for one in best[: MOST_FIELDS["users"]]]


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
    with outputs.printing(console):
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
