"""A leave-one-out question from users' items in their order, as papers on sequential recommendation ask it."""

from collections.abc import Sequence

import numpy as np

from evaluation.data.log import Log
from evaluation.splits import HoldOut, Split, within
from evaluation.task import Task, assemble, inner_of
from recommender_models.training_set import TrainingSet

Histories = Sequence[Sequence[str]]
START, STEP = 1_600_000_000, 60  # seconds: the data has an order and no times, so that items lie a minute apart


def question(train: Histories, past: Histories, truth: Sequence[str]) -> Task:
    """Return the task: ``train`` to learn from; for user number u, ``past[u]`` is known and ``truth[u]`` held out.

    Training users need not be the tested ones. All histories end at the same moment, the newest item last, and all
    users are asked a step after it. Settings are chosen by each training user's last item.
    """
    trained = sorted({item for items in train for item in items})
    others = {item for items in past for item in items} | set(truth)
    item_ids = [*trained, *sorted(others - set(trained))]
    asked_at = START + STEP * max(map(len, [*train, *past]))
    learned = _rows(train, item_ids[: len(trained)], asked_at)
    held_out = _rows([[item] for item in truth], item_ids, asked_at + STEP)
    return assemble(
        learned, _rows(past, item_ids, asked_at), held_out, None, inner_of(learned, _validation(learned, asked_at))
    )


def _validation(learned: TrainingSet, asked_at: int) -> Split | None:
    rows = np.arange(len(learned))
    log = Log(learned, rows, np.full(len(learned), -1), event_types=(), duplicates=0)
    return within(log, HoldOut("leave-one-out"), None, asked_at)


def _rows(histories: Histories, item_ids: Sequence[str], before: int) -> TrainingSet:
    """Return histories whose last item is a step ``before`` a moment."""
    code = {item: number for number, item in enumerate(item_ids)}
    lengths = np.array([len(history) for history in histories])
    users = np.repeat(np.arange(len(histories), dtype=np.int32), lengths)
    codes = np.array([code[item] for history in histories for item in history], dtype=np.int32)
    times = np.concatenate([before - STEP * np.arange(length, 0, -1) for length in lengths])
    user_ids = [f"{number:06}" for number in range(len(histories))]
    return TrainingSet(user_ids, item_ids, users, codes, times, np.ones(len(codes), dtype=np.float32))
