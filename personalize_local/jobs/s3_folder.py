"""A folder that jobs see as S3: the object ``s3://bucket/key`` is the file ``FOLDER/bucket/key``."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from personalize_local.errors import JobFailed
from personalize_local.jobs.s3_location import S3Object, parse

SCHEME = "file"


def is_folder(endpoint: str | None) -> bool:
    """Return whether an endpoint names a folder: ``file:///path``."""
    return urlsplit(endpoint or "").scheme == SCHEME


class FolderStore:
    """The objects in a folder. All methods raise JobFailed with a message that says what to do."""

    def __init__(self, endpoint: str) -> None:
        """``endpoint``: ``file:///path``."""
        self._root = Path(unquote(urlsplit(endpoint).path)).resolve()

    def objects(self, location: str, *, subfolders: bool = False) -> list[S3Object]:
        """Return the object at a location, or all objects of a folder in the order of their keys (at least one)."""
        requested = parse(location)
        path = self._path(requested)
        if path.is_file() and not location.endswith("/"):
            return [self._object(path)]
        below = path.rglob("*") if subfolders else path.glob("*")
        # S3 lists keys in the order of their UTF-8 bytes.
        matches = sorted((self._object(each) for each in below if each.is_file()), key=lambda one: one.key.encode())
        if not matches:
            raise JobFailed(f"There is no object at {requested.name}: there is no such file below {self._root}")
        return matches

    @contextlib.contextmanager
    def open(self, stored: S3Object) -> Iterator[BinaryIO]:
        """Stream an object."""
        with self._failing(f"{stored.name} could not be read"), self._path(stored).open("rb") as stream:
            yield stream

    def put(self, stored: S3Object, content: BinaryIO) -> None:
        """Write an object as a whole or not at all."""
        path = self._path(stored)
        partial = path.with_name(f".{path.name}.partial")
        with self._failing(f"{stored.name} could not be written"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as target:
                shutil.copyfileobj(content, target)
            partial.replace(path)

    def _path(self, stored: S3Object) -> Path:
        path = (self._root / stored.bucket / stored.key).resolve()
        if not path.is_relative_to(self._root / stored.bucket):
            raise JobFailed(f"{stored.name} is outside its bucket's folder")
        return path

    def _object(self, path: Path) -> S3Object:
        bucket, *key = path.relative_to(self._root).parts
        return S3Object(bucket, "/".join(key), path.stat().st_size)

    @contextlib.contextmanager
    def _failing(self, failure: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise JobFailed(f"{failure}: {error.strerror}") from error
