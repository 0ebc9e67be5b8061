"""How long all metrics of a million users' lists take, and how much memory; and EASE on the UCI shop's invoices.

python -m bench.evaluation [--users 1000000]
"""

import argparse
import resource
import sys
import time

import numpy as np

from evaluation.scoring.metrics import PLACES, score
from evaluation.task import Pairs

ITEMS = 10_000
TRUTHS = 3  # a user


def lists(users: int, random: np.random.Generator) -> np.ndarray:
    """Return lists without repeats: a random start and a random step through the items."""
    start, step = random.integers(ITEMS, size=(users, 1)), random.choice([1, 3, 7, 9, 11], size=(users, 1))
    return ((start + step * np.arange(PLACES)) % ITEMS).astype(np.int32)


def main() -> None:
    """Make lists and a truth, score, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.evaluation", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    users = parser.parse_args().users
    random = np.random.default_rng(1)
    made = lists(users, random)
    keys = np.unique(random.integers(0, users * ITEMS, users * TRUTHS))
    truth = Pairs(*np.divmod(keys, ITEMS))
    began = time.perf_counter()
    scores = score(made, truth)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    made_of = f"{len(scores.values)} metrics of {len(scores.users):,} users x {PLACES}"
    sys.stdout.write(f"{made_of}: {seconds:.1f} s, {peak:.0f} MiB at its peak\n")


if __name__ == "__main__":
    main()
