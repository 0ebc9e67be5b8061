"""Deployed in the place of both functions: tries calls with the function's own role, and says how AWS answered."""

from typing import Any

import boto3
from botocore.exceptions import ClientError

ALLOWED = "allowed"


def handler(event: dict[str, Any], context: object) -> list[str]:
    """Return, for each of ``calls`` (service, operation, parameters), ALLOWED or the code of AWS's error."""
    return [attempt(boto3.client(service), *call) for service, *call in event.get("calls", ())]


def attempt(client: Any, operation: str, parameters: dict[str, Any]) -> str:
    """Call an operation; return ALLOWED, or the code of AWS's error."""
    try:
        getattr(client, operation)(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ALLOWED
