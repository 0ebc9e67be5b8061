"""Solutions, their versions and metrics, and campaigns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lifecycle import resource_types
from lifecycle.names import Names, recipe_arn
from lifecycle.resources import Resources, State

POPULARITY = "aws-popularity-count"
# The meaning of each figure of GetSolutionMetrics.
# https://docs.aws.amazon.com/personalize/latest/dg/working-with-training-metrics.html
MEANINGS = {
    "coverage": "of all items, the share that is recommended to anybody",
    "mean_reciprocal_rank_at_25": "how far up the first right item stands: 1 is always first, 0.5 second",
    "normalized_discounted_cumulative_gain_at_5": "how far up right items stand in the first 5; 1 is the best order",
    "normalized_discounted_cumulative_gain_at_10": "the same among the first 10",
    "normalized_discounted_cumulative_gain_at_25": "the same among the first 25",
    "precision_at_5": "of the first 5, the share that the customer then took",
    "precision_at_10": "of the first 10, the share that the customer then took",
    "precision_at_25": "of the first 25, the share that the customer then took",
}


@dataclass(frozen=True)
class Training:
    """What to train: a recipe's name or ARN; ``hpo``: tune hyperparameters; ``auto``: train automatically, weekly."""

    recipe: str
    hpo: bool = False
    auto: bool = False


def solution(resources: Resources, names: Names, group: str, training: Training) -> str:
    """Return the ARN of the recipe's solution; create it if it is missing. Raises CreationFailed.

    A solution that the stack or an earlier run created stays unchanged, its automatic training included.
    """
    recipe = recipe_arn(training.recipe)
    request: dict[str, Any] = {"datasetGroupArn": group, "recipeArn": recipe, "performAutoTraining": training.auto}
    if training.hpo:
        request["performHPO"] = True
    name = names.solution(recipe, hpo=training.hpo)
    return str(resources.ensure(resource_types.SOLUTION, name, request, datasetGroupArn=group)["solutionArn"])


def recipes(resources: Resources) -> list[str]:
    """Return the names of all recipes of the service."""
    return sorted(recipe["name"] for recipe in resources.all(resource_types.RECIPE))


def begin_version(resources: Resources, solution_arn: str) -> tuple[str, bool]:
    """Return the ARN of a version in training, and whether it existed before: then the caller waits for it."""
    for version in resources.all(resource_types.SOLUTION_VERSION, solutionArn=solution_arn):
        if version["status"] in ("CREATE PENDING", "CREATE IN_PROGRESS"):
            return str(version["solutionVersionArn"]), True
    return resources.create(resource_types.SOLUTION_VERSION, {"solutionArn": solution_arn}), False


def popularity(resources: Resources, names: Names, group: str, training: Training, *, create: bool) -> str | None:
    """Return the ARN of a version that recommends what is most popular, to compare ``training`` with; None without one.

    ``create``: begin a version; else the newest that exists. AWS's guide proposes this recipe as a baseline:
    https://docs.aws.amazon.com/personalize/latest/dg/native-recipe-popularity.html
    """
    if training.recipe.rpartition("/")[2] == POPULARITY:
        return None
    if create:
        arn = solution(resources, names, group, Training(POPULARITY))
        return begin_version(resources, arn)[0]
    found = resources.find(resource_types.SOLUTION, names.solution(POPULARITY), datasetGroupArn=group)
    version = newest_active(resources, found) if found else None
    return str(version["solutionVersionArn"]) if version else None


def train(resources: Resources, names: Names, group: str, training: Training) -> Iterator[State]:
    """Train a version; yield its description until it is ACTIVE. Raises CreationFailed."""
    version, _ = begin_version(resources, solution(resources, names, group, training))
    yield from resources.states(resource_types.SOLUTION_VERSION, version)


def metrics(resources: Resources, version_arn: str) -> dict[str, float]:
    """Return a version's offline metrics, in the order of ``MEANINGS``."""
    values = resources.client.get_solution_metrics(solutionVersionArn=version_arn)["metrics"]
    return {name: values[name] for name in (*MEANINGS, *values) if name in values}


def newest_active(resources: Resources, solution_arn: str) -> State | None:
    """Return the newest version of a solution that is ACTIVE."""
    versions = resources.all(resource_types.SOLUTION_VERSION, solutionArn=solution_arn)
    active = [version for version in versions if version["status"] == "ACTIVE"]
    return max(active, key=lambda version: version["creationDateTime"], default=None)


def campaign(resources: Resources, name: str, version_arn: str) -> str:
    """Return the ARN of the campaign of this name, serving this version: create or update it.

    A campaign that follows its solution's newest version automatically is left unchanged. Raises CreationFailed.
    """
    arn = resources.find(resource_types.CAMPAIGN, name)
    if not arn:
        request = {"name": name, "solutionVersionArn": version_arn, "minProvisionedTPS": 1}
        return str(
            resources.wait(resource_types.CAMPAIGN, resources.create(resource_types.CAMPAIGN, request))["campaignArn"]
        )
    state = resources.wait(resource_types.CAMPAIGN, arn)
    follows = state.get("campaignConfig", {}).get("syncWithLatestSolutionVersion", False)
    if state["solutionVersionArn"] != version_arn and not follows:
        resources.client.update_campaign(campaignArn=arn, solutionVersionArn=version_arn)
        # The old version serves until the update is over.
        resources.wait(resource_types.CAMPAIGN, arn, part="latestCampaignUpdate")
    return arn


def gives_columns(resources: Resources, campaign_arn: str) -> bool:
    """Return whether a campaign gives columns of the Items dataset with its recommendations."""
    configuration = resources.describe(resource_types.CAMPAIGN, campaign_arn).get("campaignConfig", {})
    return bool(configuration.get("enableMetadataWithRecommendations"))


def give_columns(resources: Resources, campaign_arn: str) -> None:
    """Let a campaign give columns of the Items dataset; the rest of its configuration stays. Raises CreationFailed."""
    configuration = resources.describe(resource_types.CAMPAIGN, campaign_arn).get("campaignConfig", {})
    configuration |= {"enableMetadataWithRecommendations": True}
    resources.client.update_campaign(campaignArn=campaign_arn, campaignConfig=configuration)
    resources.wait(resource_types.CAMPAIGN, campaign_arn, part="latestCampaignUpdate")
