"""`./broker evaluate`: is a recommender worth it? The comparison itself, and what goes before it as subcommands."""

from cli.evaluate.compare import compare as command

__all__ = ["command"]
