"""What an experiment has in the local Personalize, as the deployed stack makes it: filters and campaigns."""

from collections.abc import Mapping

from blueprint.experiment import EXPLORATION, FILTER, ExperimentPlan, Need
from lifecycle import resource_types
from lifecycle.names import recipe_arn
from lifecycle.resources import Resources

MAX_NAME = 63


def make_variants(
    resources: Resources,
    broker: str,
    group: str,
    version_arn: str,
    plan: ExperimentPlan,
    *,
    gives_columns: bool = False,
) -> Mapping[str, Mapping[str, str]]:
    """Return the ARNs by variant, as ``ExperimentPlan.variable`` takes them. Raises CreationFailed.

    ``version_arn``: the version that serves all users. ``gives_columns``: whether campaigns can give columns of items.
    """
    prefix = f"{broker}-{plan.experiment.name}"
    return {
        variant: _made(resources, f"{prefix}-{variant}"[:MAX_NAME], group, version_arn, need, gives_columns)
        for variant, need in plan.needs.items()
    }


def _made(
    resources: Resources, name: str, group: str, version_arn: str, need: Need, gives_columns: bool
) -> Mapping[str, str]:
    if need.kind == FILTER:
        request = {"datasetGroupArn": group, "filterExpression": need.value}
        return {
            "filter_arn": resources.ensure(resource_types.FILTER, name, request, datasetGroupArn=group)["filterArn"]
        }
    config: dict[str, object] = {"enableMetadataWithRecommendations": True} if gives_columns else {}
    campaign = {"minProvisionedTPS": 1, "solutionVersionArn": version_arn, "campaignConfig": config}
    if need.kind == EXPLORATION:
        config["itemExplorationConfig"] = {"explorationWeight": str(need.value)}
    else:
        campaign["solutionVersionArn"] = _trained(resources, name, group, need)
    return {"campaign_arn": resources.ensure(resource_types.CAMPAIGN, name, campaign)["campaignArn"]}


def _trained(resources: Resources, name: str, group: str, need: Need) -> str:
    """Return a version of the recipe's solution."""
    request = {"datasetGroupArn": group, "recipeArn": recipe_arn(need.value), "performAutoTraining": False}
    solution = resources.ensure(resource_types.SOLUTION, name, request, datasetGroupArn=group)["solutionArn"]
    version = resources.create(resource_types.SOLUTION_VERSION, {"solutionArn": solution})
    return str(resources.wait(resource_types.SOLUTION_VERSION, version)["solutionVersionArn"])
