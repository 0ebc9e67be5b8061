"""A command that does something by itself, and has subcommands, which are loaded when they are asked for."""

import importlib
from collections.abc import Mapping
from typing import Any, ClassVar

import click


class WithSubcommands(click.Command):
    """A command whose first argument may be one of its subcommands: then that takes over, with the rest of the line.

    ``package``: has a module with a ``command`` for each of ``subcommands``, whose values say what they do.
    """

    package: ClassVar[str]
    subcommands: ClassVar[Mapping[str, str]]

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if not args or args[0] not in self.subcommands:
            return super().make_context(info_name, args, parent, **extra)
        subcommand: click.Command = importlib.import_module(f"{self.package}.{args[0]}").command
        return subcommand.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        *options, file = super().collect_usage_pieces(ctx)
        return [file, *options]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        with formatter.section("Subcommands"):
            formatter.write_dl([*self.subcommands.items()])
