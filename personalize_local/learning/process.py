"""Trains in a process of its own, so that requests are answered meanwhile; run as a module it is that process.

The training set goes in on standard input, the model comes back on standard output, both as NumPy archives. A child
whose parent has died finds its output closed and ends: no orphan stays behind.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from personalize_local.learning.model import Model, TrainingSet, train

PACKAGE_PARENT = Path(__file__).parents[2]
# One thread each: a training must leave the other cores to those who answer requests.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")


def train_inline(data: TrainingSet) -> "Future[Model]":
    """Train at once, in this thread: for virtual time, where nothing may happen in the background."""
    future: Future[Model] = Future()
    try:
        future.set_result(train(data))
    except Exception as error:
        future.set_exception(error)
    return future


class TrainingProcess:
    """Trains one set after the other, each in a new process."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="training")
        self._running: subprocess.Popen[bytes] | None = None
        self._closed = False

    def __call__(self, data: TrainingSet) -> "Future[Model]":
        """Start a training; returns at once. The future raises RuntimeError with the process's last words."""
        return self._threads.submit(self._train, data)

    @property
    def busy(self) -> bool:
        """Whether a process is training."""
        return self._running is not None and self._running.poll() is None

    def close(self) -> None:
        """Stop the training that runs, and take no more."""
        self._closed = True
        if self._running:
            self._running.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _train(self, data: TrainingSet) -> Model:
        with subprocess.Popen(  # noqa: S603 - this very module
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=PACKAGE_PARENT,
            env={**os.environ, **ONE_THREAD},
        ) as process:
            self._running = process
            if self._closed:
                process.kill()
            answer, complaint = process.communicate(pack_training_set(data))
        if process.returncode:
            last = complaint.decode(errors="replace").strip().splitlines()[-1:]
            raise RuntimeError(f"the training process ended with code {process.returncode}: {''.join(last)}")
        return unpack_model(answer)


def pack_training_set(data: TrainingSet) -> bytes:
    """Return a training set as a NumPy archive."""
    return _pack(
        item_ids=_text(data.item_ids), users=data.users, items=data.items, times=data.times, weights=data.weights
    )


def unpack_training_set(archive: bytes) -> TrainingSet:
    """Read what ``pack_training_set`` wrote."""
    columns = dict(np.load(io.BytesIO(archive)))
    return TrainingSet(tuple(json.loads(columns.pop("item_ids").tobytes())), **columns)


def pack_model(model: Model) -> bytes:
    """Return a model as a NumPy archive."""
    return _pack(item_ids=_text(model.item_ids), similarities=model.similarities, popularity=model.popularity)


def unpack_model(archive: bytes) -> Model:
    """Read what ``pack_model`` wrote."""
    arrays = np.load(io.BytesIO(archive))
    return Model(json.loads(arrays["item_ids"].tobytes()), arrays["similarities"], arrays["popularity"])


def _text(item_ids: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Return ids as JSON in bytes: NumPy's own strings lose trailing NULs."""
    return np.frombuffer(json.dumps(item_ids).encode(), dtype=np.uint8)


def _pack(**arrays: np.ndarray) -> bytes:
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **arrays)
    return archive.getvalue()


if __name__ == "__main__":
    sys.stdout.buffer.write(pack_model(train(unpack_training_set(sys.stdin.buffer.read()))))
