"""Fills a service with the made-up shop: datasets, an event tracker, a filter, a trained solution and a campaign.

It calls the service's own operations, as a program does over HTTP.
"""

import io
import json
import time
from collections.abc import Mapping
from typing import Any

from personalize_local.errors import JobFailed
from personalize_local.jobs.s3_folder import FolderStore
from personalize_local.jobs.s3_location import S3Object
from personalize_local.region import DEFAULT
from personalize_local.service import Personalize
from personalize_local.shop_data import shop_data

NAME = "shop"
RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
ROLE = "arn:aws:iam::123456789012:role/shop"
NOT_BOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'
LOOK_EVERY = 0.05  # seconds
COLUMNS: Mapping[str, tuple[dict[str, Any], ...]] = {
    "Items": (
        {"name": "ITEM_ID", "type": "string"},
        {"name": "NAME", "type": "string"},
        {"name": "CATEGORY", "type": "string", "categorical": True},
        {"name": "STYLE", "type": "string", "categorical": True},
        {"name": "PRICE", "type": "float"},
    ),
    "Users": (
        {"name": "USER_ID", "type": "string"},
        {"name": "SEGMENT", "type": "string", "categorical": True},
    ),
    "Interactions": (
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ),
}


def fill(service: Personalize, bucket: FolderStore) -> str:
    """Create the shop, unless it exists, and return its campaign's ARN once it is ACTIVE. Raises JobFailed."""
    caller = _Caller(service)
    existing = service.handlers["ListCampaigns"]({}, DEFAULT) or {}
    for campaign in existing["campaigns"]:
        if campaign["name"] == NAME:
            return str(campaign["campaignArn"])
    group = caller.active(caller.create("DatasetGroup", name=NAME))
    common = {"name": NAME, "datasetGroupArn": group}
    caller.create("EventTracker", **common)
    solution = caller.create("Solution", **common, recipeArn=RECIPE, performAutoTraining=False)
    _fill_datasets(caller, group, bucket)
    caller.create("Filter", name="not-bought", datasetGroupArn=group, filterExpression=NOT_BOUGHT)
    version = caller.active(caller.create("SolutionVersion", solutionArn=solution))
    config = {"enableMetadataWithRecommendations": True}
    return caller.active(caller.create("Campaign", name=NAME, solutionVersionArn=version, campaignConfig=config))


def _fill_datasets(caller: "_Caller", group: str, bucket: FolderStore) -> None:
    data = shop_data(time.time())
    imports = []
    for kind, fields in COLUMNS.items():
        record = {"type": "record", "name": kind, "namespace": "com.amazonaws.personalize.schema", "fields": fields}
        schema = caller.create("Schema", name=f"{NAME}-{kind.lower()}", schema=json.dumps(record))
        dataset = caller.create("Dataset", name=kind, schemaArn=schema, datasetGroupArn=group, datasetType=kind)
        stored = S3Object(NAME, f"{kind.lower()}.csv")
        bucket.put(stored, io.BytesIO(getattr(data, kind.lower()).encode()))
        location = {"dataLocation": stored.name}
        imports.append(
            caller.create("DatasetImportJob", jobName=kind, datasetArn=dataset, dataSource=location, roleArn=ROLE)
        )
    for job in imports:
        caller.active(job)


class _Caller:
    """Creates resources, and waits for those that others build on."""

    def __init__(self, service: Personalize) -> None:
        self._handlers = service.handlers
        self._noun_of: dict[str, str] = {}

    def create(self, noun: str, **request: Any) -> str:
        """Create a resource and return its ARN at once."""
        created = self._handlers[f"Create{noun}"](request, DEFAULT) or {}
        arn = str(created[_arn_key(noun)])
        self._noun_of[arn] = noun
        return arn

    def active(self, arn: str) -> str:
        """Return the ARN once the resource is ACTIVE. Raises JobFailed if its creation fails."""
        noun = self._noun_of[arn]
        while True:
            answer = self._handlers[f"Describe{noun}"]({_arn_key(noun): arn}, DEFAULT) or {}
            (described,) = answer.values()
            if described["status"] == "ACTIVE":
                return arn
            if described["status"] == "CREATE FAILED":
                raise JobFailed(f"{arn}: {described['failureReason']}")
            time.sleep(LOOK_EVERY)


def _arn_key(noun: str) -> str:
    return f"{noun[0].lower()}{noun[1:]}Arn"
