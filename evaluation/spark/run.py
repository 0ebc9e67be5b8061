"""Asks Spark for a split and its counts, through a program that runs beside Spark's client."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from evaluation import splits
from evaluation.data import splits_folder
from evaluation.data.log import DAY
from evaluation.data.splits_folder import Written
from evaluation.provenance import DataFacts
from evaluation.spark import training
from evaluation.spark.connection import Spark
from evaluation.splits import HoldOut
from evaluation.task import Task, assemble
from personalize_data.errors import InvalidRequest
from personalize_data.files import whole_folder
from recommender_models.models import covisitation, item_knn
from recommender_models.training_set import TrainingSet

MOST_ITEMS_OF_GRAM = 5_000  # a row of two names and a number for each pair comes from Spark
HEADER = ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE")


def split(
    spark: Spark, source: str, hold_out: HoldOut, out: Path, *, sample_users: int | None, now: float
) -> tuple[Written, int]:
    """Split interactions into a new or empty folder that Spark sees, too; return how many users had a truth as well.

    ``source``: a path or URL of a CSV, or of a folder of them, that Spark reads. Else as ``split_files.write``.
    """
    with whole_folder(out) as folder:
        facts = spark.ask(_request("split", source, hold_out, sample_users, now, folder))
        _check(hold_out, facts)
        truth = pl.read_parquet(folder / "truth.parquet").sort("user", "time", "item", "type")
        truth.rename(dict(zip(truth.columns, HEADER, strict=True))).write_csv(folder / splits_folder.TRUTH)
        (folder / "truth.parquet").unlink()
        splits_folder.write_users(folder, facts["users"])
        counts = facts["train"]["n"], len(truth)
        rows = dict(
            zip(
                (splits_folder.TRAIN, splits_folder.TRUTH, splits_folder.USERS),
                (*counts, len(facts["users"])),
                strict=True,
            )
        )
        name = source.rstrip("/").rpartition("/")[2]
        splits_folder.write_about(folder, hold_out, facts["cut"], name, rows, past_only=())
    written = Written(*counts, len(facts["users"]), facts["log"]["n"] - sum(counts), 0)
    return written, facts["truth"]["users"]


def question(
    spark: Spark, source: str, hold_out: HoldOut, *, sample_users: int | None, now: float
) -> tuple[Task, DataFacts, int]:
    """Return the question about interactions that Spark reads; and how many users it could be about.

    Raises InvalidRequest, also for another split than ``time``.
    """
    if hold_out.kind != "time":
        raise InvalidRequest(f"--hold-out {hold_out.kind}: with --spark, evaluate takes --hold-out time")
    with tempfile.TemporaryDirectory(prefix="broker-spark-") as name:
        folder = Path(name)
        facts = spark.ask(_request("counts", source, hold_out, sample_users, now, folder))
        _check(hold_out, facts)
        past, truth = (pl.read_parquet(folder / f"{side}.parquet") for side in ("past", "truth"))
        trained = pl.read_parquet(folder / "items.parquet")["item"].sort().to_list()
        others = sorted(set(truth["item"]) - set(trained))
        train = training.of_folder(folder, facts["train"], trained)
    items, users = [*trained, *others], facts["users"]
    task = assemble(train, _rows(past, users, items), _rows(truth, users, items), facts["cut"])
    log = facts["log"]
    data = DataFacts(log["n"], log["users"], len(items), log["first"], log["last"])
    return task, data, facts["truth"]["users"]


def _request(
    what: str, source: str, hold_out: HoldOut, sample_users: int | None, now: float, folder: Path
) -> dict[str, Any]:
    if hold_out.kind == "personalize":
        raise InvalidRequest("--hold-out personalize: it draws among all users at once; --spark takes the others")
    return {
        "what": what, "paths": [source], "newest": min(now + DAY, 1e12), "hold_out": asdict(hold_out),
        "later_share": 1 - splits.NEWEST_SHARE, "sample_users": sample_users, "folder": str(folder),
        "nearest": covisitation.NEAREST, "shrinkage": item_knn.SHRINKAGE, "most_items_of_gram": MOST_ITEMS_OF_GRAM,
    }  # fmt: skip


def _check(hold_out: HoldOut, facts: Mapping[str, Any]) -> None:
    splits.check_sides(hold_out, facts["train"]["n"] > 0, facts["truth"]["n"] > 0)


def _rows(table: pl.DataFrame, user_ids: Sequence[str], item_ids: Sequence[str]) -> TrainingSet:
    """Return rows by user and time."""
    places = (
        {user: number for number, user in enumerate(user_ids)},
        {item: number for number, item in enumerate(item_ids)},
    )
    users, items = (training.coded(table[name], code) for name, code in zip(("user", "item"), places, strict=True))
    times = table["time"].to_numpy()
    order = np.lexsort((table["type"].rank("dense").to_numpy(), items, times, users))
    weights = np.ones(len(order), dtype=np.float32)
    return TrainingSet(user_ids, item_ids, users[order], items[order].astype(np.int32), times[order], weights)
