"""`./broker evaluate FILE …` compares; `./broker evaluate split …` and the like are commands of their own."""

import importlib
from typing import Any

import click

# Loaded when asked for.
SUBCOMMANDS = {"split": "The files for a real Personalize: what to train on, whom to ask about, and the truth."}


class Evaluate(click.Command):
    """A command whose first argument may be one of its subcommands: then that takes over, with the rest of the line."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if not args or args[0] not in SUBCOMMANDS:
            return super().make_context(info_name, args, parent, **extra)
        found: click.Command = importlib.import_module(f"cli.evaluate.{args[0]}").command
        return found.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        *options, file = super().collect_usage_pieces(ctx)
        return [file, *options]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        with formatter.section("Subcommands"):
            formatter.write_dl([*SUBCOMMANDS.items()])
