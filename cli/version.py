"""`./broker --version`: the version, and the git commit where the project is a clone."""

import subprocess
from pathlib import Path

import click
from broker import __version__

ROOT = Path(__file__).resolve().parents[1]
DESCRIBE = ("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")


def show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    """Print the version and end the command, if that was asked for."""
    if value and not ctx.resilient_parsing:
        click.echo(version())
        ctx.exit()


def version(root: Path = ROOT) -> str:
    """Return ``Personalize Broker 0.1.0``, with the commit where it is known; ``-dirty``: files differ from it."""
    commit = _commit(root)
    return f"Personalize Broker {__version__}" + (f" (commit {commit})" if commit else "")


def _commit(root: Path) -> str | None:
    if not (root / ".git").exists():  # git would describe a repository that the folder was unpacked into
        return None
    try:
        done = subprocess.run(DESCRIBE, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603 - constant
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
