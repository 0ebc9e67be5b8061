"""A dataset group of a domain in virtual time, and the calls that tests make of it."""

import json
from collections.abc import Iterable
from typing import Any

from personalize_local.toggles import Toggles
from tests.personalize_local.jobs.schemas import KEYS, schema
from tests.personalize_local.world import World

RECIPES = "arn:aws:personalize:::recipe/"
INTERACTIONS = schema("Interactions", *KEYS, ("EVENT_TYPE", "string"))
ITEMS = {
    "ECOMMERCE": schema("Items", ("ITEM_ID", "string"), ("PRICE", "float"), ("CATEGORY_L1", ["string"], "categorical")),
    "VIDEO_ON_DEMAND": schema(
        "Items", ("ITEM_ID", "string"), ("GENRES", ["string"], "categorical"), ("CREATION_TIMESTAMP", "long")
    ),
}
HOUR = 3600.0

Interaction = tuple[str, str, str, float]
"""User, item, event type, seconds before now."""


class Domain:
    """A dataset group of a domain with an Interactions and an Items dataset, and its recommenders."""

    def __init__(self, domain: str, world: World | None = None) -> None:
        self.world = world or World(toggles=Toggles(throttling=False, minimums=False))
        self.name = domain
        made = self.world.call("CreateDatasetGroup", name="shop", domain=domain)
        assert made["domain"] == domain
        self.group = made["datasetGroupArn"]
        self.world.wait(3)
        self.interactions = self.dataset("Interactions", INTERACTIONS)
        self.items = self.dataset("Items", ITEMS[domain])
        tracker = self.world.call("CreateEventTracker", name="shop", datasetGroupArn=self.group)
        self.tracking = tracker["trackingId"]
        self.world.wait(3)

    def dataset(self, kind: str, avro: str) -> str:
        """Create a dataset of the domain; return its ARN."""
        shaped = self.world.call("CreateSchema", name=kind, schema=avro, domain=self.name)["schemaArn"]
        made = {"name": kind, "schemaArn": shaped, "datasetGroupArn": self.group, "datasetType": kind}
        return str(self.world.call("CreateDataset", **made)["datasetArn"])

    def put(self, interactions: Iterable[Interaction]) -> None:
        """Put interactions and wait until they are visible."""
        for user, item, event_type, ago in interactions:
            event = {"itemId": item, "eventType": event_type, "sentAt": self.world.now - ago}
            self.world.put(self.tracking, event, user=user, session=user)
        self.world.wait(2)

    def put_item(self, item: str, **properties: Any) -> None:
        """Put an item; properties in camelCase."""
        record = {"itemId": item, "properties": json.dumps(properties)}
        self.world.call("PutItems", datasetArn=self.items, items=[record])

    def recommender(self, use_case: str, name: str = "", **config: Any) -> str:
        """Create a recommender, wait until it is ACTIVE and return its ARN."""
        options = {"recommenderConfig": config} if config else {}
        made = {"name": name or use_case, "datasetGroupArn": self.group, "recipeArn": RECIPES + use_case}
        arn = self.world.call("CreateRecommender", **made, **options)["recommenderArn"]
        self.world.wait(30)
        assert self.describe(arn)["status"] == "ACTIVE"
        return str(arn)

    def describe(self, arn: str) -> dict[str, Any]:
        """Return what DescribeRecommender says."""
        return dict(self.world.call("DescribeRecommender", recommenderArn=arn)["recommender"])

    def recommended(self, arn: str, results: int = 5, **request: Any) -> list[str]:
        """Return the recommended items' ids."""
        answer = self.world.call("GetRecommendations", recommenderArn=arn, numResults=results, **request)
        return [item["itemId"] for item in answer["itemList"]]
