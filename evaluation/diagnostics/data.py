"""Diagnostics of the question: a training that knows the answer, a truth that is no news, a test too small to tell."""

import numpy as np

from evaluation.task import NEW_ITEMS, Task

FEWEST_USERS = 400
ENOUGH_USERS = 30  # below, chance does what a fault does to many
REPEAT_TASK = 0.5


def training_after_cut(task: Task) -> str | None:
    """The training holds what came at or after the cut, or, of a test user, after what they were to be asked."""
    if task.cut is not None:
        late = task.train.late(task.cut)
        return f"{late:,} training interactions are not before the cut: the training knows the answer" if late else None
    # Where each user has a cut of their own, their past must not be later than the first thing to predict.
    first = np.full(task.users, np.iinfo(np.int64).max)
    np.minimum.at(first, task.truth.users, task.truth_times)
    late = int((task.past.times > first[task.past.users]).sum())
    return f"{late:,} interactions of test users are later than what is to be predicted of them" if late else None


def truth_before_cut(task: Task) -> str | None:
    """What is to be predicted was there before the cut."""
    early = int((task.truth_times < task.cut).sum()) if task.cut is not None else 0
    return f"{early:,} interactions to be predicted are before the cut" if early else None


def repeat_task(task: Task) -> str | None:
    """Mostly repeats: whoever repeats wins, and a model has little to show."""
    share = task.repeat_share()
    if share <= REPEAT_TASK:
        return None
    return (
        f"{share:.0%} of what is to be predicted the user had before: this is a task of repeating; look at "
        f"{NEW_ITEMS}, too"
    )


def shaped_by_lists(rows: int, interactions: int, column: str) -> str | None:
    """Some interactions name the list that they came from: what was shown is taken more often for that."""
    if not rows:
        return None
    return (
        f"{rows:,} of {interactions:,} interactions name the list that they came from ({column}): lists shaped this "
        "log, and it favours the recommender that made them. --arm holdout asks only about users who saw no list"
    )


def too_few_users(users: int) -> str | None:
    """Below 400 users only large differences can be told."""
    return (
        f"only {users:,} user{'s' * (users != 1)}: below {FEWEST_USERS} only large differences can be told"
        if users < FEWEST_USERS
        else None
    )
