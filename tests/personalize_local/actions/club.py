"""A dataset group with actions in virtual time, and the calls that tests make of it."""

import json
from typing import Any

from personalize_local.toggles import Toggles
from tests.personalize_local.jobs.schemas import schema
from tests.personalize_local.world import World

RECIPE = "arn:aws:personalize:::recipe/aws-next-best-action"
ACTIONS = schema(
    "Actions",
    ("ACTION_ID", "string"),
    ("VALUE", ["null", "long"]),
    ("ACTION_EXPIRATION_TIMESTAMP", ["null", "long"]),
    ("REPEAT_FREQUENCY", ["null", "long"]),
)
ACTION_INTERACTIONS = schema(
    "ActionInteractions",
    ("USER_ID", "string"),
    ("ACTION_ID", "string"),
    ("EVENT_TYPE", "string"),
    ("TIMESTAMP", "long"),
)


class Club:
    """A dataset group called shop with actions; ``datasets``: ARNs by type."""

    def __init__(self, world: World | None = None, actions: str = ACTIONS) -> None:
        """``actions``: the schema of the Actions dataset."""
        self.world = world or World(toggles=Toggles(throttling=False, minimums=False))
        self.tracking = self.world.ready_to_collect()
        self.group = "arn:aws:personalize:us-east-1:123456789012:dataset-group/shop"
        self.datasets: dict[str, str] = {}
        for kind, avro in (("Actions", actions), ("Action_Interactions", ACTION_INTERACTIONS)):
            shaped = self.world.call("CreateSchema", name=kind, schema=avro)["schemaArn"]
            made = {"name": kind, "schemaArn": shaped, "datasetGroupArn": self.group, "datasetType": kind}
            self.datasets[kind] = self.world.call("CreateDataset", **made)["datasetArn"]
        self.world.wait(3)
        described = self.world.call("DescribeDataset", datasetArn=self.datasets["Action_Interactions"])["dataset"]
        self.action_tracking = described["trackingId"]

    def put_action(self, action: str, **properties: Any) -> None:
        """Put an action; properties in camelCase."""
        record = {"actionId": action, "properties": json.dumps(properties)}
        self.world.call("PutActions", datasetArn=self.datasets["Actions"], actions=[record])

    def interact(self, user: str, action: str, event_type: str, ago: float = 60.0) -> None:
        """Put an interaction with an action, seconds before now."""
        interaction = {"userId": user, "sessionId": user, "actionId": action, "eventType": event_type}
        interaction["timestamp"] = self.world.now - ago
        self.world.call("PutActionInteractions", trackingId=self.action_tracking, actionInteractions=[interaction])

    def members(self, count: int = 130) -> None:
        """Fill the club: odd members view odd items and download the app, even ones the others, and enrol.

        All have seen both actions.
        """
        for number in range(count):
            user, odd = f"u{number}", number % 2
            seen = [{"itemId": f"i{2 * ((number + step) % 10) + odd}"} for step in range(4)]
            self.world.put(self.tracking, *seen, user=user, session=user)
            for action, taken in (("download", odd), ("enrol", not odd)):
                self.interact(user, action, "Viewed", ago=120)
                self.interact(user, action, "Taken" if taken else "Not Taken")
        self.world.wait(2)

    def campaign(self, name: str = "shop", **options: Any) -> str:
        """Train and deploy; return the campaign."""
        solution = self.world.solution(name, datasetGroupArn=self.group, recipeArn=RECIPE, **options)
        return self.world.campaign(self.world.trained(solution), name=name)

    def recommended(self, campaign: str, user: str, **request: Any) -> dict[str, float]:
        """Return the recommended actions in their order, with their scores."""
        answer = self.world.call("GetActionRecommendations", campaignArn=campaign, userId=user, **request)
        return {action["actionId"]: action["score"] for action in answer["actionList"]}
