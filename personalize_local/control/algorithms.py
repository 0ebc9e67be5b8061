"""DescribeAlgorithm and DescribeFeatureTransformation: what DescribeRecipe names, with the local models' settings."""

from typing import Any

from personalize_local.control.recipes import ALGORITHM, FEATURES, SINCE, is_known
from personalize_local.errors import ResourceNotFound
from recommender_models.settings import Settings

TIMES = {"creationDateTime": SINCE, "lastUpdatedDateTime": SINCE}
Request = dict[str, Any]


def describe_algorithm(request: Request) -> dict[str, Any]:
    """Describe the algorithm of a recipe: hyperparameters and ranges are those of the local model. It has no image.

    Raises ResourceNotFound.
    """
    arn = request["algorithmArn"]
    name = arn.removeprefix(ALGORITHM)
    if not is_known(name) or not arn.startswith(ALGORITHM):
        raise ResourceNotFound.of(arn)
    about = {"name": name, "algorithmArn": arn, "trainingInputMode": "File"}
    return {"algorithm": about | _hyperparameters(name) | TIMES}


def _hyperparameters(name: str) -> dict[str, Any]:
    from recommender_models.models import RECIPES, PersonalizedRanking, UserPersonalization  # with SciPy
    from recommender_models.search import VALUES

    if RECIPES.get(name) not in (UserPersonalization, PersonalizedRanking):
        return {"defaultHyperParameters": {}}
    ranges = [
        {"name": setting, "minValue": min(values), "maxValue": max(values), "isTunable": True}
        for setting, values in VALUES.items()
    ]
    return {
        "defaultHyperParameters": Settings().as_text(),
        "defaultHyperParameterRanges": {"continuousHyperParameterRanges": ranges},
    }


def describe_feature_transformation(request: Request) -> dict[str, Any]:
    """Describe the feature transformation of all recipes, which has no parameters here. Raises ResourceNotFound."""
    arn = request["featureTransformationArn"]
    if arn != FEATURES:
        raise ResourceNotFound.of(arn)
    about = {"name": arn.rpartition("/")[2], "featureTransformationArn": arn, "defaultParameters": {}}
    return {"featureTransformation": about | {"status": "ACTIVE"} | TIMES}
