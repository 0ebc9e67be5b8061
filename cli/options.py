"""Options that several commands share, and what several read alike."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from infra.cost.prices import EXAMPLE


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which model is asked, as they were given to `train`."""
    for option in (
        click.option("--hpo", is_flag=True, help="Ask the model that was trained with --hpo."),
        click.option("--recipe", help="Ask the model of that recipe; default: the one that `train` takes for this."),
    ):
        command = option(command)
    return command


price_option = click.option(
    "--prices",
    "prices_file",
    type=click.Path(path_type=Path),
    default=EXAMPLE,
    show_default="examples/prices/us-east-1.toml",
    help="Your prices, in the form of that file.",
)


def given(context: click.Context) -> list[click.Parameter]:
    """Return the parameters that the reader gave, rather than their defaults."""
    default = ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP
    return [param for param in context.command.params if context.get_parameter_source(str(param.name)) not in default]


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options by which every command that talks to Personalize finds it."""
    for option in (
        click.option("--aws", is_flag=True, help="Talk to AWS even while a ./broker serve is running."),
        click.option("-c", "context", multiple=True, metavar="KEY=VALUE", help="Goes before cdk.json, as for cdk."),
        click.option("--name", help="The broker's name; default: broker:name of cdk.json."),
    ):
        command = option(command)
    return command


def pairs(
    option: str, texts: Sequence[str], form: str = "KEY=VALUE", *, empty: bool = True, last_counts: bool = False
) -> dict[str, str]:
    """Return the values of a repeated option by key. Raises click.UsageError for another form, and a key given twice.

    ``empty``: a value may be empty. ``last_counts``: of a key that is given twice the last value counts, as in cdk.
    """
    parts = [text.partition("=") for text in texts]
    for text, (key, equals, value) in zip(texts, parts, strict=True):
        if not (key and equals and (empty or value.strip())):
            raise click.UsageError(f"{option} {text}: must be {form}")
    twice = [key for key, number in Counter(key for key, _, _ in parts).items() if number > 1]
    if twice and not last_counts:
        raise click.UsageError(f"{option} {twice[0]}=… is given twice")
    return {key: value for key, _, value in parts}
