"""A shop in virtual time with all three datasets, and the calls that tests make of it."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.personalize_local.jobs.schemas import schema
from tests.personalize_local.world import World

ROLE = "arn:aws:iam::123456789012:role/any"
RECIPES = "arn:aws:personalize:::recipe/"
USERS = schema("Users", ("USER_ID", "string"), ("AGE", "int"), ("HOME_TOWN", ["null", "string"], "categorical"))
ITEMS = schema(
    "Items", ("ITEM_ID", "string"), ("PRICE", ["null", "float"]), ("GENRE", ["null", "string"], "categorical")
)


@dataclass
class Shop:
    """A dataset group called shop: its ``datasets``' ARNs by type, its tracking id."""

    world: World
    tracking: str
    group: str
    datasets: dict[str, str] = field(default_factory=dict)

    def put_user(self, user: str, **properties: Any) -> None:
        """Put a user; properties in camelCase."""
        record = {"userId": user, "properties": json.dumps(properties)}
        self.world.call("PutUsers", datasetArn=self.datasets["Users"], users=[record])

    def put_item(self, item: str, **properties: Any) -> None:
        """Put an item; properties in camelCase."""
        record = {"itemId": item, "properties": json.dumps(properties)}
        self.world.call("PutItems", datasetArn=self.datasets["Items"], items=[record])

    def trained(self, recipe: str = "aws-user-personalization-v2") -> str:
        """Fill the shop, train, return the version."""
        self.world.fill(self.tracking)
        self.world.wait(2)
        return self.world.trained(self.world.solution(name="shop", recipeArn=RECIPES + recipe))

    def filter(self, expression: str, name: str = "f") -> str:
        """Create a filter and wait; return its ARN."""
        made = {"name": name, "datasetGroupArn": self.group, "filterExpression": expression}
        arn = self.world.call("CreateFilter", **made)["filterArn"]
        self.world.wait(3)
        return str(arn)

    def job(self, kind: str, location: str, name: str, **options: Any) -> dict[str, Any]:
        """Run an import (``datasetArn`` says into what) or a deletion; return its description."""
        source = {"dataSource": {"dataLocation": location}, "roleArn": ROLE}
        (arn,) = self.world.call(f"Create{kind}", jobName=name, **source, **options).values()
        self.world.wait(3)
        key = f"{kind[0].lower()}{kind[1:]}Arn"
        (described,) = self.world.call(f"Describe{kind}", **{key: arn}).values()
        return dict(described)


def made_shop(world: World) -> Shop:
    """Create everything and wait until it is ACTIVE."""
    tracking = world.ready_to_collect()
    shop = Shop(world, tracking, "arn:aws:personalize:us-east-1:123456789012:dataset-group/shop")
    shop.datasets["Interactions"] = world.call("ListDatasets")["datasets"][0]["datasetArn"]
    for kind, avro in (("Users", USERS), ("Items", ITEMS)):
        shaped = world.call("CreateSchema", name=kind, schema=avro)["schemaArn"]
        made = {"name": kind, "schemaArn": shaped, "datasetGroupArn": shop.group, "datasetType": kind}
        shop.datasets[kind] = world.call("CreateDataset", **made)["datasetArn"]
    world.wait(3)
    return shop
