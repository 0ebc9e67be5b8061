"""A folder that is there as a whole or not at all: written beside, and renamed at the end."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evaluation.failure import BadFile


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Give a folder beside, which takes the place of ``out`` if all goes well.

    Raises BadFile if that is there already and not empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadFile(out, "it is there already and not empty: name another folder, or remove it")
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield folder
        folder.chmod(0o755)
        folder.replace(out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
