"""`./broker evaluate`: is a recommender worth it? The comparison itself, and what goes before it as subcommands."""

from cli.evaluate.command import command

__all__ = ["command"]
