"""Time and memory of a training with 10,000 items, 100,000 users and a million interactions.

    python -m bench.training [--scale 0.1] [--recipe aws-user-personalization-v2] [--hpo]

The job runs in a process of its own, with one BLAS thread, as the service runs it.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from recommender_models.interactions import InteractionColumns

ITEMS, USERS, INTERACTIONS = 10_000, 100_000, 1_000_000
DAYS = 365
JOB = "import json, sys; from pathlib import Path; from personalize_local.jobs.training import run; \
print(json.dumps(run(json.loads(sys.argv[1]), Path(sys.argv[2]))))"


def shop(scale: float, seed: int = 1) -> InteractionColumns:
    """Return interactions: a few items and users have most of them, and users prefer one kind of item."""
    random = np.random.default_rng(seed)
    items, users, rows = (max(30, int(size * scale)) for size in (ITEMS, USERS, INTERACTIONS))
    fame = 1 / np.arange(1, items + 1) ** 0.8
    zeal = random.lognormal(0, 1.2, users)
    user = random.choice(users, rows, p=zeal / zeal.sum())
    kinds = max(1, items // 100)
    # Two thirds of a user's interactions are within one kind: every ``kinds``-th item, with an offset per user.
    item = random.choice(items, rows, p=fame / fame.sum())
    own = np.minimum(item // kinds * kinds + user % kinds, items - 1)
    item = np.where(random.random(rows) < 2 / 3, own, item)
    return InteractionColumns(
        user_ids=[f"user{number}" for number in range(users)],
        item_ids=[f"item{number}" for number in range(items)],
        event_types=["view", "purchase"],
        users=user.astype(np.int32),
        items=item.astype(np.int32),
        types=(random.random(rows) < 0.1).astype(np.int16),
        times=(1_700_000_000 + random.integers(0, DAYS * 86_400, rows)).astype(np.int64),
        values=np.full(rows, np.nan, dtype=np.float32),
    )


def main() -> None:
    """Make the shop, train, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.training", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of all three numbers (1)")
    parser.add_argument("--recipe", default="aws-user-personalization-v2")
    parser.add_argument("--hpo", action="store_true", help="search for settings, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop(options.scale).save(Path(folder) / "made")
        spec = {
            "recipe": options.recipe,
            "solution": {"performHPO": options.hpo},
            "interactions": [str(Path(folder) / "made")],
            "users": None,
            "items": None,
            "minimums": True,
            "seed": 1,
        }
        began = time.perf_counter()
        threads = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", JOB, json.dumps(spec), folder]
        result = subprocess.run(command, env=threads, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603
        seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    sys.stdout.write(f"{options.recipe}: {seconds:.1f} s, {peak:.0f} MiB at its peak\n{result}")


if __name__ == "__main__":
    main()
