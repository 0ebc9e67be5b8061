"""A model as files: arrays that are mapped, not read, when they are loaded, and one JSON object beside them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

ABOUT = "model.json"


def save(folder: Path, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a model into a new or empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / ABOUT).write_text(json.dumps(about))


def load(folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return what ``save`` wrote; arrays are read from disk where and when they are looked at."""
    about = json.loads((folder / ABOUT).read_text())
    # As plain arrays over the mapping: NumPy's own class for mappings makes each look-up slower.
    arrays = {path.stem: np.asarray(np.load(path, mmap_mode="r")) for path in folder.glob("*.npy")}
    return about, arrays
