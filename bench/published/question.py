"""A leave-one-out question from users' items in their order, as papers on sequential recommendation ask it."""

from collections.abc import Sequence

import numpy as np

from evaluation.task import Task, assemble
from recommender_models.training_set import TrainingSet

Histories = Sequence[Sequence[str]]
START, STEP = 1_600_000_000, 60  # seconds: the data has an order and no times, so that items lie a minute apart


def question(train: Histories, past: Histories, truth: Sequence[str]) -> Task:
    """Return the task: ``train`` to learn from; for user number u, ``past[u]`` is known and ``truth[u]`` held out.

    Training users need not be the tested ones. All histories end at the same moment, the newest item last.
    """
    trained = sorted({item for items in train for item in items})
    others = {item for items in past for item in items} | set(truth)
    item_ids = [*trained, *sorted(others - set(trained))]
    learned = _rows(train, item_ids, len(trained))
    return assemble(learned, _rows(past, item_ids), _rows([[item] for item in truth], item_ids), None)


def _rows(histories: Histories, item_ids: Sequence[str], items: int | None = None) -> TrainingSet:
    code = {item: number for number, item in enumerate(item_ids)}
    lengths = np.array([len(history) for history in histories])
    users = np.repeat(np.arange(len(histories), dtype=np.int32), lengths)
    codes = np.array([code[item] for history in histories for item in history], dtype=np.int32)
    longest = int(lengths.max())
    times = np.concatenate([START + STEP * np.arange(longest - length, longest) for length in lengths])
    user_ids = [f"{number:06}" for number in range(len(histories))]
    return TrainingSet(user_ids, item_ids[:items], users, codes, times, np.ones(len(codes), dtype=np.float32))
