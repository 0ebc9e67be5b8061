"""What DescribeRecipe names can be described."""

import pytest

from recommender_models.settings import Settings
from tests.personalize_local.world import Refused, World


def test_the_algorithm_of_every_recipe_is_described(world: World) -> None:
    for domain in ({}, {"domain": "ECOMMERCE"}, {"domain": "VIDEO_ON_DEMAND"}):
        for listed in world.call("ListRecipes", **domain)["recipes"]:
            recipe = world.call("DescribeRecipe", recipeArn=listed["recipeArn"])["recipe"]
            algorithm = world.call("DescribeAlgorithm", algorithmArn=recipe["algorithmArn"])["algorithm"]
            assert algorithm["name"] == listed["name"]
            features = recipe["featureTransformationArn"]
            described = world.call("DescribeFeatureTransformation", featureTransformationArn=features)
            assert described["featureTransformation"]["status"] == "ACTIVE"


def test_its_hyperparameters_are_those_of_the_local_model(world: World) -> None:
    arn = "arn:aws:personalize:::algorithm/aws-user-personalization"
    algorithm = world.call("DescribeAlgorithm", algorithmArn=arn)["algorithm"]
    assert algorithm["defaultHyperParameters"] == Settings().as_text()
    ranges = algorithm["defaultHyperParameterRanges"]["continuousHyperParameterRanges"]
    assert {one["name"] for one in ranges} == set(Settings().as_text())
    for one in ranges:
        assert one["minValue"] <= float(algorithm["defaultHyperParameters"][one["name"]]) <= one["maxValue"]


@pytest.mark.parametrize(
    ("operation", "key"),
    [("DescribeAlgorithm", "algorithmArn"), ("DescribeFeatureTransformation", "featureTransformationArn")],
)
def test_another_arn_is_not_found(world: World, operation: str, key: str) -> None:
    for arn in ("arn:aws:personalize:::algorithm/other", "arn:aws:personalize:::recipe/aws-sims"):
        with pytest.raises(Refused, match="ResourceNotFound"):
            world.call(operation, **{key: arn})
