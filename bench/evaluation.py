"""Time and memory of all metrics on a million users' lists, and of EASE on the UCI shop's invoices.

python -m bench.evaluation [--users 1000000]
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np

from evaluation.data.log import read
from evaluation.recommenders.trained_models import TrainedModels
from evaluation.scoring.metrics import PLACES, score
from evaluation.task import Pairs
from recommender_models.models.similarity import MOST_DENSE
from recommender_models.settings import Settings

ITEMS = 10_000
TRUTHS = 3  # a user


def lists(users: int, random: np.random.Generator) -> np.ndarray:
    """Return lists without repeats: a random start and a random step through the items."""
    start, step = random.integers(ITEMS, size=(users, 1)), random.choice([1, 3, 7, 9, 11], size=(users, 1))
    return ((start + step * np.arange(PLACES)) % ITEMS).astype(np.int32)


def metrics(users: int) -> str:
    """Score random lists against a random ground truth."""
    random = np.random.default_rng(1)
    ranked = lists(users, random)
    keys = np.unique(np.repeat(np.arange(users) * ITEMS, TRUTHS) + random.integers(ITEMS, size=users * TRUTHS))
    truth = Pairs(*np.divmod(keys, ITEMS))
    began = time.perf_counter()
    scores = score(ranked, truth)
    seconds = time.perf_counter() - began
    return f"{len(scores.values)} metrics of {len(scores.users):,} users x {PLACES}: {seconds:.1f} s"


def reading(path: Path) -> str:
    """Read a file, and train EASE if its items are few enough."""
    began = time.perf_counter()
    log = read(path)
    text = f"{len(log):,} interactions read in {time.perf_counter() - began:.1f} s"
    if len(log.rows.item_ids) <= MOST_DENSE:
        began = time.perf_counter()
        TrainedModels(log.rows).ease(Settings().regularisation)
        text += f", EASE of {len(log.rows.item_ids):,} items in {time.perf_counter() - began:.1f} s"
    return text


def main() -> None:
    """Run the measurements and print their time and memory."""
    parser = argparse.ArgumentParser(prog="python -m bench.evaluation", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--interactions", type=Path)
    options = parser.parse_args()
    text = reading(options.interactions) if options.interactions else metrics(options.users)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{text}, {peak:.0f} MiB at the peak\n")


if __name__ == "__main__":
    main()
