"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which model is asked, as they were given to `train`."""
    for option in (
        click.option("--hpo", is_flag=True, help="Ask the model that was trained with --hpo."),
        click.option("--recipe", help="Ask the model of that recipe; default: the one that `train` takes for this."),
    ):
        command = option(command)
    return command


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
