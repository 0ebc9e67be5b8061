"""The arm of an experiment whose users alone are asked about: by a column of the interactions, or by the hashes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from broker.experiment import HOLDOUT, POPULAR, Experiment

from evaluation.data.arms import Arm, by_column
from experiments.assignment import MOVED, assigned

if TYPE_CHECKING:
    from cli.evaluate.options import ArmOptions


def arm(options: "ArmOptions | None", file: Path) -> Arm | None:
    """Return the arm that the options name, if they do; ``file``: the interactions. Raises BadFile."""
    if options is None:
        return None
    if options.experiment is not None:
        return of_experiment(options.name, options.experiment.experiment)
    arms = by_column(file, str(options.column))
    return Arm(options.name, lambda _: arms)


def of_experiment(name: str, experiment: Experiment) -> Arm:
    """Return the users whose mpids the experiment has in an arm in all its epochs."""

    def arms_of(user_ids: Sequence[str]) -> Mapping[str, str]:
        variants = assigned(experiment, user_ids)
        return {user: epochs[-1] for user, epochs in variants.items() if epochs[-1] != MOVED}

    return Arm(name, arms_of, _notes(name, experiment))


def _notes(name: str, experiment: Experiment) -> list[str]:
    if name != HOLDOUT:
        return [f"users of the arm {name} saw its lists: the log favours what is like them"]
    if experiment.holdout_list == POPULAR:
        return [f"users of the {HOLDOUT} saw the popular list: the log favours popularity"]
    return []
