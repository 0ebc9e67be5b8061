"""The recipes of Amazon Personalize, and which of them are served.

Names: Developer Guide, "Choosing a recipe"; types: its table of recipe types.
"""

from typing import Any

from personalize_local.errors import InvalidInput, NotServed, ResourceNotFound

PREFIX = "arn:aws:personalize:::recipe/"
PERSONALIZATION, RELATED, RANKING = "USER_PERSONALIZATION", "RELATED_ITEMS", "PERSONALIZED_RANKING"
SERVED = {
    "aws-user-personalization-v2": PERSONALIZATION,
    "aws-user-personalization": PERSONALIZATION,
    "aws-popularity-count": PERSONALIZATION,
    "aws-personalized-ranking-v2": RANKING,
    "aws-personalized-ranking": RANKING,
    "aws-similar-items": RELATED,
    "aws-sims": RELATED,
}
LISTED = SERVED | {
    "aws-trending-now": PERSONALIZATION,
    "aws-semantic-similarity": RELATED,
    "aws-next-best-action": "PERSONALIZED_ACTIONS",
    "aws-item-affinity": "USER_SEGMENTATION",
    "aws-item-attribute-affinity": "USER_SEGMENTATION",
    "aws-hrnn": PERSONALIZATION,
    "aws-hrnn-metadata": PERSONALIZATION,
    "aws-hrnn-coldstart": PERSONALIZATION,
}
SINCE = 1_572_566_400.0  # 2019-11-01, before every local resource


def require_served(arn: str | None) -> str:
    """Return a recipe's ARN. Raises InvalidInput (no recipe), NotServed (a recipe that is only listed)."""
    if arn is None:
        raise InvalidInput("recipeArn is required when performAutoML is false")
    if arn.removeprefix(PREFIX) not in LISTED or not arn.startswith(PREFIX):
        raise InvalidInput(f"{arn} is not a recipe's ARN; ListRecipes lists them")
    if arn.removeprefix(PREFIX) not in SERVED:
        raise NotServed(f"{arn} is not served locally; served are {', '.join(SERVED)}")
    return arn


def list_recipes(request: dict[str, Any]) -> dict[str, Any]:
    """Answer ListRecipes, all on one page, without domain recipes."""
    names = [] if "domain" in request else sorted(LISTED)
    after = request.get("nextToken", "")
    rest = [name for name in names if name > after]
    shown = rest[: request.get("maxResults", 100)]
    answer: dict[str, Any] = {"recipes": [_summary(name) for name in shown]}
    return answer | ({"nextToken": shown[-1]} if len(shown) < len(rest) else {})


def describe_recipe(request: dict[str, Any]) -> dict[str, Any]:
    """Describe one recipe. Raises ResourceNotFound."""
    name = request["recipeArn"].removeprefix(PREFIX)
    if name not in LISTED:
        raise ResourceNotFound(f"Could not find Recipe {request['recipeArn']}")
    served = "served locally" if name in SERVED else "listed, but not served locally"
    about = {
        "algorithmArn": f"arn:aws:personalize:::algorithm/{name}",
        "featureTransformationArn": "arn:aws:personalize:::feature-transformation/JSON-percentile-filtering",
        "description": f"{name}: {served}",
        "recipeType": LISTED[name],
    }
    return {"recipe": _summary(name) | about}


def _summary(name: str) -> dict[str, Any]:
    times = {"creationDateTime": SINCE, "lastUpdatedDateTime": SINCE}
    return {"name": name, "recipeArn": PREFIX + name, "status": "ACTIVE", **times}
