"""boto3's clients of the three services, and waiting for what they create."""

from collections.abc import Iterable
from typing import Any

import boto3
from botocore.config import Config

from tests.personalize_local.waiting import until

SETTLED = ("ACTIVE", "CREATE FAILED", "COMPLETED", "FAILED")


class Aws:
    """``control``, ``events`` and ``runtime`` talk to one endpoint; nothing is retried."""

    def __init__(self, url: str) -> None:
        made = [
            boto3.client(
                service,
                endpoint_url=url,
                region_name="us-east-1",
                aws_access_key_id="local",
                aws_secret_access_key="local",
                config=Config(retries={"total_max_attempts": 1}, connect_timeout=60, read_timeout=300),
            )
            for service in ("personalize", "personalize-events", "personalize-runtime")
        ]
        self.url = url
        self.control, self.events, self.runtime = made

    def describe(self, kind: str, arn: str) -> dict[str, Any]:
        """Describe one resource; ``kind`` as in the names of the operations: ``DatasetGroup``."""
        words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind)
        (key,) = self.control.meta.service_model.operation_model(f"Describe{kind}").input_shape.members
        answer = getattr(self.control, f"describe{words}")(**{key: arn})
        return dict(next(value for name, value in answer.items() if name != "ResponseMetadata"))

    def wait_until_settled(self, kind: str, arn: str, seconds: float = 300) -> dict[str, Any]:
        """Wait until a resource is ACTIVE or CREATE FAILED; return its description."""
        found: dict[str, Any] = {}

        def is_settled() -> bool:
            found.update(self.describe(kind, arn))
            return found["status"] in SETTLED

        until(is_settled, seconds)
        return found

    def wait_until_active(self, kind: str, arn: str, seconds: float = 300) -> str:
        """Wait until a resource is ACTIVE; return its ARN."""
        found = self.wait_until_settled(kind, arn, seconds)
        assert found["status"] == "ACTIVE", found.get("failureReason")
        return arn

    def wait_until_gone(self, kind: str, arn: str) -> None:
        """Wait until a deleted resource is not found any more."""

        def is_gone() -> bool:
            try:
                self.describe(kind, arn)
            except self.control.exceptions.ResourceNotFoundException:
                return True
            return False

        until(is_gone)

    def recommended(self, campaign: str, user: str, results: int = 10, **options: Any) -> list[str]:
        """Return the recommended items."""
        ask = {"campaignArn": campaign, "userId": user, "numResults": results, **options}
        return [item["itemId"] for item in self.runtime.get_recommendations(**ask)["itemList"]]


def csv(header: str, rows: Iterable[Iterable[object]]) -> str:
    """Return a CSV file."""
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"
