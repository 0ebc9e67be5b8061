"""Time and memory of the split and of what counting recommenders learn, by the number of interactions.

    python -m bench.history_size --interactions 500000 --interactions 5000000 --memory 6GB --folder history

The interactions are made up, some days at a time; each CSV is deleted once it is read. They take
about 6 bytes each on disk while they are read, and 9 when they are sorted, beside a CSV of five million.
Times are processor seconds, so that other programs matter less. Each size runs in a process of its own.
"""

import argparse
import functools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from cli.types import Bytes
from evaluation.parts import split as parted_splits
from evaluation.parts import task as parted_tasks
from evaluation.parts.log import PartedLog
from evaluation.parts.memory import parts
from evaluation.parts.models import PartedModels
from evaluation.parts.question import BYTES_OF_ROW
from evaluation.parts.task import Spill
from evaluation.parts.writer import PartsWriter
from evaluation.recommenders.registry import BY_NAME
from evaluation.recommenders.score_blocks import lists
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import score
from evaluation.splits import HoldOut
from evaluation.task import ALL_ITEMS, Task
from recommender_models.settings import Settings
from recommender_models.training_set import Codes, TrainingSet

ITEMS, USER_SHARE, CLUSTERS = 20_000, 20, 200  # items; interactions of a user, on average; kinds of items
AT_ONCE = 5_000_000  # interactions of a CSV
START, DAYS = 1_700_000_000, 365
BYTES_OF_INTERACTION = 34  # of the CSV
COUNTING = ("popularity", "popularity-30d", "history", "co-visitation")


def tables(interactions: int, folder: Path) -> Iterator[Path]:
    """Write some days at a time as a CSV: a few items have most interactions, and users keep to their kind."""
    random = np.random.default_rng(1)
    share = np.cumsum(1 / np.arange(1, ITEMS + 1) ** 0.9)
    number = max(1, -(-interactions // AT_ONCE))
    sizes = np.diff(np.linspace(0, interactions, number + 1).astype(np.int64))
    for place, size in enumerate(sizes.tolist()):
        users = random.integers(max(1, interactions // USER_SHARE), size=size)
        items = np.searchsorted(share, random.random(size) * share[-1])
        own = items // CLUSTERS * CLUSTERS + users % CLUSTERS
        items = np.where(random.random(size) < 0.6, own, items).clip(max=ITEMS - 1)
        times = START + (place + np.sort(random.random(size))) / number * DAYS * 86_400
        path = folder / f"{place}.csv"
        texts = pl.DataFrame({"USER_ID": users, "ITEM_ID": items, "TIMESTAMP": times.astype(np.int64)})
        ids = (pl.format(f"{name[0].lower()}{{}}", name).alias(name) for name in ("USER_ID", "ITEM_ID"))
        texts.with_columns(ids).write_csv(path)
        yield path
        path.unlink()


class Stages:
    """Processor seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def run(self, name: str, work: Callable[[], Any]) -> Any:
        """Do something, and count its time."""
        began = time.process_time()
        result = work()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - began
        return result


def read(interactions: int, folder: Path, memory: int, stages: Stages) -> PartedLog:
    """Make the interactions and read them in parts."""
    number = parts(interactions * BYTES_OF_INTERACTION, memory)
    place = folder / "parts"
    place.mkdir()
    writer = PartsWriter(place, number, float("inf"), buffered=memory // BYTES_OF_ROW)
    made = tables(interactions, folder)
    while path := stages.run("making them", functools.partial(next, made, None)):
        stages.run("reading", functools.partial(writer.add, path))
    return stages.run("sorting", writer.finish)


def question(log: PartedLog, spill: Spill, sample_users: int) -> Task:
    """Split by time, and ask about a sample of the users."""
    split = parted_splits.split(log, HoldOut())
    asked = parted_tasks.sampled(split, len(log.item_ids), sample_users, 1)
    return parted_tasks.task(split, log.item_ids, asked, spill)


def measure(interactions: int, folder: Path, memory: int, sample_users: int) -> dict[str, Any]:
    """Return processor seconds by stage, NDCG@10, and the peak of the memory in MB."""
    stages, spill = Stages(), Spill(folder, memory)
    log = read(interactions, folder, memory, stages)
    on_disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    task = stages.run("splitting", lambda: question(log, spill, sample_users))
    models, past, quality = PartedModels(task.train, None, 1, None), task.known_past(), {}
    for name in COUNTING:
        best = stages.run(name, functools.partial(_lists, name, models, task, past))
        quality[name] = float(score(best, task.truth, (10,)).values[Metric("ndcg", 10)].mean())
    gram = stages.run("Gram matrix of EASE", lambda: models.gram(None))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "interactions": len(log), "users": log.users, "parts": len(log.files), "seconds": stages.seconds,
        "ndcg": quality, "pairs": float(gram.sum(dtype=np.float64)), "disk_mb": on_disk / 1e6, "peak_mib": peak,
    }  # fmt: skip


def _lists(name: str, models: PartedModels, task: Task, past: TrainingSet) -> Codes:
    return lists(BY_NAME[name].score(models, past, Settings()), ALL_ITEMS, task.owned(), 10)


def main() -> None:
    """Measure each size in a process of its own, and print a line of JSON for each."""
    parser = argparse.ArgumentParser(prog="python -m bench.history_size", description=__doc__)
    parser.add_argument("--interactions", type=int, action="append", required=True)
    parser.add_argument("--memory", default="6GB")
    parser.add_argument("--sample-users", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    memory = Bytes().convert(options.memory, None, None)
    if len(options.interactions) > 1:
        for number in options.interactions:
            command = [sys.executable, "-m", "bench.history_size", "--interactions", str(number)]
            others = ["--memory", options.memory, "--sample-users", str(options.sample_users)]
            subprocess.run([*command, *others, "--folder", str(options.folder)], check=True)  # noqa: S603
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        measured = measure(options.interactions[0], Path(folder), memory, options.sample_users)
    sys.stdout.write(json.dumps(measured) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
