"""Files that Spark's machines share, or in S3, through pyarrow, which Spark's Python has anyway.

``s3://bucket/key?endpoint_override=…`` names another endpoint, as pyarrow documents it:
https://arrow.apache.org/docs/python/generated/pyarrow.fs.FileSystem.html
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from history_jobs import line_ranges
from personalize_data.errors import BadFile
from personalize_data.exports.part import Part

STEP = 1 << 20  # bytes
UNFINISHED = "unfinished"  # where files are until they are whole: all in the folder of rows is imported


@dataclass(frozen=True)
class ArrowStorage:
    """``out``: a folder, as a path or an S3 URL. See ``part_files.Storage``."""

    out: str

    @property
    def place(self) -> str:
        """Return the path or URL."""
        return self.out

    @contextmanager
    def at_hand(self, part: Part) -> Iterator[tuple[Part, Path]]:
        """Yield a part, or a copy of one in S3, and where it is on this machine. Raises BadFile."""
        if "://" not in part.location:
            yield part, Path(part.location)
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "part"
            try:
                system, name = _opened(part.location)
                with system.open_input_file(name) as file:
                    copied = line_ranges.copy(part, lambda place, size: bytes(file.read_at(size, place)), path)
            except OSError as error:
                raise BadFile(part.name, str(error)) from None
            yield copied, path

    def put(self, name: str, path: Path) -> None:
        """Write a file below ``out``. Raises OSError."""
        if "://" in self.out:
            system, inside = _opened(below(self.out, name))
            with path.open("rb") as file, system.open_output_stream(inside) as stream:
                shutil.copyfileobj(file, stream, STEP)
            return
        target, unfinished = Path(self.out) / name, Path(self.out) / UNFINISHED
        for folder in (target.parent, unfinished):
            folder.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as file, tempfile.NamedTemporaryFile(dir=unfinished, delete=False) as whole:
            shutil.copyfileobj(file, whole, STEP)
        Path(whole.name).replace(target)

    def write(self, name: str, data: bytes) -> None:
        """Write a small file below ``out``. Raises OSError."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            self.put(name, Path(file.name))

    def has(self, name: str) -> bool:
        """Return whether a file is below ``out``. Raises OSError."""
        if "://" not in self.out:
            return (Path(self.out) / name).exists()
        system, inside = _opened(below(self.out, name))
        return bool(system.get_file_info(inside).is_file)

    def has_any(self, folder: str) -> bool:
        """Return whether a file is in a folder below ``out``. Raises OSError."""
        if "://" not in self.out:
            return any((Path(self.out) / folder).glob("*"))
        from pyarrow.fs import FileSelector

        system, inside = _opened(below(self.out, folder))
        return any(info.is_file for info in system.get_file_info(FileSelector(inside, allow_not_found=True)))

    def finish(self) -> None:
        """Remove what machines that were killed have left."""
        if "://" not in self.out:
            shutil.rmtree(Path(self.out) / UNFINISHED, ignore_errors=True)

    def read(self, name: str) -> bytes:
        """Read a file below ``out``. Raises OSError."""
        if "://" not in self.out:
            return (Path(self.out) / name).read_bytes()
        system, inside = _opened(below(self.out, name))
        with system.open_input_stream(inside) as stream:
            return bytes(stream.read())


def below(folder: str, name: str) -> str:
    """Return the path or URL of a file below a folder; what follows a question mark stays at the end."""
    path, mark, query = folder.partition("?")
    return f"{path.rstrip('/')}/{name}{mark}{query}"


def _opened(url: str) -> tuple[Any, str]:
    from pyarrow.fs import FileSystem

    system, name = FileSystem.from_uri(url.replace("s3a://", "s3://", 1))
    return system, name
