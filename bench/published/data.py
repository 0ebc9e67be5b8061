"""The data that the reader has downloaded: where each is to be had, what it must be, and the question that it asks.

Nothing of it is part of this project: MovieLens may be used for research, and not be redistributed or sold.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from bench.published.question import question
from evaluation.task import Task

GSASREC = "gSASRec-pytorch/datasets/ml1m"
RECBOLE = "recbole-1.2.1-py3-none-any.whl"
ML_100K = "recbole/dataset_example/ml-100k/ml-100k.inter"
ML_100K_SHA256 = "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff"
# Git's names of the files, at commit 7e35028 of github.com/asash/gSASRec-pytorch: `git hash-object FILE`.
ML_1M = {
    "train/input.txt": "c26816ae7ae896a019b3d9c65976b2b16f5f5134",
    "val/input.txt": "9428513f63edb5ff067983c9079bb9b4d8fc0bd8",
    "val/output.txt": "7c4a6fd0198cc91bd446913c329c10a92c1dae54",
    "test/input.txt": "009c2fef0365c44c76946c1e22e745ededdb3799",
    "test/output.txt": "76cb73710956aa295d09cf63956a92e4aadb1730",
}


class NoData(Exception):
    """The data of a question is not there, or is other data; the message says where to get it."""


def ml_1m_test(folder: Path) -> Task:
    """Return gSASRec's test: 6,040 users, the last item of each. Raises NoData."""
    train = _sequences(folder, "train/input.txt")
    return question(train, _sequences(folder, "test/input.txt"), _outputs(folder, "test/output.txt"))


def ml_1m_validation(folder: Path) -> Task:
    """Return gSASRec's validation: 512 users, the last but one item of each. Raises NoData."""
    train = _sequences(folder, "train/input.txt")
    return question(train, _sequences(folder, "val/input.txt"), _outputs(folder, "val/output.txt"))


def ml_1m_gap(folder: Path) -> Task:
    """Return gSASRec's test where each user's item before the last is unknown: harder than the test. Raises NoData.

    For the users of the validation, whose training ends an item earlier, the validation's input is their past.
    """
    train, longer = _sequences(folder, "train/input.txt"), _sequences(folder, "val/input.txt")
    extended = {tuple(items[:-1]): items for items in longer}
    past = [extended.get(tuple(items), items) for items in train]
    return question(train, past, _outputs(folder, "test/output.txt"))


def ml_100k(folder: Path) -> Task:
    """Return RecBole's leave-one-out of ml-100k: train on all but the last two of each of 943 users. Raises NoData."""
    histories = ordered(_ml_100k_text(folder))
    return question(
        [items[:-2] for items in histories], [items[:-1] for items in histories], [items[-1] for items in histories]
    )


def ordered(table: str) -> list[list[str]]:
    """Return each user's items of one of RecBole's tables, by time; at the same time in the order of the table."""
    rows = list(csv.reader(io.StringIO(table), delimiter="\t"))[1:]
    rows.sort(key=lambda row: float(row[3]))
    histories: dict[str, list[str]] = {}
    for user, item, *_ in rows:
        histories.setdefault(user, []).append(item)
    return [histories[user] for user in sorted(histories)]


def _ml_100k_text(folder: Path) -> str:
    path = folder / RECBOLE
    if not path.is_file():
        raise NoData(f"{path} is missing")
    with zipfile.ZipFile(path) as wheel:
        content = wheel.read(ML_100K)
    if hashlib.sha256(content).hexdigest() != ML_100K_SHA256:
        raise NoData(f"{path} has another {ML_100K}")
    return content.decode()


def _sequences(folder: Path, name: str) -> list[list[str]]:
    return [line.split() for line in _checked(folder, name).splitlines()]


def _outputs(folder: Path, name: str) -> Sequence[str]:
    return _checked(folder, name).split()


def _checked(folder: Path, name: str) -> str:
    path = folder / GSASREC / name
    if not path.is_file():
        raise NoData(f"{path} is missing")
    content = path.read_bytes()
    named = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    if named != ML_1M[name]:
        raise NoData(f"{path} is not the file of commit 7e35028")
    return content.decode()
