"""`./broker features`: which attributes of users are worth one of the few columns that Personalize takes."""

from cli.features.command import command

__all__ = ["command"]
