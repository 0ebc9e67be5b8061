"""`./broker invoke`: what the broker makes of sample batches."""

from cli.invoke.command import command

__all__ = ["command"]
