"""`./broker prepare`."""

from cli.prepare.command import command

__all__ = ["command"]
