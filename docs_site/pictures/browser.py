"""Pictures of pages, by a Chromium without a window."""

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
COLOURS = 256
# A container has no sandbox for root; what is shown are pages of our own.
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1")


class NoBrowser(Exception):
    """There is no Chromium on this machine."""


def screenshot(address: str, width: int, height: int) -> bytes:
    """Return a page's upper part as a PNG of few colours. Raises NoBrowser; CalledProcessError."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        raise NoBrowser
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.png"
        subprocess.run(  # noqa: S603 - a browser on our own page
            [program, *OPTIONS, f"--window-size={width},{height}", f"--screenshot={file}", address],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return few_colours(file.read_bytes())


def few_colours(png: bytes) -> bytes:
    """Return a PNG with a palette, which is a third of the size. Rare colours that are unlike the others stay."""
    small = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(small, format="PNG", optimize=True)
    return small.getvalue()
