"""The life of a recommender, operation by operation."""

from tests.personalize_local.conformance.recorded import Recorded
from tests.personalize_local.domains.domain import RECIPES, Domain


def walk_domain(world: Recorded) -> None:
    """Call every operation that is about recommenders."""
    world.wait(60)
    shop = Domain("ECOMMERCE", world)
    world.fill(shop.tracking)
    world.wait(2)
    recipe = f"{RECIPES}aws-ecomm-recommended-for-you"
    options = {"recipeArn": recipe, "recommenderConfig": {"minRecommendationRequestsPerSecond": 1}}
    arn = world.create("Recommender", name="r", datasetGroupArn=shop.group, **options)
    assert len(shop.recommended(arn, userId="u1")) == 5
    world.call("UpdateRecommender", recommenderArn=arn, recommenderConfig={"enableMetadataWithRecommendations": True})
    world.wait(60)
    for operation in ("StopRecommender", "StartRecommender"):
        world.call(operation, recommenderArn=arn)
        world.check_described_and_listed("Recommender", arn)
        world.wait(60)
    world.call("DeleteRecommender", recommenderArn=arn)
