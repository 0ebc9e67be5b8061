"""What is held back to be predicted, and what may be known of it before: four ways to part the same interactions.

- ``time``: everybody's interactions from a moment on; nothing later than the moment is known. The nearest to what a
  recommender meets in production.
- ``leave-one-out``, ``last-basket``: each user's newest interaction, or all of their newest second. Others' later ones
  are known.
- ``personalize``: the newest tenth of a tenth of the users, as Amazon Personalize does for its own metrics; the
  training knows nothing of these users (Developer Guide, "Evaluating a solution version with metrics").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from evaluation import constants
from evaluation.data.log import Log, Mask, check_type
from personalize_data.errors import InvalidRequest
from recommender_models.grouping import rank_within
from recommender_models.splits import draw_test_users, last_basket, newest_tenth

HOLD_OUTS = constants.HOLD_OUTS
NEWEST_SHARE = 0.1
HALF = 0.5  # of the training, at least, is left to train on for the choice of settings
DAY = 86_400


@dataclass(frozen=True)
class HoldOut:
    """How to hold out. ``at``: epoch seconds, for ``time``; ``horizon_days``: of ``time``, how far to predict.

    ``event_type``: only interactions of this type are to be predicted, though all are known. ``seed``: for chance.
    ``arm``: of an experiment, whose users alone are asked about; see ``for_users``.
    """

    kind: str = "time"
    at: int | None = None
    horizon_days: float | None = None
    event_type: str | None = None
    seed: int = 1
    arm: str | None = None


@dataclass(frozen=True, eq=False)
class Split:
    """Which interactions a training may know, which are the past of those asked about, and which are the truth.

    ``cut``: the moment before which all training lies and from which on all truth lies, or None. ``hold_out``: how it
    was split.
    """

    train: Mask
    past: Mask
    truth: Mask
    cut: int | None
    hold_out: HoldOut = field(default_factory=HoldOut)


def split(log: Log, hold_out: HoldOut) -> Split:
    """Part the interactions. Raises InvalidRequest if nothing is left on one side."""
    if hold_out.event_type is not None:
        check_type(log.event_types, hold_out.event_type)
    parted = masks(log, hold_out)
    check_sides(hold_out, bool(parted.train.any()), bool(parted.truth.any()))
    return parted


def check_sides(hold_out: HoldOut, train: bool, truth: bool) -> None:
    """Raise InvalidRequest if nothing is left on one side of a split. ``train``, ``truth``: whether anything is."""
    if not train:
        raise InvalidRequest(f"nothing is left to train on: {_advice(hold_out, _TO_TRAIN)}")
    if not truth:
        of_type = "" if hold_out.event_type is None else f" of {hold_out.event_type}"
        raise InvalidRequest(f"nothing{of_type} is held out: {_advice(hold_out, _TO_HOLD_OUT)}")


def within(training: Log, hold_out: HoldOut, cut: int | None, last: int) -> Split | None:
    """Return a split of the training by the same kind, by which settings are chosen; None if a side of it is empty.

    ``cut``: of the test; ``last``: the last time of its truth. The inner cut of ``time`` lies as far before the outer
    one as the outer truth reaches beyond it, but never before half of the interactions.
    """
    occurring = np.bincount(training.rows.users, minlength=len(training.rows.user_ids)) > 0
    # Other users are drawn by the same seed only if the users of the test are not counted.
    training = replace(training, rows=training.rows.for_users(occurring))
    if cut is not None and len(training):
        half = int(np.quantile(training.rows.times, HALF, method="higher"))
        hold_out = inner_cut(hold_out, cut, last, half)
    parted = masks(training, hold_out)
    return parted if parted.train.any() and parted.truth.any() else None


def inner_cut(hold_out: HoldOut, cut: int, last: int, half: int) -> HoldOut:
    """Return how to hold out within the training, half of which lies from ``half`` on; see ``within``."""
    reach = last + 1 - cut if hold_out.horizon_days is None else int(hold_out.horizon_days * DAY)
    return replace(hold_out, at=max(cut - reach, half))


def masks(log: Log, hold_out: HoldOut) -> Split:
    """Part the interactions, or those of some users, whatever is left on a side."""
    parted = replace(_SPLITS[hold_out.kind](log, hold_out), hold_out=hold_out)
    if hold_out.event_type is None:
        return parted
    return replace(parted, truth=parted.truth & log.is_type(hold_out.event_type))


def for_users(parted: Split, log: Log, users: Mask, hold_out: HoldOut) -> Split:
    """Return the same split with a truth of these users alone. Raises InvalidRequest if nothing of theirs is."""
    truth = parted.truth & users[log.rows.users]
    if not truth.any():
        raise InvalidRequest(f"nothing of the arm {hold_out.arm} is held out: {_advice(hold_out, _TO_HOLD_OUT)}")
    return replace(parted, truth=truth)


def default_cut(times: npt.NDArray) -> int:
    """Return the moment from which on the newest tenth of the interactions lies."""
    return int(np.quantile(times, 1 - NEWEST_SHARE, method="higher"))


def _by_time(log: Log, hold_out: HoldOut) -> Split:
    times = log.rows.times
    cut = default_cut(times) if hold_out.at is None else hold_out.at
    before, truth = times < cut, times >= cut
    if hold_out.horizon_days is not None:
        truth &= times < cut + hold_out.horizon_days * DAY
    return Split(before, before, truth, cut)


def _last_interaction(log: Log, hold_out: HoldOut) -> Split:
    users = log.rows.users
    eligible = np.ones(len(log), dtype=bool) if hold_out.event_type is None else log.is_type(hold_out.event_type)
    newest = np.flatnonzero(eligible)
    newest = newest[rank_within(users[newest], -np.arange(len(newest))) == 0]
    # Nothing of the user's after it is known, nor anybody without a past asked about.
    times = log.rows.times
    until = np.full(len(log.rows.user_ids), np.iinfo(np.int64).max)
    until[users[newest]] = newest
    before = np.arange(len(times)) < until[users]
    return _with_a_past(log, before, np.isin(np.arange(len(times)), newest))


def _last_basket(log: Log, hold_out: HoldOut) -> Split:
    if hold_out.event_type is None:
        held = last_basket(log.rows)
        return _with_a_past(log, ~held, held)
    of_type = np.flatnonzero(log.is_type(hold_out.event_type))
    users, times = log.rows.users, log.rows.times
    newest = np.full(len(log.rows.user_ids), np.iinfo(np.int64).max)
    newest[users[of_type]] = times[of_type]  # by user and time: the last one stays
    return _with_a_past(log, times < newest[users], times == newest[users])


def _with_a_past(log: Log, before: Mask, held: Mask) -> Split:
    """Return the split that asks those who have a past; all that is known of the others stays in the training."""
    users, everybody = log.rows.users, len(log.rows.user_ids)
    tested = (np.bincount(users[before], minlength=everybody) > 0) & (np.bincount(users[held], minlength=everybody) > 0)
    before = before | ~tested[users]
    return Split(before, before, held & tested[users], None)


def _as_personalize(log: Log, hold_out: HoldOut) -> Split:
    of_test_user = draw_test_users(log.rows, hold_out.seed)[log.rows.users]
    newest = newest_tenth(log.rows)
    return Split(~of_test_user, of_test_user & ~newest, of_test_user & newest, None)


def _advice(hold_out: HoldOut, by_kind: Mapping[str, str]) -> str:
    farther = " or farther (--horizon-days)" if hold_out.kind == "time" and hold_out.horizon_days is not None else ""
    return by_kind[hold_out.kind].format(farther=farther if by_kind is _TO_HOLD_OUT else "")


_ONE_EACH = {
    "leave-one-out": "nobody has an interaction before their last one; try --hold-out time",
    "last-basket": "nobody has an interaction before their last second; try --hold-out time or leave-one-out",
}
_TO_TRAIN = _ONE_EACH | {
    "time": "hold out from a later time (--at), or by --hold-out leave-one-out",
    "personalize": "the only user is tested; try --hold-out time or last-basket",
}
_TO_HOLD_OUT = _ONE_EACH | {
    "time": "hold out from an earlier time (--at){farther}, or by --hold-out last-basket",
    "personalize": "nobody of the tested tenth has two interactions; try --hold-out time or last-basket, or another "
    "--seed",
}
_SPLITS = {
    "time": _by_time,
    "leave-one-out": _last_interaction,
    "last-basket": _last_basket,
    "personalize": _as_personalize,
}
