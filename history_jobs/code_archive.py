"""The code that converts exports, as a zip that goes to where it runs. It needs Python 3.11 and nothing else."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (ROOT / "lambda_src" / "broker", ROOT / "personalize_data", ROOT / "history_jobs")
LEFT_OUT = ("personalize_data/prepare",)  # it needs polars
_EPOCH = (1980, 1, 1, 0, 0, 0)


def code_archive() -> bytes:
    """Return the zip; the same code gives the same bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, path in sorted(_files()):
            packed.writestr(zipfile.ZipInfo(name, _EPOCH), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def _files() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in package.rglob("*.py"):
            name = path.relative_to(package.parent).as_posix()
            if not name.startswith(LEFT_OUT):
                yield name, path
