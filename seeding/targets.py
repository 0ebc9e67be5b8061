"""Which model and filter answers for whom: that of the campaign, or of a variant's own, by what is deployed.

A batch inference job asks a solution version. It does not know what happened after the version was trained.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from broker.experiment import HOLDOUT, Experiment

from lifecycle import resource_types, training
from lifecycle.resources import Resources

LATEST = "/$LATEST"
ALL = "all"  # the name of the only variant where there is no experiment
# What a campaign and a job may both be told (CreateCampaign and CreateBatchInferenceJob, API reference).
OF_BOTH = ("itemExplorationConfig", "rankingInfluence")


class NoModel(Exception):
    """A campaign without a version that can be asked; the message is one line."""


@dataclass(frozen=True)
class Target:
    """A model, trained at ``trained_at`` (epoch seconds), a filter and a campaign's configuration, for variants."""

    version_arn: str
    recipe: str
    trained_at: float
    filter_arn: str | None
    config: Mapping[str, Any]
    variants: tuple[str, ...]


@dataclass(frozen=True)
class Targets:
    """All targets; ``experiment``: None where all users have the same."""

    targets: tuple[Target, ...]
    experiment: Experiment | None

    def variant_of(self, mpid: int) -> str | None:
        """Return a user's variant, None without an experiment."""
        return self.experiment.variant_of(mpid) if self.experiment else None

    def of(self, mpid: int) -> Target | None:
        """Return a user's target; None for the holdout, which gets no list by a seeding."""
        name = self.variant_of(mpid) or ALL
        return None if name == HOLDOUT else next(one for one in self.targets if name in one.variants)


def find(resources: Resources, campaign_arn: str, filter_arn: str | None, experiment: Experiment | None) -> Targets:
    """Return the targets of a deployment: variants with the same campaign and filter share one.

    Raises NoModel, botocore's ClientError.
    """
    wanted: dict[tuple[str, str | None], list[str]] = {}
    for name, variant in (experiment.variants if experiment else {}).items():
        own = variant.campaign_arn or campaign_arn, variant.filter_arn or filter_arn
        wanted.setdefault(own, []).append(name)
    wanted = wanted or {(campaign_arn, filter_arn): [ALL]}
    made = (_target(resources, campaign, its_filter, names) for (campaign, its_filter), names in wanted.items())
    return Targets(tuple(made), experiment)


def _target(resources: Resources, campaign_arn: str, filter_arn: str | None, names: list[str]) -> Target:
    campaign = resources.describe(resource_types.CAMPAIGN, campaign_arn)
    version_arn = str(campaign["solutionVersionArn"])
    if version_arn.endswith(LATEST):
        newest = training.newest_active(resources, version_arn.removesuffix(LATEST))
        if newest is None:
            raise NoModel(f"{campaign_arn} serves no trained version: ./broker train first")
        version_arn = newest["solutionVersionArn"]
    version = resources.describe(resource_types.SOLUTION_VERSION, version_arn)
    given = campaign.get("campaignConfig", {})
    return Target(
        version_arn,
        str(version["recipeArn"]).rpartition("/")[2],
        version["creationDateTime"].timestamp(),
        filter_arn,
        {name: given[name] for name in OF_BOTH if given.get(name)},
        tuple(names),
    )


def why_none(targets: Targets) -> Callable[[int], str | None]:
    """Return a function from an mpid to the reason code of whoever gets no list by their variant."""
    return lambda mpid: HOLDOUT if targets.of(mpid) is None else None
