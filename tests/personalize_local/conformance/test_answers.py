"""Every operation that is served, answered at least once, with everything its answer may hold checked by the model."""

import pytest

from personalize_local.jobs.runner import Outcome
from tests.personalize_local.conformance.action_walk import walk_actions
from tests.personalize_local.conformance.domain_walk import walk_domain
from tests.personalize_local.conformance.recorded import Recorded, avro
from tests.personalize_local.world import RECIPE, HeldJobs

RANKING = "arn:aws:personalize:::recipe/aws-personalized-ranking"
AFFINITY = "arn:aws:personalize:::recipe/aws-item-affinity"
ROLE = "arn:aws:iam::123456789012:role/any"
SOURCE = {"dataLocation": "s3://shop/interactions.csv"}


def test_every_operation_that_is_served_can_be_answered_as_the_model_says() -> None:
    world = Recorded()
    tracking = world.ready_to_collect()
    group = world.call("ListDatasetGroups")["datasetGroups"][0]["datasetGroupArn"]
    interactions = world.call("ListDatasets", datasetGroupArn=group)["datasets"][0]["datasetArn"]
    tracker = world.call("ListEventTrackers")["eventTrackers"][0]["eventTrackerArn"]
    for kind, arn in (("DatasetGroup", group), ("Dataset", interactions), ("EventTracker", tracker)):
        world.check_described_and_listed(kind, arn)
    world.fill(tracking)
    datasets = {}
    for name, key in (("Users", "USER_ID"), ("Items", "ITEM_ID")):
        shaped = world.create("Schema", name=name, schema=avro(name, key))
        datasets[name] = world.create("Dataset", name=name, schemaArn=shaped, datasetGroupArn=group, datasetType=name)
    world.call("PutUsers", datasetArn=datasets["Users"], users=[{"userId": "u1", "properties": '{"kind": "a"}'}])
    world.call("PutItems", datasetArn=datasets["Items"], items=[{"itemId": "i1", "properties": '{"kind": "a"}'}])
    same = world.create("Schema", name="same", schema=avro("Users", "USER_ID"))
    world.call("UpdateDataset", datasetArn=datasets["Users"], schemaArn=same)
    world.check_described_and_listed("Dataset", datasets["Users"])
    # There is no S3 in this world: these jobs end in CREATE FAILED, whose answers say why.
    world.create("DatasetImportJob", jobName="i", datasetArn=interactions, dataSource=SOURCE, roleArn=ROLE)
    target = {"s3DataDestination": {"path": "s3://shop/out/"}}
    world.create("DatasetExportJob", jobName="e", datasetArn=interactions, jobOutput=target, roleArn=ROLE)
    world.create("DataDeletionJob", jobName="d", datasetGroupArn=group, dataSource=SOURCE, roleArn=ROLE)
    kept = world.create(
        "Filter", name="f", datasetGroupArn=group, filterExpression="INCLUDE ItemID WHERE Items.KIND IN ($K)"
    )
    count = {"metricName": "views", "eventType": "view", "expression": "SAMPLECOUNT()"}
    reports = {"metrics": [count], "metricsOutputConfig": {**target, "roleArn": ROLE}}
    attribution = world.create("MetricAttribution", name="a", datasetGroupArn=group, **reports)
    assert world.call("ListMetricAttributionMetrics", metricAttributionArn=attribution)["metrics"] == [count]
    world.call("UpdateMetricAttribution", metricAttributionArn=attribution, removeMetrics=["views"])
    recipes = world.call("ListRecipes")["recipes"]
    assert RECIPE in [recipe["recipeArn"] for recipe in recipes]
    recipe = world.call("DescribeRecipe", recipeArn=RECIPE)["recipe"]
    world.call("DescribeAlgorithm", algorithmArn=recipe["algorithmArn"])
    world.call("DescribeFeatureTransformation", featureTransformationArn=recipe["featureTransformationArn"])
    world.call("TagResource", resourceArn=kept, tags=[{"tagKey": "a", "tagValue": "b"}])
    assert world.call("ListTagsForResource", resourceArn=kept) == {"tags": [{"tagKey": "a", "tagValue": "b"}]}
    world.call("UntagResource", resourceArn=kept, tagKeys=["a"])

    solution = world.create("Solution", name="s", datasetGroupArn=group, recipeArn=RECIPE)
    stopped = world.call("CreateSolutionVersion", solutionArn=solution)["solutionVersionArn"]
    world.call("StopSolutionVersionCreation", solutionVersionArn=stopped)
    version = world.create("SolutionVersion", solutionArn=solution, name="first")
    world.call("UpdateSolution", solutionArn=solution, performAutoTraining=False)
    world.check_described_and_listed("Solution", solution)
    assert len(world.call("GetSolutionMetrics", solutionVersionArn=version)["metrics"]) == 8
    campaign = world.create("Campaign", name="c", solutionVersionArn=version)
    world.call("UpdateCampaign", campaignArn=campaign, minProvisionedTPS=2)
    world.check_described_and_listed("Campaign", campaign)
    ask = {"campaignArn": campaign, "userId": "u1", "filterArn": kept, "filterValues": {"K": '"a"'}}
    assert [item["itemId"] for item in world.call("GetRecommendations", **ask)["itemList"]] == ["i1"]
    ranking = world.create("Solution", name="r", datasetGroupArn=group, recipeArn=RANKING)
    ranked = world.campaign(world.trained(ranking), name="r")
    asked = {"campaignArn": ranked, "userId": "u1", "inputList": ["i3", "i1"]}
    assert len(world.call("GetPersonalizedRanking", **asked)["personalizedRanking"]) == 2
    place = {"s3DataSource": {"path": "s3://shop/users.json"}}, {"s3DataDestination": {"path": "s3://shop/out/"}}
    batch = {"jobName": "b", "solutionVersionArn": version, "roleArn": ROLE}
    world.create("BatchInferenceJob", **batch, jobInput=place[0], jobOutput=place[1], filterArn=kept, numResults=5)

    affinity = world.solution("segments", datasetGroupArn=group, recipeArn=AFFINITY)
    segments = {"jobName": "s", "solutionVersionArn": world.trained(affinity), "roleArn": ROLE}
    world.create("BatchSegmentJob", **segments, jobInput=place[0], jobOutput=place[1], numResults=5)

    for arn in (campaign, ranked):
        world.call("DeleteCampaign", campaignArn=arn)
    world.wait(3)
    for arn in (solution, ranking, affinity):
        world.call("DeleteSolution", solutionArn=arn)
    world.call("DeleteFilter", filterArn=kept)
    world.call("DeleteMetricAttribution", metricAttributionArn=attribution)
    world.call("DeleteEventTracker", eventTrackerArn=tracker)
    for arn in (interactions, *datasets.values()):
        world.call("DeleteDataset", datasetArn=arn)
    world.wait(3)
    world.call("DeleteDatasetGroup", datasetGroupArn=group)
    for one in world.call("ListSchemas")["schemas"]:
        world.call("DeleteSchema", schemaArn=one["schemaArn"])

    walk_domain(world)
    with_actions = Recorded()
    walk_actions(with_actions)
    assert world.service.handlers.keys() - world.answered - with_actions.answered == set()


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_a_version_that_is_not_trained_is_described_and_has_no_metrics(state: str) -> None:
    jobs = HeldJobs()
    world = Recorded(jobs=jobs)
    world.fill(world.ready_to_collect())
    version = world.call("CreateSolutionVersion", solutionArn=world.solution())["solutionVersionArn"]
    if state == "failed":
        jobs.end(Outcome(failure="no luck"))
        world.wait(60)
    world.check_described_and_listed("SolutionVersion", version)
    with pytest.raises(Exception, match="ResourceInUseException"):
        world.call("GetSolutionMetrics", solutionVersionArn=version)
    with pytest.raises(Exception, match="ResourceInUseException"):
        world.call("CreateCampaign", name="c", solutionVersionArn=version)
