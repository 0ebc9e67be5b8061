"""The recipes of Amazon Personalize as the API lists them, and which of them are served."""

from typing import Any

from personalize_local.errors import InvalidInput, NotServed, ResourceNotFound
from personalize_rules.recipes import PREFIX, TYPES
from personalize_rules.use_cases import USE_CASES

SERVED = (
    "aws-user-personalization-v2",
    "aws-user-personalization",
    "aws-popularity-count",
    "aws-trending-now",
    "aws-personalized-ranking-v2",
    "aws-personalized-ranking",
    "aws-similar-items",
    "aws-sims",
    "aws-semantic-similarity",
    "aws-next-best-action",
    "aws-item-affinity",
    "aws-item-attribute-affinity",
)
ALGORITHM = "arn:aws:personalize:::algorithm/"
FEATURES = "arn:aws:personalize:::feature-transformation/JSON-percentile-filtering"
NOTES = {"aws-semantic-similarity": ", by TF-IDF with truncated SVD, not by embeddings of a language model"}
SINCE = 1_572_566_400.0  # 2019-11-01, before every local resource


def require_served(arn: str | None) -> str:
    """Return a recipe's ARN. Raises InvalidInput (no recipe), NotServed (a recipe that is only listed)."""
    if arn is None:
        raise InvalidInput("recipeArn is required when performAutoML is false")
    if arn.removeprefix(PREFIX) not in TYPES or not arn.startswith(PREFIX):
        raise InvalidInput(f"{arn} is not a recipe's ARN; ListRecipes lists them")
    if arn.removeprefix(PREFIX) not in SERVED:
        raise NotServed(f"{arn} is not served locally; served are {', '.join(SERVED)}")
    return arn


def is_known(name: str) -> bool:
    """Return whether there is such a recipe, of a custom dataset group or of a domain."""
    return name in TYPES or name in USE_CASES


def list_recipes(request: dict[str, Any]) -> dict[str, Any]:
    """Answer ListRecipes: the recipes of custom dataset groups, or of a domain."""
    domain = request.get("domain")
    names = sorted(TYPES if domain is None else (name for name, one in USE_CASES.items() if one.domain == domain))
    after = request.get("nextToken", "")
    rest = [name for name in names if name > after]
    shown = rest[: request.get("maxResults", 100)]
    of_domain = {} if domain is None else {"domain": domain}
    answer: dict[str, Any] = {"recipes": [_summary(name) | of_domain for name in shown]}
    return answer | ({"nextToken": shown[-1]} if len(shown) < len(rest) else {})


def describe_recipe(request: dict[str, Any]) -> dict[str, Any]:
    """Describe one recipe. Raises ResourceNotFound."""
    name = request["recipeArn"].removeprefix(PREFIX)
    if not is_known(name):
        raise ResourceNotFound.of(request["recipeArn"])
    served = "served locally" if name in SERVED or name in USE_CASES else "listed, but not served locally"
    about = {
        "algorithmArn": f"{ALGORITHM}{name}",
        "featureTransformationArn": FEATURES,
        "description": f"{name}: {served}{NOTES.get(name, '')}",
        "recipeType": TYPES.get(name) or USE_CASES[name].recipe_type,
    }
    return {"recipe": _summary(name) | about}


def _summary(name: str) -> dict[str, Any]:
    times = {"creationDateTime": SINCE, "lastUpdatedDateTime": SINCE}
    return {"name": name, "recipeArn": PREFIX + name, "status": "ACTIVE", **times}
