"""The command `./broker features`: its options. What computes is loaded when it is asked for."""

from pathlib import Path
from typing import Any

import click

from cli.errors import file_errors
from cli.output_files import NEW_FILE
from evaluation import constants
from personalize_data.quotas import MAX_FIELDS

CSV = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("features", short_help="Which attributes of users are worth a column.")
@click.argument("interactions", type=CSV)
@click.argument("users", type=CSV)
@click.option("--items", type=CSV, help="The Items dataset, with a column of groups.")
@click.option("--group", metavar="COLUMN", help="Of --items: what is foretold. Default: the item itself.")
@click.option(
    "--groups", "most", type=click.IntRange(2, 100), default=constants.GROUPS, show_default=True, help="Others are one."
)
@click.option("--target", metavar="EVENT_TYPE", help="Foretell only interactions of this type.")
@click.option("--text", multiple=True, metavar="COLUMN", help="A column of words, though they be digits.")
@click.option("--rows", type=click.IntRange(100), default=20_000, show_default=True, help="Interactions to look at.")
@click.option(
    "--trainings", type=click.IntRange(1), default=constants.TRAININGS, show_default=True, help="Three models each."
)
@click.option(
    "--repeats", type=click.IntRange(1), default=constants.REPEATS, show_default=True, help="Permutations a model."
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="For every draw by chance.")
@click.option("--choose", type=click.IntRange(1, MAX_FIELDS["users"]), metavar="N", help="Take the N highest.")
@click.option("--schema", "schema_file", type=NEW_FILE, help="Write the Users schema with those chosen.")
@click.option("--plot", "plot_file", type=NEW_FILE, help="Write a plot: .svg or .png.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
def command(
    interactions: Path,
    users: Path,
    schema_file: Path | None,
    plot_file: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Which columns of USERS (USER_ID and attributes) help to foretell what comes next in INTERACTIONS (USER_ID,
    ITEM_ID, TIMESTAMP in seconds): both as ./broker prepare writes them.

    Trees learn the group of a user's next item from what he did before and from his attributes. An attribute is worth
    the rise of their log loss, on users held out, when each user has another one's value. The interval tells of other
    users and of another training. Without --choose, those are chosen whose rise is above zero beyond doubt (95 %).

    Exit code: 0 done, 1 no attribute to write a schema of, 2 wrong use or a file that can't be used.
    """
    from cli.features.run import find  # loads all that computes

    if options["group"] and not options["items"]:
        raise click.UsageError("--group goes with --items")
    with file_errors():
        find(interactions, users, schema_file, plot_file, as_json=as_json, options=options)
