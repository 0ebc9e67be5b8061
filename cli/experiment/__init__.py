"""`./broker experiment`: what an experiment's variants earn, and how many customers one needs."""

from cli.experiment.command import command

__all__ = ["command"]
