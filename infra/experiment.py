"""The setting ``broker:experiment``: read, and checked before CloudFormation refuses it half way through a deployment.

Quotas of a dataset group: Amazon Personalize, "Quotas". Exploration: its API reference, CampaignConfig.
"""

import json
from typing import Any

from broker.experiment import HOLDOUT, POPULAR

from blueprint.experiment import EXPLORATION, FILTER, GIVEN, PREPARE, RECIPE, ExperimentPlan, Need, plan_from
from infra.context import Reader
from infra.model_settings import filter_expression, recipe

EXPLORES = "aws-user-personalization"  # campaigns of no other recipe have an exploration weight
QUOTAS = {"campaigns": 5, "solutions": 10, "filters": 10}
MOST_BYTES = 2_500  # of the variable of refresh: all variables of a function share 4 KB
ARN_BYTES = 130


def read_experiment(read: Reader) -> ExperimentPlan | None:
    """Return the experiment, None if there is none."""
    plan: ExperimentPlan | None = read("experiment", parse_experiment, None)
    return plan


def parse_experiment(value: Any) -> ExperimentPlan:
    """Return the experiment that an object is, or one as JSON. Raises ValueError."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError(f"must be an object, or one as JSON, not {value[:40]!r}") from None
    plan = plan_from(value)
    problems = [problem for name, need in plan.needs.items() if (problem := _refused(name, need))]
    if problems:
        raise ValueError("; ".join(problems))
    return plan


def _refused(name: str, need: Need) -> str | None:
    check = {FILTER: filter_expression, RECIPE: recipe}.get(need.kind)
    try:
        if check:
            check(need.value)
    except ValueError as error:
        return f"variant {name}: {need.kind} {error}"
    return None


def experiment_problems(
    plan: ExperimentPlan, *, serves: bool, creates: bool, own_recipe: str, has_filter: bool
) -> list[str]:
    """Return what is wrong with an experiment beside the other settings.

    ``serves``: the stage is ``recommend``. ``creates``: the stack makes Personalize's resources. ``has_filter``: it
    makes a filter for all users.
    """
    found = [] if serves else ["needs stage recommend: before, nobody has a list"]
    for name, need in plan.needs.items():
        whose = "holdout_list popular" if name == HOLDOUT else f"{need.kind} of variant {name}"
        if not creates:
            instead = "holdout_campaign_arn" if name == HOLDOUT else " or ".join(GIVEN)
            found.append(f"has {whose}, but tracking_id names existing resources: give {instead}")
        elif need.kind == EXPLORATION and own_recipe != EXPLORES:
            found.append(f"has {whose}, which only campaigns of {EXPLORES} take: recipe is {own_recipe}")
        elif need.kind == RECIPE and need.value == own_recipe:
            found.append(f"has {whose}, but that is the recipe of all users: leave it out")
    solutions = any(need.kind == RECIPE for need in plan.needs.values())
    if plan.is_prepared and not solutions:
        found.append(f"has {PREPARE}, but no solution to train: leave it out")
    found += _over_quotas(plan, has_filter=has_filter) if creates else []
    size = len(plan.variable()) + ARN_BYTES * len(plan.needs)
    if size > MOST_BYTES:
        found.append(f"has too many variants, or too long names: a function's variables have no room for {size} bytes")
    return [f"experiment {problem}" for problem in found]


def _over_quotas(plan: ExperimentPlan, *, has_filter: bool) -> list[str]:
    """Return of which resources the dataset group would have too many."""
    needs, variants = plan.needs.values(), plan.experiment.variants.values()
    given = {variant.campaign_arn for variant in variants} - {None}
    if plan.experiment.holdout_list == POPULAR:
        given |= {plan.experiment.holdout_campaign_arn} - {None}
    counts = {
        "campaigns": 1 + sum(need.has_campaign for need in needs) + len(given),
        "solutions": 1 + sum(need.kind == RECIPE for need in needs),
        "filters": has_filter
        + sum(need.kind == FILTER for need in needs)
        + len({variant.filter_arn for variant in variants} - {None}),
    }
    return [
        f"makes {number} {kind} of its dataset group, and Personalize's quota is {QUOTAS[kind]}"
        for kind, number in counts.items()
        if number > QUOTAS[kind]
    ]
