"""Pictures of pages, by a Chromium without a window."""

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
COLOURS = 256
FREQUENT = 64  # of them
# A container has no sandbox for root; what is shown are pages of our own.
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1")


class NoBrowser(Exception):
    """There is no Chromium on this machine."""


def program() -> str:
    """Return Chromium's program. Raises NoBrowser."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        raise NoBrowser
    return found


def screenshot(address: str, width: int, height: int) -> bytes:
    """Return a page's upper part as a PNG of few colours. Raises NoBrowser; CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.png"
        subprocess.run(  # noqa: S603 - a browser on our own page
            [program(), *OPTIONS, f"--window-size={width},{height}", f"--screenshot={file}", address],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return few_colours(file.read_bytes())


def few_colours(png: bytes) -> bytes:
    """Return a PNG with a palette, which is a third of the size. The most frequent colours stay as they are, however
    alike, and so do rare ones that are unlike the others.
    """
    with Image.open(io.BytesIO(png)) as read:
        image = read.convert("RGB")
    whole = np.asarray(image, np.int32) @ (1 << 16, 1 << 8, 1)
    colours, places, numbers = np.unique(whole, return_inverse=True, return_counts=True)
    rgb = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    frequent = rgb[np.argsort(numbers)[-FREQUENT:]]
    unlike = image.quantize(COLOURS - FREQUENT, Image.Quantize.MAXCOVERAGE).getpalette("RGB") or []
    palette = np.concatenate([frequent, np.reshape(unlike, (-1, 3))])
    # Pillow's own choice from a palette is a rough one: white becomes a grey.
    nearest = np.array([((palette - colour) ** 2).sum(axis=1).argmin() for colour in rgb], np.uint8)
    few = Image.fromarray(nearest[places].reshape(whole.shape))
    few.putpalette(palette.astype(np.uint8).tobytes())
    small = io.BytesIO()
    few.save(small, format="PNG", optimize=True)
    return small.getvalue()
