"""Made-up shoppers: what they take next follows from their region, from what they took before, and nothing else."""

import csv
from pathlib import Path

import numpy as np

NOISE = ("COIN", "LUCK", "LETTER")


def write(folder: Path, users: int = 500, seed: int = 1, matters: float = 1.0) -> tuple[Path, Path]:
    """Write interactions.csv and users.csv. ``matters``: the share of choices that follow the region, of those free."""
    random = np.random.default_rng(seed)
    interactions, rows = [], []
    for user in range(users):
        region = int(random.integers(4))
        noise = int(random.integers(2)), round(float(random.random()), 3), "abcdefgh"[int(random.integers(8))]
        rows.append([f"u{user}", "" if user % 10 == 9 else f"region-{region}", *noise])
        item = int(random.integers(8))
        for place in range(6):
            interactions.append([f"u{user}", f"item-{item}", 1_700_000_000 + 60 * place + user])
            item = _next(random, item, region, matters)
    return _csv(folder / "interactions.csv", ["USER_ID", "ITEM_ID", "TIMESTAMP"], interactions), _csv(
        folder / "users.csv", ["USER_ID", "REGION", *NOISE], rows
    )


def _next(random: np.random.Generator, item: int, region: int, matters: float) -> int:
    chance = random.random()
    if chance < 0.3:
        return (item + 1) % 8
    if chance < 0.3 + 0.5 * matters:
        return 2 * region + int(random.integers(2))
    return int(random.integers(8))


def _csv(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return path
