"""An experiment as a team sets it: what is made for each variant, and the variable by which the functions know it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.experiment import HOLDOUT, POPULAR, Experiment, experiment_from
from broker.json_values import mapping

FILTER, EXPLORATION, RECIPE = MADE = ("filter_expression", "exploration_weight", "recipe")
GIVEN = ("campaign_arn", "filter_arn")
PREPARE = "prepare"
POPULARITY = "aws-popularity-count"


@dataclass(frozen=True)
class Need:
    """What is to be made: ``kind`` is one of ``MADE``, ``value`` an expression, a weight from 0 to 1, or a recipe."""

    kind: str
    value: Any

    @property
    def has_campaign(self) -> bool:
        """Return whether it is a campaign, which costs by the hour."""
        return self.kind != FILTER


@dataclass(frozen=True)
class ExperimentPlan:
    """``needs``: of each variant for which something is made, the holdout among them; ``value``: as it was set.

    ``is_prepared``: the solutions are trained, and nobody is in the experiment yet.
    """

    experiment: Experiment
    needs: Mapping[str, Need]
    is_prepared: bool
    value: Mapping[str, Any]

    def given_arns(self) -> list[str]:
        """Return the campaigns and filters that exist already, each once."""
        variants = self.experiment.variants.values()
        arns = [arn for variant in variants for arn in (variant.campaign_arn, variant.filter_arn)]
        return list(dict.fromkeys(arn for arn in (*arns, self.experiment.holdout_campaign_arn) if arn))

    def variable(self, arns: Mapping[str, Mapping[str, str]] | None = None) -> str:
        """Return the experiment as compact JSON, with ``arns`` of the variants (``campaign_arn``, ``filter_arn``).

        Without them it has those that were given, which ``ingest`` does not need either.
        """
        found = dict(arns or {})
        variants = {
            name: {key: one for key, one in mapping(variant).items() if key not in MADE} | dict(found.get(name, {}))
            for name, variant in mapping(self.value.get("variants")).items()
        }
        popular = {f"{HOLDOUT}_{key}": arn for key, arn in found.get(HOLDOUT, {}).items()}
        own = {key: one for key, one in self.value.items() if key != PREPARE}
        return json.dumps(own | {"variants": variants} | popular, separators=(",", ":"))


def plan_from(value: object) -> ExperimentPlan:
    """Read an experiment from parsed JSON. Raises ValueError, which says all that is wrong with the variants."""
    given = mapping(value)
    is_prepared = given.get(PREPARE, False)
    if not isinstance(is_prepared, bool):
        raise ValueError(f"{PREPARE} must be true or false, not {is_prepared!r}")  # noqa: TRY004 - one kind of error
    variants = {name: mapping(one) for name, one in mapping(given.get("variants")).items()}
    experiment = experiment_from(_of_functions(value))
    problems = [problem for name, one in variants.items() if (problem := _problem(name, one))]
    if experiment.holdout_list == POPULAR and not experiment.holdout:
        problems.append("holdout_list is popular, but holdout is 0: nobody would get it")
    if problems:
        raise ValueError("; ".join(problems))
    needs = {name: Need(kind, one[kind]) for name, one in variants.items() for kind in MADE if kind in one}
    if experiment.holdout_list == POPULAR and not experiment.holdout_campaign_arn:
        needs[HOLDOUT] = Need(RECIPE, POPULARITY)
    return ExperimentPlan(experiment, needs, is_prepared, given)


def _of_functions(value: object) -> object:
    """Return what the functions read of a value, which may be anything."""
    if not isinstance(value, dict):
        return value
    variants = value.get("variants")
    if isinstance(variants, dict):
        variants = {
            name: {key: each for key, each in one.items() if key not in MADE} if isinstance(one, dict) else one
            for name, one in variants.items()
        }
    return {key: each for key, each in value.items() if key != PREPARE} | {"variants": variants}


def _problem(name: str, variant: Mapping[str, Any]) -> str | None:
    ways = [key for key in (*MADE, *GIVEN) if key in variant]
    if len(ways) > 1 and set(ways) != set(GIVEN):
        return f"variant {name} differs in {', '.join(ways)}: one variant, one difference"
    weight = variant.get(EXPLORATION, 0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
        return f"variant {name}: {EXPLORATION} must be a number from 0 to 1, not {weight!r}"
    return None
