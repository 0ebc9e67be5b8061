"""Time and memory of a training with 10,000 items, 100,000 users and a million interactions, and of what follows.

    python -m bench.training [--scale 0.1] [--recipe aws-user-personalization-v2] [--hpo]
    python -m bench.training --items 1000000 --users 1000000 --interactions 10000000 --requests 2000

The job runs in a process of its own, with one BLAS thread, as the service runs it. ``--requests`` then asks for the
lists of so many users in this process, with a filter on what they had: what GetRecommendations does but for HTTP.
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

from personalize_local.data.history import Imported
from personalize_local.filters.evaluation import Selection
from recommender_models.interactions import InteractionColumns
from recommender_models.models import load

ITEMS, USERS, INTERACTIONS = 10_000, 100_000, 1_000_000
DAYS = 365
JOB = "import json, sys; from pathlib import Path; from personalize_local.jobs.training import run; \
print(json.dumps(run(json.loads(sys.argv[1]), Path(sys.argv[2]))))"


def shop(scale: float, seed: int = 1, sizes: tuple[int, int, int] = (ITEMS, USERS, INTERACTIONS)) -> InteractionColumns:
    """Return interactions: a few items and users have most of them, and users prefer one kind of item.

    ``sizes``: how many items, users and interactions, each times the scale.
    """
    random = np.random.default_rng(seed)
    items, users, rows = (max(30, int(size * scale)) for size in sizes)
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


def ask(folder: Path, requests: int) -> str:
    """Ask for the lists of some users, and return how long that takes; half of the users are asked with a filter."""
    began = time.perf_counter()
    model = load(folder / "model")
    history = Imported(folder)
    text = f"loaded in {time.perf_counter() - began:.1f} s; "
    users = np.random.default_rng(2).choice(list(history.per_user), requests)
    walls, processors = [], []
    for number, user in enumerate(users.tolist()):
        began, began_processor = time.perf_counter(), time.thread_time()
        own = history.for_user(user)
        selection = Selection(excluded=frozenset(event.item for event in own)) if number % 2 else None
        model.recommend([(event.item, event.time, 1.0) for event in own], 25, selection=selection)  # type: ignore[union-attr]
        walls.append(time.perf_counter() - began)
        processors.append(time.thread_time() - began_processor)
    for name, seconds in (("wall", walls), ("processor", processors)):
        middle, high = 1000 * np.quantile(seconds[10:], (0.5, 0.99))
        text += f"{name} p50 {middle:.1f} ms, p99 {high:.1f} ms; "
    return f"{text}{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at the peak\n"


def main() -> None:
    """Make the shop, train, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.training", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of all three numbers (1)")
    for name, size in (("items", ITEMS), ("users", USERS), ("interactions", INTERACTIONS)):
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--requests", type=int, default=0)
    parser.add_argument("--recipe", default="aws-user-personalization-v2")
    parser.add_argument("--hpo", action="store_true", help="search for settings, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = options.items, options.users, options.interactions
        shop(options.scale, sizes=sizes).save(folder / "interactions")
        spec = {
            "recipe": options.recipe,
            "solution": {"performHPO": options.hpo},
            "interactions": [str(folder / "interactions")],
            "users": None,
            "items": None,
            "minimums": True,
            "seed": 1,
        }
        began = time.perf_counter()
        threads = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", JOB, json.dumps(spec), str(folder / "job")]
        (folder / "job").mkdir()
        result = subprocess.run(command, env=threads, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603
        seconds = time.perf_counter() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = f"{used.ru_utime + used.ru_stime:.1f} s of a processor"
        sys.stdout.write(
            f"{options.recipe}: {seconds:.1f} s, {processor}, {used.ru_maxrss / 1024:.0f} MiB at its peak\n"
        )
        sys.stdout.write(result)
        if options.requests:
            sys.stdout.write(ask(folder / "job", options.requests))


if __name__ == "__main__":
    main()
