"""daily_check: once a day, what no event shows: the model and its training, what serves, and what is accepted."""

import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.accepted_share import AcceptedShare
from broker.clients import Aws
from broker.failures import aws_call
from broker.invocation import invocation
from broker.metric_names import Metric
from broker.settings import DailyCheckSettings, daily_check_settings
from broker.telemetry import Counts

ACTIVE, FAILED = "ACTIVE", "CREATE FAILED"
DAY = 86_400
LATEST = "/$LATEST"
MAX_UPDATE_DAYS = 1  # in which a campaign has taken up a new version


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Check once, and log what was seen as one line; ``event`` is EventBridge's and says nothing."""
    with invocation(context) as counts:
        seen = connected().run(counts, time.time())
        counts.lines.append({"message": "daily check", **seen})
        return {}


@dataclass(frozen=True)
class DailyCheck:
    """``personalize`` and ``cloudwatch``: boto3 clients."""

    personalize: Any
    cloudwatch: Any
    settings: DailyCheckSettings

    def run(self, counts: Counts, now: float) -> dict[str, Any]:
        """Count what is wrong; return all that was seen. ``now`` in epoch seconds. Raises Failure."""
        seen = self._model(counts, now) | self._tracker(counts)
        share = AcceptedShare.from_cloudwatch(self.cloudwatch, self.settings.ingest_function, now)
        counts.add(Metric.ACCEPTED_SHARE_DROP, share.drop)
        return seen | share.as_fields()

    def _model(self, counts: Counts, now: float) -> dict[str, Any]:
        campaign = self._campaign()
        serving = str(campaign.get("solutionVersionArn", "")).removesuffix(LATEST)
        solution = aws_call(
            self.personalize.describe_solution, solutionArn=self.settings.solution_arn or _solution_of(serving)
        )["solution"]
        newest = solution.get("latestSolutionVersion", {})
        trained = self._trained(serving, solution, newest)
        seen = {"training": newest.get("status", "none"), "training_failure": newest.get("failureReason", "")}
        counts.add(Metric.TRAINING_FAILED, int(newest.get("status") == FAILED))
        if trained:
            seen["model_age_days"] = age = int((now - trained) / DAY)
            counts.add(Metric.MODEL_AGE_DAYS, age)
        if not campaign:
            return seen
        counts.add(Metric.NOT_ACTIVE, int(campaign["status"] != ACTIVE))
        behind = newest.get("status") == ACTIVE and serving not in (
            newest["solutionVersionArn"],
            solution["solutionArn"],
        )
        counts.add(Metric.OLD_MODEL_SERVED, int(behind and now - _seconds(newest) > MAX_UPDATE_DAYS * DAY))
        return seen | {"campaign": campaign["status"]}

    def _campaign(self) -> dict[str, Any]:
        """Return the campaign, empty where there is none yet."""
        if not self.settings.campaign_arn:
            return {}
        described = aws_call(self.personalize.describe_campaign, campaignArn=self.settings.campaign_arn)
        return dict(described["campaign"])

    def _trained(self, serving: str, solution: Mapping[str, Any], newest: Mapping[str, Any]) -> float | None:
        """Return when the model was trained that serves, or would; without one, since when there could be one."""
        if serving and serving != solution["solutionArn"]:
            version = aws_call(self.personalize.describe_solution_version, solutionVersionArn=serving)
            return _seconds(version["solutionVersion"])
        if newest.get("status") == ACTIVE:
            return _seconds(newest)
        return None if newest else _seconds(solution)

    def _tracker(self, counts: Counts) -> dict[str, Any]:
        if not self.settings.event_tracker_arn:
            return {}
        described = aws_call(self.personalize.describe_event_tracker, eventTrackerArn=self.settings.event_tracker_arn)
        status = described["eventTracker"]["status"]
        counts.add(Metric.NOT_ACTIVE, int(status != ACTIVE))
        return {"tracker": status}


def _solution_of(version_arn: str) -> str:
    """Return the solution of a version: ``arn:…:solution/NAME/ID`` without its last part."""
    return "/".join(version_arn.split("/")[:2])


def _seconds(described: Mapping[str, Any]) -> float:
    return float(described["creationDateTime"].timestamp())


@functools.cache
def connected() -> DailyCheck:
    """Connect to AWS, once per process."""
    aws = Aws(connections=2)
    return DailyCheck(aws.client("personalize"), aws.client("cloudwatch"), daily_check_settings())
