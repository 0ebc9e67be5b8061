"""Asks a live campaign, of AWS or of the local Personalize, about every test user."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

AT_ONCE = 8


def ask(client: Any, arn: str, users: Sequence[str], places: int, step: Callable[[int], None]) -> dict[str, list[str]]:
    """Return each user's recommended items. ``client``: boto3's personalize-runtime. Raises botocore's errors."""

    def one(user: str) -> list[str]:
        answer = client.get_recommendations(campaignArn=arn, userId=user, numResults=places)
        step(1)
        return [item["itemId"] for item in answer["itemList"]]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(users, pool.map(one, users), strict=True))
