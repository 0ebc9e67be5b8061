"""A service in virtual time that has a resource of every type, content in every dataset, and its files in a folder."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personalize_local.control import resource_types
from personalize_local.toggles import Toggles
from tests.personalize_local.actions.club import Club
from tests.personalize_local.behaviours.shop import ITEMS, RECIPES, ROLE, USERS
from tests.personalize_local.domains.domain import Domain
from tests.personalize_local.jobs.schemas import schema
from tests.personalize_local.test_journal import started
from tests.personalize_local.world import World

HOME, ABROAD = "us-east-1", "eu-west-1"
ITEMS_LATER = schema(
    "Items",
    ("ITEM_ID", "string"),
    ("PRICE", ["null", "float"]),
    ("GENRE", ["null", "string"], "categorical"),
    ("BRAND", ["null", "string"], "categorical"),
)
IMPORTS = {
    "Interactions": ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", "u1,i1,view,1700000000", "imported,i2,view,1700000001"],
    "Action_Interactions": ["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP", "imported,enrol,Taken,1700000000"],
    "Actions": ["ACTION_ID,VALUE,ACTION_EXPIRATION_TIMESTAMP,REPEAT_FREQUENCY", "rest,1,,"],
}
PLACES = {
    "jobInput": {"s3DataSource": {"path": "s3://bucket/asked.json"}},
    "jobOutput": {"s3DataDestination": {"path": "s3://bucket/out/"}},
}


@dataclass
class Everything:
    """A club at home, with all five datasets, and a shop of a domain abroad. ``folder`` holds both data and S3."""

    folder: Path
    world: World
    club: Club
    domain: Domain
    campaigns: dict[str, str]
    recommender: str
    filter: str = ""

    def restart(self) -> None:
        """Stop the service and start it again; ids go on where none was given."""
        self.world.journal.close()
        self.world = open_world(self.folder, now=self.world.now, ids_from=1_000_000, toggles=None)
        self.club.world = self.domain.world = self.world

    def described(self) -> dict[str, list[Any]]:
        """Return what Describe says of every resource, by type."""
        return {kind.noun: self._described(kind) for kind in resource_types.ALL}

    def _described(self, kind: resource_types.ResourceType) -> list[Any]:
        answers = []
        for self.world.region in (HOME, ABROAD):
            for one in self.world.call(f"List{kind.noun}s")[kind.listed_as]:
                arn = {kind.arn_key: one[kind.arn_key]}
                answers.append(self.world.call(f"Describe{kind.noun}", **arn))
        return answers

    def answers(self) -> dict[str, Any]:
        """Return what else can be seen from outside, by name."""
        self.world.region = HOME
        asked: dict[str, Any] = {
            name: [self.world.recommended(campaign, user) for user in ("u1", "u2", "nobody")]
            for name, campaign in self.campaigns.items()
            if name != "actions"
        }
        asked["actions"] = [self.club.recommended(self.campaigns["actions"], f"u{user}") for user in range(4)]
        attribution = self.world.call("ListMetricAttributions")["metricAttributions"][0]["metricAttributionArn"]
        asked["metrics"] = self.world.call("ListMetricAttributionMetrics", metricAttributionArn=attribution)
        asked["tags"] = self.world.call("ListTagsForResource", resourceArn=self.filter)
        asked["reports"] = self.world.service.attribution()
        asked["counts"] = self.world.service.status()
        asked["deliveries"] = self.world.service.deliveries(limit=10_000)
        self.world.region = ABROAD
        asked["recommender"] = [self.domain.recommended(self.recommender, userId=user) for user in ("u1", "u2")]
        self.world.region = HOME
        return asked

    def exported(self, kind: str, mode: str, name: str) -> list[str]:
        """Return the sorted lines of an export from the club; ``name``: of the job."""
        target = {"s3DataDestination": {"path": f"s3://bucket/{name}/"}}
        options = {"jobName": name, "jobOutput": target, "ingestionMode": mode, "roleArn": ROLE}
        self.world.region = HOME
        self.world.call("CreateDatasetExportJob", datasetArn=self.club.datasets[kind], **options)
        self.world.wait(3)
        (file,) = (path for path in (self.folder / "s3/bucket" / name).rglob("*") if path.is_file())
        return sorted(file.read_text().splitlines())

    def job(self, kind: str, name: str, lines: list[str], **options: Any) -> None:
        """Run an import or a deletion whose file has these lines."""
        location = put_file(self.folder, f"{name}.csv", lines)
        source = {"dataSource": {"dataLocation": location}, "roleArn": ROLE}
        self.world.call(f"Create{kind}", jobName=name, **source, **options)
        self.world.wait(3)


def put_file(folder: Path, name: str, lines: list[str]) -> str:
    """Put a file into the bucket; return its location."""
    path = folder / "s3/bucket" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines))
    return f"s3://bucket/{name}"


def open_world(folder: Path, **options: Any) -> World:
    """Start a service on the folder."""
    return started(folder / "data", s3_endpoint=(folder / "s3").as_uri(), **options)


def everything(folder: Path) -> Everything:
    """Create one resource of each type at least, some updated, stopped or tagged, and content for each dataset."""
    world = open_world(folder, toggles=Toggles(throttling=False, minimums=False))
    club = _club(world)
    world.region = ABROAD
    domain = Domain("ECOMMERCE", world)
    domain.put((f"u{number % 3}", f"i{number % 5}", "View", 60.0 + number) for number in range(30))
    recommender = domain.recommender("aws-ecomm-popular-items-by-views")
    stopped = domain.recommender("aws-ecomm-recommended-for-you")
    world.call("StopRecommender", recommenderArn=stopped)
    world.region = HOME
    made = Everything(folder, world, club, domain, {"actions": club.campaign("actions")}, recommender)
    _fill(made)
    _serve(made)
    _change(made)
    world.wait(60)
    return made


def _club(world: World) -> Club:
    club = Club(world)
    club.datasets["Interactions"] = club.group.replace("dataset-group", "dataset") + "/INTERACTIONS"
    for kind, avro in (("Users", USERS), ("Items", ITEMS)):
        shaped = world.call("CreateSchema", name=kind, schema=avro)["schemaArn"]
        made = {"name": kind, "schemaArn": shaped, "datasetGroupArn": club.group, "datasetType": kind}
        club.datasets[kind] = world.call("CreateDataset", **made)["datasetArn"]
    metrics = [{"eventType": "view", "metricName": name, "expression": "SAMPLECOUNT()"} for name in ("a", "b")]
    output = {"roleArn": ROLE}
    options = {"datasetGroupArn": club.group, "metrics": metrics, "metricsOutputConfig": output}
    attribution = world.call("CreateMetricAttribution", name="m", **options)["metricAttributionArn"]
    world.wait(3)
    world.call("UpdateMetricAttribution", metricAttributionArn=attribution, removeMetrics=["a"])
    club.put_action("enrol", value=3)
    club.put_action("download")
    club.members(24)
    return club


def _fill(made: Everything) -> None:
    """Put and import records and interactions; delete a user; export."""
    world, datasets = made.world, made.club.datasets
    users = [{"userId": f"u{number}", "properties": json.dumps({"age": number})} for number in range(4)]
    items = [{"itemId": f"i{number}", "properties": json.dumps({"genre": "g"})} for number in range(4)]
    world.call("PutUsers", datasetArn=datasets["Users"], users=users)
    world.call("PutItems", datasetArn=datasets["Items"], items=items)
    for kind, lines in IMPORTS.items():
        made.job("DatasetImportJob", f"import-{kind}", lines, datasetArn=datasets[kind])
    made.job("DataDeletionJob", "deletion", ["USER_ID", "u23"], datasetGroupArn=made.club.group)
    made.exported("Action_Interactions", "ALL", "before")


def _serve(made: Everything) -> None:
    """Train and deploy, and run both kinds of batch jobs; one training is stopped."""
    world, group = made.world, made.club.group
    for recipe in ("aws-user-personalization-v2", "aws-trending-now"):
        version = world.trained(world.solution(recipe, datasetGroupArn=group, recipeArn=RECIPES + recipe))
        made.campaigns[recipe] = world.campaign(version, name=recipe)
    version = world.call("CreateSolutionVersion", solutionArn=version.rpartition("/")[0])["solutionVersionArn"]
    world.call("StopSolutionVersionCreation", solutionVersionArn=version)
    put_file(made.folder, "asked.json", [json.dumps({"userId": "u1"}), json.dumps({"itemId": "i1"})])
    for recipe, job in (("aws-sims", "BatchInferenceJob"), ("aws-item-affinity", "BatchSegmentJob")):
        version = world.trained(world.solution(recipe, datasetGroupArn=group, recipeArn=RECIPES + recipe))
        world.call(f"Create{job}", jobName=job, solutionVersionArn=version, roleArn=ROLE, **PLACES)
    expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")'
    tags = [{"tagKey": "team", "tagValue": "a"}, {"tagKey": "gone", "tagValue": "b"}]
    options = {"datasetGroupArn": group, "filterExpression": expression, "tags": tags}
    made.filter = world.call("CreateFilter", name="f", **options)["filterArn"]


def _change(made: Everything) -> None:
    """Update, tag and untag what there is."""
    world = made.world
    later = world.call("CreateSchema", name="later", schema=ITEMS_LATER)["schemaArn"]
    world.call("UpdateDataset", datasetArn=made.club.datasets["Items"], schemaArn=later)
    world.call("UpdateCampaign", campaignArn=made.campaigns["aws-trending-now"], minProvisionedTPS=2)
    solution = made.club.group.replace("dataset-group/shop", "solution/actions")
    world.call("UpdateSolution", solutionArn=solution, performAutoTraining=False)
    world.call("TagResource", resourceArn=made.filter, tags=[{"tagKey": "later", "tagValue": "c"}])
    world.call("UntagResource", resourceArn=made.filter, tagKeys=["gone"])
    world.region = ABROAD
    config = {"enableMetadataWithRecommendations": True}
    world.call("UpdateRecommender", recommenderArn=made.recommender, recommenderConfig=config)
    world.region = HOME
