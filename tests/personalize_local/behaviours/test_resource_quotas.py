"""With ``resource_quotas`` there are no more resources than AWS allows at first."""

from pathlib import Path

import pytest

from personalize_local.journal import Journal
from personalize_local.toggles import Toggles
from tests.personalize_local.behaviours.shop import RECIPES, ROLE
from tests.personalize_local.world import RECIPE, HeldJobs, Refused, World

ARN = "arn:aws:personalize:us-east-1:123456789012:"
QUOTAS = Toggles(throttling=False, minimums=False, resource_quotas=True)


def test_a_region_has_five_dataset_groups(tmp_path: Path) -> None:
    world = World(toggles=QUOTAS, folder=tmp_path, journal=Journal(tmp_path))
    for number in range(5):
        world.call("CreateDatasetGroup", name=f"g{number}")
    with pytest.raises(Refused, match=r"LimitExceeded.*Total number of active dataset groups per Region.* to 5"):
        world.call("CreateDatasetGroup", name="g5")
    world.region = "eu-west-1"
    world.call("CreateDatasetGroup", name="elsewhere")
    world.region = "us-east-1"
    world.wait(3)
    world.call("DeleteDatasetGroup", datasetGroupArn=f"{ARN}dataset-group/g0")
    world.wait(3)
    world.call("CreateDatasetGroup", name="g5")
    world.service.set_toggles({"resource_quotas": False})
    world.call("CreateDatasetGroup", name="g6")
    world.journal.close()
    again = World(toggles=QUOTAS, folder=tmp_path, journal=Journal(tmp_path), now=world.now)
    assert len(again.call("ListDatasetGroups")["datasetGroups"]) == 6, "what was taken stays"


def test_a_dataset_group_has_ten_solutions_and_five_campaigns() -> None:
    world = World(toggles=QUOTAS)
    for name in ("one", "two"):
        world.fill(world.ready_to_collect(name=name), users=4, each=10)
    world.wait(2)
    for number in range(10):
        group = {"datasetGroupArn": f"{ARN}dataset-group/one"}
        world.call("CreateSolution", name=f"s{number}", recipeArn=RECIPE, **group)
    with pytest.raises(Refused, match=r"LimitExceeded.*active solutions per dataset group"):
        world.call("CreateSolution", name="s10", recipeArn=RECIPE, **group)
    world.call("CreateSolution", name="two", recipeArn=RECIPE, datasetGroupArn=f"{ARN}dataset-group/two")
    world.wait(3)
    version = world.trained(f"{ARN}solution/s0")
    for number in range(5):
        world.call("CreateCampaign", name=f"c{number}", solutionVersionArn=version)
    with pytest.raises(Refused, match=r"LimitExceeded.*active campaigns per dataset group"):
        world.call("CreateCampaign", name="c5", solutionVersionArn=version)
    world.call("CreateCampaign", name="two", solutionVersionArn=world.trained(f"{ARN}solution/two"))


def test_five_imports_may_be_pending_and_others_over() -> None:
    jobs = HeldJobs()
    world = World(toggles=QUOTAS, jobs=jobs)
    datasets = []
    for number in range(3):
        world.ready_to_collect(name=f"g{number}")
        datasets.append(f"{ARN}dataset/g{number}/INTERACTIONS")
    versions = [world.solution(f"g{number}", recipeArn=f"{RECIPES}aws-sims") for number in range(3)]
    for number in range(20):
        world.call("CreateSolutionVersion", solutionArn=versions[number % 3])
    with pytest.raises(Refused, match=r"LimitExceeded.*pending or in progress solution versions per Region"):
        world.call("CreateSolutionVersion", solutionArn=versions[0])
    job = {"dataSource": {"dataLocation": "s3://a/b.csv"}, "roleArn": ROLE}
    world.call("CreateDatasetImportJob", jobName="i", datasetArn=datasets[0], **job)
