"""How much is asked of whom, in numbers."""

from typing import Any

import numpy as np

from evaluation.report.numbers import number
from evaluation.scoring.beyond_accuracy import reachable_recall
from evaluation.scoring.slices import history_lengths
from evaluation.task import TASKS, Task


def counts(task: Task) -> dict[str, Any]:
    """Return the task line: how much is asked of whom."""
    per_user = np.bincount(task.truth.users, minlength=task.users)
    cold = int((history_lengths(task) == 0).sum())
    return {
        "cut": task.cut,
        "training_interactions": len(task.train),
        "training_users": int(np.count_nonzero(task.train.user_counts())),
        "items": task.trained_items,
        "catalogue": task.catalogue,
        "test_users": task.users,
        "cold_users": cold,
        "held_out": len(task.truth),
        "held_out_per_user_mean": number(per_user.mean()) if task.users else 0.0,
        "held_out_per_user_median": number(np.median(per_user)) if task.users else 0.0,
        "repeat_share": number(task.repeat_share()),
        "unknown_items": int((task.truth.items >= task.trained_items).sum()),
        "reachable_recall": {task_name: number(reachable_recall(task, task_name)) for task_name in TASKS},
    }
