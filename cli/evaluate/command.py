"""`./broker evaluate FILE …` compares; `./broker evaluate split …` and the like are commands of their own."""

import importlib

import click

from cli.evaluate.compare import compare

# Loaded when asked for.
SUBCOMMANDS = {"split": "The files for a real Personalize: what to train on, whom to ask about, and the truth."}


class Evaluate(click.Group):
    """A group whose first argument may be a file: then it compares."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*SUBCOMMANDS, "compare"):
            args = ["compare", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*SUBCOMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "compare":
            return compare
        if cmd_name not in SUBCOMMANDS:
            return None
        found: click.Command = importlib.import_module(f"cli.evaluate.{cmd_name}").command
        return found


@click.command("evaluate", cls=Evaluate, short_help="Is a recommender worth it?")
def command() -> None:
    """Is a recommender worth it?"""
