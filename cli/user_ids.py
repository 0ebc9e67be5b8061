"""Users in a file: an id a line."""

from pathlib import Path

import click

from lifecycle import forgetting
from lifecycle.batch import parse_users


def of_file(path: Path) -> list[str]:
    """Return the ids, each once, with or without the header USER_ID. Raises click.UsageError."""
    try:
        users = parse_users(path.read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise click.UsageError(f"{path} is neither an mParticle id nor a file: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"{path} is no text in UTF-8: one id a line is wanted") from None
    except ValueError as error:
        raise click.UsageError(f"{path}: {error}") from None
    bad = forgetting.bad_users(users)
    if bad or not users:
        raise click.UsageError(f"{path}: user {bad[0]} is no id" if bad else f"{path} names no user")
    return users
