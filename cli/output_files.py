"""What a command leaves behind: files, none of which is an input, and which all come or none; and what it prints."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console

from cli.console import discard_stdout
from cli.errors import Refused

NEW_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
BESIDE = ".broker-"  # a folder for what is not whole yet


def check(outputs: Mapping[str, Path | None], inputs: Iterable[Path]) -> None:
    """Refuse, before any work, a file that can't be written or is an input or another output. Raises Refused.

    ``outputs``: option → path, None where it is not given. Links count as what they lead to.
    """
    paths_in_use = [(path, "is read") for path in inputs]
    for option, path in outputs.items():
        if path is None:
            continue
        for other, why in paths_in_use:
            if _same(path, other):
                raise Refused(f"{option} {path}: this file {why}, too: name another")
        _writable(option, path)
        paths_in_use.append((path, f"is written by {option}"))


def check_folder(option: str, out: Path) -> None:
    """Refuse, before any work, a folder that is not empty or can't be made. Raises Refused."""
    with _blaming(out, option):
        if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
            raise Refused(f"{option} {out}: it is there already and not empty: name another folder, or remove it")
        parent = next(folder for folder in out.absolute().parents if folder.exists())
        with TemporaryDirectory(prefix=BESIDE, dir=parent):
            pass


def write(contents: Mapping[Path, Callable[[Path], object]]) -> None:
    """Write all files, or none: each beside its place, and renamed when all are whole.

    Each function gets the path to write to. Raises Refused with the name of the file that can't be written.
    """
    with ExitStack() as beside:
        ready = []
        for path, fill in contents.items():
            with _blaming(path):
                place = path.resolve()
                folder = beside.enter_context(TemporaryDirectory(prefix=BESIDE, dir=place.parent))
                fill(Path(folder) / place.name)
                ready.append((path, Path(folder) / place.name))
        for path, whole in ready:
            with _blaming(path):
                whole.replace(path.resolve())


@contextmanager
def printing(console: Console) -> Iterator[None]:
    """Print at the end, all at once, what is printed inside; see ``put``."""
    with _to_stdout():
        with console.capture() as captured:
            yield
        click.echo(captured.get(), nl=False)


def put(text: str) -> None:
    """Print on stdout. Who has stopped listening (``| head``) changes nothing: the exit code still tells the outcome.

    Raises Refused if it can't be written.
    """
    with _to_stdout():
        click.echo(text, nl=False)


@contextmanager
def _to_stdout() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        discard_stdout()
    except OSError as error:
        discard_stdout()
        raise Refused(f"standard output: {error.strerror}") from None


def _same(path: Path, other: Path) -> bool:
    if path.resolve() == other.resolve():
        return True
    return path.exists() and other.exists() and path.samefile(other)


def _writable(option: str, path: Path) -> None:
    with _blaming(path, option):
        place = path.resolve()
        if not place.parent.is_dir():
            raise Refused(f"{option} {path}: there is no folder {path.parent}")
        if place.exists() and not place.is_file():
            raise Refused(f"{option} {path}: not a file that could be replaced by another")
        with TemporaryDirectory(prefix=BESIDE, dir=place.parent):
            pass  # it can be made: so can the file


@contextmanager
def _blaming(path: Path, option: str = "") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(f"{option} {path}: {error.strerror}".strip()) from None
