"""The Avro schemas of the Personalize datasets, as the compact JSON that CloudFormation compares letter by letter."""

import json
from pathlib import Path
from typing import Any

from infra.paths import LAMBDA_SRC

NAMESPACE = "com.amazonaws.personalize.schema"


def interactions_schema() -> str:
    """Return the schema that the functions write by."""
    return _compact(json.loads((LAMBDA_SRC / "broker" / "interactions.avsc").read_text()))


def users_schema(path: Path) -> str:
    """Read the schema of a Users dataset. Raises ValueError if it is none.

    https://docs.aws.amazon.com/personalize/latest/dg/users-datasets.html: a USER_ID and at least one more field.
    """
    try:
        schema = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"must name a file with an Avro schema: {error}") from error
    fields = [field.get("name") for field in schema.get("fields", [])] if isinstance(schema, dict) else []
    if "USER_ID" not in fields or len(fields) < 2:
        raise ValueError(
            f"must have USER_ID and at least one field more, {path.name} has {', '.join(map(str, fields))}"
        )
    if (schema.get("name"), schema.get("namespace")) != ("Users", NAMESPACE):
        raise ValueError(f"must name a schema called Users in the namespace {NAMESPACE}: {path.name} is not")
    return _compact(schema)


def _compact(schema: Any) -> str:
    return json.dumps(schema, separators=(",", ":"))
