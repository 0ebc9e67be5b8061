"""Parts converted by several processes of this machine, one part each at a time."""

import ctypes
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Any, TextIO

from personalize_data.errors import BadFile
from personalize_data.exports.part import AtHand, Part, here
from personalize_data.exports.report import Report
from personalize_data.exports.settings import Conversion
from personalize_data.exports.work_folder import WorkFolder
from personalize_data.files import Moved

LOOK = 0.2  # seconds from one look at the progress to the next
_worker: "_Worker | None" = None  # of this process, if it is one


def converted(
    parts: Sequence[Part],
    conversion: Conversion,
    out: TextIO,
    moved: Moved,
    *,
    folder: WorkFolder,
    processes: int,
    at_hand: AtHand = here,
) -> Iterator[tuple[Part, Report]]:
    """Write the rows of all parts in their order, without a header; yield each part's report.

    Parts that ``folder`` has already are taken from there. ``at_hand`` is called in threads of this process.
    """
    context = multiprocessing.get_context("spawn")  # a fork would inherit threads that it does not have
    progress = _Progress(context, parts)
    with (
        _pool(processes, context, (conversion, folder, progress)) as pool,
        ThreadPoolExecutor(processes + 1) as threads,  # so that a part is at hand when a process has ended another
    ):
        futures = {
            number: threads.submit(_at_hand_and_converted, pool, folder, conversion, at_hand, number, part)
            for number, part in enumerate(parts)
            if not folder.is_done(number)
        }
        try:
            for number, part in enumerate(parts):
                if future := futures.get(number):
                    _await(future, progress, moved)
                yield part, _appended(folder, number, out)
        finally:
            progress.stop()
            threads.shutdown(cancel_futures=True)


def _at_hand_and_converted(
    pool: ProcessPoolExecutor, folder: WorkFolder, conversion: Conversion, at_hand: AtHand, number: int, part: Part
) -> None:
    try:
        with at_hand(part) as copied:
            pool.submit(_convert, number, part, copied).result()
    except BadFile as error:
        folder.refuse(number, part, conversion, error)


@contextmanager
def _pool(processes: int, context: SpawnContext, arguments: tuple[Any, ...]) -> Iterator[ProcessPoolExecutor]:
    pool = ProcessPoolExecutor(processes, context, _start, arguments)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _await(future: "Future[None]", progress: "_Progress", moved: Moved) -> None:
    while not future.done():
        wait([future], timeout=LOOK)
        moved(progress.total())
    future.result()


def _appended(folder: WorkFolder, number: int, out: TextIO) -> Report:
    report = folder.report(number)
    assert report is not None, f"part {number} is converted"  # noqa: S101 - or its process would have failed
    out.flush()
    with folder.rows(number).open("rb") as rows:
        shutil.copyfileobj(rows, out.buffer, 1 << 20)
    return report


class _Progress:
    """Bytes read of each part, shared by all processes, and whether they are to stop."""

    def __init__(self, context: SpawnContext, parts: Sequence[Part]) -> None:
        self._read = context.RawArray(ctypes.c_int64, len(parts))
        self._stopped = context.RawValue(ctypes.c_bool, False)

    def total(self) -> int:
        return sum(self._read)

    def stop(self) -> None:
        self._stopped.value = True

    def note(self, number: int, read: int) -> None:
        self._read[number] = read
        if self._stopped.value:
            raise SystemExit


class _Worker:
    def __init__(self, conversion: Conversion, folder: WorkFolder, progress: _Progress) -> None:
        self._conversion, self._folder, self._progress = conversion, folder, progress

    def convert(self, number: int, part: Part, at_hand: tuple[Part, Path]) -> None:
        def moved(read: int) -> None:
            self._progress.note(number, read - at_hand[0].begin)

        self._folder.convert(number, part, self._conversion, moved, at_hand)


def _start(conversion: Conversion, folder: WorkFolder, progress: _Progress) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the command's own answers it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = _Worker(conversion, folder, progress)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _convert(number: int, part: Part, at_hand: tuple[Part, Path]) -> None:
    assert _worker is not None, "the pool has started this process"  # noqa: S101
    _worker.convert(number, part, at_hand)
