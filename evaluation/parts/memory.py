"""How much memory an evaluation may take, and in how many parts its interactions then fit."""

import math
import os
from pathlib import Path

from personalize_data.files import GZIP

MACHINE_SHARE = 0.75
# Bytes of memory for a byte of a CSV: what reading it at once and comparing all recommenders has taken, and some more.
AT_ONCE = 10
# The same for the interactions in parts: a part in memory, sorted, beside the counts of all of them.
IN_PARTS = 24
MOST_PARTS = 512
LARGEST = 100_000_000  # bytes of a CSV in a part: more of them at once are sorted more slowly
UNPACKED = 6  # bytes for a byte of gzip, about


def of_machine() -> int:
    """Return how many bytes are taken where nothing is said: three quarters of what the machine has."""
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * MACHINE_SHARE)


def fits(path: Path, memory: int) -> bool:
    """Return whether the interactions of a CSV can be read at once. ``memory``: bytes."""
    return csv_bytes(path) * AT_ONCE <= memory


def parts(size: int, memory: int) -> int:
    """Return in how many parts interactions fit. ``size``: of their CSV, unpacked, and ``memory``: bytes."""
    return min(MOST_PARTS, max(2, math.ceil(size * IN_PARTS / memory), math.ceil(size / LARGEST)))


def csv_bytes(path: Path) -> int:
    """Return the size of a CSV, unpacked: about, where it is a ``.gz``."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    return path.stat().st_size * (UNPACKED if packed else 1)
