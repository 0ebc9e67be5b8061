"""The file in which a running `./broker serve` says where its services are: `export` lines, as it prints them."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

FILE = Path(__file__).resolve().parents[1] / ".local.env"


def export_lines(values: Mapping[str, str]) -> str:
    """Return ``export NAME=value`` lines for a POSIX shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


@contextmanager
def written(values: Mapping[str, str]) -> Iterator[None]:
    """Keep the file while the block runs; another ``serve``'s, started meanwhile, is left alone."""
    text = export_lines(values)
    FILE.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        if FILE.exists() and FILE.read_text(encoding="utf-8") == text:
            FILE.unlink()


def read() -> dict[str, str]:
    """Return the running ``serve``'s values. Raises click.ClickException where none runs."""
    try:
        words = [shlex.split(line)[1].partition("=") for line in FILE.read_text(encoding="utf-8").splitlines()]
    except OSError:
        raise click.ClickException("no ./broker serve is running: start it in another terminal first") from None
    return {name: value for name, _, value in words}
