"""Deploys solution versions as campaigns, and says which version a campaign serves at a given time."""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from personalize_local import exploration
from personalize_local.control import resource_types
from personalize_local.control.registry import Registry
from personalize_local.control.resources import ACTIVE, Resource
from personalize_local.control.solutions import SolutionControl
from personalize_local.errors import InvalidInput, ResourceInUse, ResourceNotFound
from personalize_rules.recipes import PREFIX, SEGMENTATION, TYPES

LATEST = "/$LATEST"
Request = dict[str, Any]


@dataclass(frozen=True)
class Deployment:
    """The target of a campaign: one version, or always the newest version of the solution (``follows``)."""

    solution: Resource
    version: Resource
    follows: bool
    settings: dict[str, Any]
    started_at: float
    seconds: float


@dataclass
class Rollout:
    """The deployment that a campaign serves, and perhaps the one that will replace it."""

    current: Deployment
    update: Deployment | None = None


class CampaignControl:
    """Campaigns; ``seconds`` is how long a deployment takes."""

    def __init__(self, registry: Registry, solutions: SolutionControl, seconds: float) -> None:
        self._registry = registry
        self._solutions = solutions
        self._seconds = seconds
        self._rollouts: WeakKeyDictionary[Resource, Rollout] = WeakKeyDictionary()

    def create_campaign(self, request: Request) -> dict[str, str]:
        """Deploy an ACTIVE solution version, or with ``<solutionArn>/$LATEST`` the newest of a solution."""
        arn = self._registry.arn(f"campaign/{request['name']}")
        self._registry.refuse_duplicate(arn)
        deployment = self._deployment(request["solutionVersionArn"], {"minProvisionedTPS": 1} | _settings(request))
        description, parents = {"name": request["name"]}, (deployment.solution,)
        campaign = Resource(resource_types.CAMPAIGN, arn, description, self._registry.now(), self._seconds, parents)
        self._registry.add(campaign)
        self._rollouts[campaign] = Rollout(deployment)
        return {"campaignArn": arn}

    def update_campaign(self, request: Request) -> dict[str, str]:
        """Change an ACTIVE campaign; the old deployment serves until the update is over."""
        campaign = self._registry.find(resource_types.CAMPAIGN, request["campaignArn"])
        campaign.require_active(self._registry.now())
        rollout = self._settled(campaign)
        current = rollout.current
        if rollout.update not in (None, current):
            raise ResourceInUse(f"{campaign.arn} is being updated")
        unchanged = current.solution.arn + LATEST if current.follows else current.version.arn
        target = request.get("solutionVersionArn", unchanged)
        rollout.update = self._deployment(target, {**current.settings, **_settings(request)})
        campaign.parents = (current.solution, rollout.update.solution)
        return {"campaignArn": campaign.arn}

    def describe_campaign(self, request: Request) -> dict[str, Any]:
        """Describe a campaign; ``solutionVersionArn`` is the version that it serves now."""
        campaign = self._registry.find(resource_types.CAMPAIGN, request["campaignArn"])
        rollout = self._settled(campaign)
        described = campaign.describe(self._registry.now()) | rollout.current.settings
        described["solutionVersionArn"] = self._version(rollout.current).arn
        if rollout.update:
            described["latestCampaignUpdate"] = self._describe_update(rollout.update)
        return {"campaign": described}

    def serving(self, campaign_arn: str) -> tuple[Resource, dict[str, Any]]:
        """Return the version that an ACTIVE campaign serves, and its ``campaignConfig``. Raises ResourceNotFound."""
        campaign = self._registry.find(resource_types.CAMPAIGN, campaign_arn)
        status = campaign.status(self._registry.now())
        if status != ACTIVE:
            raise ResourceNotFound(f"Campaign {campaign_arn} is in status {status}, not ACTIVE")
        current = self._settled(campaign).current
        return self._version(current), current.settings.get("campaignConfig", {})

    def settle(self) -> None:
        """Apply the updates that are over: the parents of a campaign must not depend on earlier requests."""
        for campaign in self._registry.all(resource_types.CAMPAIGN):
            self._settled(campaign)

    def served(self) -> set[Resource]:
        """Return the versions that campaigns serve, or will serve after their updates."""
        rollouts = [self._settled(campaign) for campaign in self._registry.all(resource_types.CAMPAIGN)]
        deployments = [
            deployment for rollout in rollouts for deployment in (rollout.current, rollout.update) if deployment
        ]
        return {self._version(deployment) for deployment in deployments}

    def _settled(self, campaign: Resource) -> Rollout:
        """Return the rollout; apply its update if that is over."""
        rollout = self._rollouts[campaign]
        if rollout.update and self._over(rollout.update):
            rollout.current = rollout.update
            campaign.parents = (rollout.current.solution,)
        return rollout

    def _over(self, update: Deployment) -> bool:
        return self._registry.now() >= update.started_at + update.seconds

    def _version(self, deployment: Deployment) -> Resource:
        return self._solutions.newest_active(deployment.solution) if deployment.follows else deployment.version

    def _deployment(self, version_arn: str, settings: dict[str, Any]) -> Deployment:
        now, seconds = self._registry.now(), self._registry.first(self._seconds)
        config = settings.get("campaignConfig", {})
        exploration.checked(config)
        follows = bool(config.get("syncWithLatestSolutionVersion"))
        if version_arn.endswith(LATEST):
            solution = self._registry.find(resource_types.SOLUTION, version_arn.removesuffix(LATEST))
            newest = self._solutions.newest_active(solution)
            _refuse_segments(newest)
            return Deployment(solution, newest, follows, settings, now, seconds)
        if follows:
            raise InvalidInput("syncWithLatestSolutionVersion needs a solutionVersionArn that ends in /$LATEST")
        version = self._registry.find(resource_types.SOLUTION_VERSION, version_arn)
        version.require_active(now)
        _refuse_segments(version)
        solution = self._registry.find(resource_types.SOLUTION, version.description["solutionArn"])
        return Deployment(solution, version, follows, settings, now, seconds)

    def _describe_update(self, update: Deployment) -> dict[str, Any]:
        over = self._over(update)
        return {
            **update.settings,
            "solutionVersionArn": update.version.arn,
            "status": ACTIVE if over else "CREATE IN_PROGRESS",
            "creationDateTime": update.started_at,
            "lastUpdatedDateTime": update.started_at + update.seconds if over else update.started_at,
        }


def _refuse_segments(version: Resource) -> None:
    recipe = version.description["recipeArn"].removeprefix(PREFIX)
    if TYPES[recipe] == SEGMENTATION:
        raise InvalidInput(f"{recipe} gives user segments: use CreateBatchSegmentJob, without a campaign")


def _settings(request: Request) -> dict[str, Any]:
    return {key: request[key] for key in ("minProvisionedTPS", "campaignConfig") if key in request}
