"""The command `./broker features`: its options. What computes is loaded when it is asked for."""

from pathlib import Path
from typing import Any

import click

from cli.errors import file_errors
from cli.features.options import FeaturesOptions
from cli.output_files import NEW_FILE
from evaluation import constants
from personalize_data.quotas import MAX_FIELDS

CSV = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("features", short_help="Which attributes of users are worth a column.")
@click.argument("interactions", type=CSV)
@click.argument("users", type=CSV)
@click.option("--items", type=CSV, help="The Items dataset, with a column of groups.")
@click.option("--group", metavar="COLUMN", help="Of --items: what is predicted. Default: the item itself.")
@click.option(
    "--groups",
    "max_groups",
    type=click.IntRange(2, 100),
    default=constants.GROUPS,
    show_default=True,
    help="Others are one.",
)
@click.option("--target", metavar="EVENT_TYPE", help="Predict only interactions of this type.")
@click.option(
    "--categorical", multiple=True, metavar="COLUMN", help="Treat COLUMN as categorical even if all values are numeric."
)
@click.option("--rows", type=click.IntRange(100), default=20_000, show_default=True, help="Interactions to look at.")
@click.option(
    "--models",
    type=click.IntRange(1),
    default=constants.MODELS,
    show_default=True,
    help="Repetitions with other folds; three models each.",
)
@click.option(
    "--permutations",
    type=click.IntRange(1),
    default=constants.PERMUTATIONS,
    show_default=True,
    help="Permutations per model.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Random seed.")
@click.option(
    "--top", type=click.IntRange(1, MAX_FIELDS["users"]), metavar="N", help="Choose the N most important attributes."
)
@click.option("--schema", "schema_file", type=NEW_FILE, help="Write the Users schema with those chosen.")
@click.option("--plot", "plot_file", type=NEW_FILE, help="Write a plot: .svg or .png.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
def command(**values: Any) -> None:
    """Which columns of USERS (USER_ID and attributes) help to predict what comes next in INTERACTIONS (USER_ID,
    ITEM_ID, TIMESTAMP in seconds): both as ./broker prepare writes them.

    Trees learn the group of a user's next item from their history and attributes. An attribute is worth
    the rise of their log loss, on users held out, when each user has another one's value. The interval tells of other
    users and of another training. Without --top, those are chosen whose rise is above zero beyond doubt (95 %).

    Exit code: 0 done, 1 no attribute to write a schema of, 2 wrong use or a file that can't be used.
    """
    options = FeaturesOptions(**values)
    if options.group and not options.items:
        raise click.UsageError("--group goes with --items")
    from cli.features.run import run  # loads all that computes

    with file_errors():
        run(options)
