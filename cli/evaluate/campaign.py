"""Asks a live campaign, of AWS or of the local Personalize, about every test user."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

AT_ONCE = 8


def ask(
    client: Any, request: Mapping[str, Any], users: Sequence[str], step: Callable[[int], None]
) -> dict[str, list[str]]:
    """Return each user's recommended items. ``client``: boto3's personalize-runtime; ``request``: GetRecommendations',
    the user apart. Raises botocore's errors.
    """

    def recommend(user: str) -> list[str]:
        answer = client.get_recommendations(**request, userId=user)
        step(1)
        return [item["itemId"] for item in answer["itemList"]]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(users, pool.map(recommend, users), strict=True))


def recipe(client: Any, arn: str) -> str | None:
    """Return the recipe of a campaign's model; None where the login may not ask. ``client``: boto3's personalize."""
    try:
        campaign = client.describe_campaign(campaignArn=arn)["campaign"]
        version = client.describe_solution_version(solutionVersionArn=campaign["solutionVersionArn"])["solutionVersion"]
    except ClientError:
        return None
    return str(version["recipeArn"]).rpartition("/")[2]
