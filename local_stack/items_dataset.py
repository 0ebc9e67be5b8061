"""The Items dataset of the local stack: the catalogue of the made-up shop, of which profiles can have columns."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from lifecycle import datasets, resource_types
from lifecycle.names import Names
from lifecycle.resources import Resources
from local_stack.items4u.catalogue import Item

BUCKET = "items4u-catalogue"
ROLE_ARN = "arn:aws:iam::123456789012:role/local"  # roles are not checked here
COLUMNS = ("NAME", "CATEGORY", "STYLE", "BRAND", "PRICE")
SCHEMA = json.dumps(
    {
        "type": "record",
        "name": "Items",
        "namespace": "com.amazonaws.personalize.schema",
        "version": "1.0",
        "fields": [
            {"name": "ITEM_ID", "type": "string"},
            {"name": "NAME", "type": "string"},
            {"name": "CATEGORY", "type": "string", "categorical": True},
            {"name": "STYLE", "type": "string", "categorical": True},
            {"name": "BRAND", "type": "string", "categorical": True},
            {"name": "PRICE", "type": "float"},
        ],
    }
)


def import_catalogue(resources: Resources, s3: Any, names: Names, items: Sequence[Item]) -> None:
    """Create the dataset, and wait until all items are in it. ``s3``: a client. Raises CreationFailed, ClientError."""
    dataset = datasets.dataset(resources, names, "items", SCHEMA)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="items.csv", Body=_csv(items).encode())
    request = {"datasetArn": dataset, "dataSource": {"dataLocation": f"s3://{BUCKET}/items.csv"}, "roleArn": ROLE_ARN}
    resources.wait(
        resource_types.IMPORT_JOB, resources.create(resource_types.IMPORT_JOB, {"jobName": "catalogue", **request})
    )


def _csv(items: Sequence[Item]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([("ITEM_ID", *COLUMNS), *_rows(items)])
    return text.getvalue()


def _rows(items: Sequence[Item]) -> Iterator[tuple[str | float, ...]]:
    for item in items:
        yield item.id, item.name, item.category, item.style, item.brand, item.price
