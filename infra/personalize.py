"""The Amazon Personalize resources of each stage, or the existing ones that the settings name.

Schema, dataset group, dataset and solution can only be created, not changed, and their tags are no exception;
CloudFormation answers a change by deleting the dataset and making an empty one. So none of them depends on the stage,
no tag reaches them, and their names are the stack's.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Personalize.html
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_personalize as personalize
from constructs import Construct

from infra.data_key import DataKey
from infra.retention import removal_policy
from infra.settings import Personalize, Stage
from personalize_data.schema import interactions_schema


class Datasets(Construct):
    """What collects: dataset group, Interactions, Users and Items where they have a schema, and the event tracker."""

    def __init__(
        self, scope: Construct, id: str, *, name: str, settings: Personalize, retain: bool, key: DataKey | None
    ) -> None:
        super().__init__(scope, id)
        self._name = name
        self._policy = removal_policy(retain=retain)
        self.group = personalize.CfnDatasetGroup(self, "DatasetGroup", name=name)
        self._apply_retention(self.group)
        if key:
            key.encrypt(self.group)
        self.datasets = [self._dataset("Interactions", interactions_schema())]
        self.metadata_arns: dict[str, str] = {}  # of the Users and the Items dataset, by their kind in small letters
        for kind, schema in (("Users", settings.users_schema), ("Items", settings.items_schema)):
            if schema:
                dataset = self._dataset(kind, schema)
                self.datasets.append(dataset)
                self.metadata_arns[kind.lower()] = dataset.attr_dataset_arn
        self.tracker = personalize.CfnEventTracker(self, "EventTracker", name=name, dataset_group_arn=self.group_arn)
        self._apply_retention(self.tracker)
        # Tracker, solution and filter name only the group, but want the datasets to be there.
        self.tracker.add_resource_dependency(self.datasets[0])

    @property
    def group_arn(self) -> str:
        """Return the dataset group's ARN."""
        return self.group.attr_dataset_group_arn

    def _dataset(self, kind: str, schema: str) -> personalize.CfnDataset:
        name = f"{self._name}-{kind.lower()}"
        avro = personalize.CfnSchema(self, f"{kind}Schema", name=name, schema=schema)
        dataset = personalize.CfnDataset(
            self,
            f"{kind}Dataset",
            name=name,
            dataset_type=kind,
            dataset_group_arn=self.group_arn,
            schema_arn=avro.attr_schema_arn,
        )
        self._apply_retention(avro)
        self._apply_retention(dataset)
        return dataset

    def _apply_retention(self, resource: cdk.CfnResource) -> None:
        resource.apply_removal_policy(self._policy)
        without_tags(resource)


@dataclass(frozen=True)
class Campaign:
    """What is asked for lists. ``resource``: None while the broker is paused.

    The ARN is made of the name: functions and roles that have it stay as they are while the campaign is gone.
    """

    arn: str
    resource: personalize.CfnCampaign | None


class Recommender(Construct):
    """What recommends: a solution, which trains itself weekly; with ``serve`` a campaign on its newest version.

    Both can be made again from the datasets, and both go on costing, so neither is kept when the stack goes.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        datasets: Datasets,
        settings: Personalize,
        gives_columns: bool,
        serve: bool,
        paused: bool,
    ) -> None:
        super().__init__(scope, id)
        self.campaign: Campaign | None = None
        self.filter_arn: str | None = None
        self.filter_name: str | None = None
        self.solution_arn = make_solution(self, "Solution", name, datasets, settings.recipe)
        if serve:
            self.campaign = make_campaign(
                self,
                "Campaign",
                name,
                datasets,
                self.solution_arn,
                min_tps=settings.min_tps,
                config=with_columns(gives_columns),
                paused=paused,
            )
            if settings.filter_expression:
                # A filter's expression can't be changed under the same name: a new one gets a new name.
                digest = hashlib.sha256(settings.filter_expression.encode()).hexdigest()[:8]
                self.filter_name = f"{name}-{digest}"
                self.filter_arn = make_filter(self, "Filter", self.filter_name, datasets, settings.filter_expression)


class PersonalizeResources(Construct):
    """What this stage has: a tracking id always, a campaign (and a filter, if there is one) to recommend.

    ``campaigns``: those that the stack makes, none while it is paused. ``gives_columns``: whether they can give columns
    of the Items dataset, which costs extra.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        settings: Personalize,
        gives_columns: bool,
        stage: Stage,
        paused: bool,
        retain: bool,
        key: DataKey | None = None,
    ) -> None:
        super().__init__(scope, id)
        self.campaigns: list[personalize.CfnCampaign] = []
        self.solution_arn: str | None = None
        self.campaign_arn: str | None = None
        self.filter_arn: str | None = None
        self.filter_name: str | None = None
        self.event_tracker_arn: str | None = None
        self.datasets: Datasets | None = None
        if settings.tracking_id:
            self.tracking_id = settings.tracking_id
            if stage is Stage.RECOMMEND:
                self.campaign_arn, self.filter_arn = settings.campaign_arn, settings.filter_arn
            return
        self.datasets = datasets = Datasets(self, "Datasets", name=name, settings=settings, retain=retain, key=key)
        self.tracking_id = datasets.tracker.attr_tracking_id
        self.event_tracker_arn = datasets.tracker.attr_event_tracker_arn
        if stage.step >= Stage.TRAIN.step:
            serve = stage is Stage.RECOMMEND
            recommender = Recommender(
                self,
                "Recommender",
                name=name,
                datasets=datasets,
                settings=settings,
                gives_columns=gives_columns,
                serve=serve,
                paused=paused,
            )
            self.solution_arn = recommender.solution_arn
            self.filter_arn, self.filter_name = recommender.filter_arn, recommender.filter_name
            if recommender.campaign:
                self.campaign_arn = recommender.campaign.arn
                self.campaigns = [recommender.campaign.resource] if recommender.campaign.resource else []


def make_solution(scope: Construct, id: str, name: str, datasets: Datasets, recipe: str) -> str:
    """Make a solution, which trains itself weekly; return its ARN."""
    solution = personalize.CfnSolution(
        scope,
        id,
        name=name,
        dataset_group_arn=datasets.group_arn,
        recipe_arn=f"arn:{cdk.Aws.PARTITION}:personalize:::recipe/{recipe}",
    )
    _made_from(datasets, solution)
    return solution.attr_solution_arn


def make_campaign(
    scope: Construct,
    id: str,
    name: str,
    datasets: Datasets,
    solution_arn: str,
    *,
    min_tps: int,
    paused: bool,
    config: Mapping[str, Any] | None = None,
) -> Campaign:
    """Make a campaign on the newest version of a solution, unless paused. ``config``: more of its configuration."""
    arn = cdk.Stack.of(scope).format_arn(service="personalize", resource="campaign", resource_name=name)
    if paused:
        return Campaign(arn, None)
    campaign = personalize.CfnCampaign(
        scope,
        id,
        name=name,
        solution_version_arn=f"{solution_arn}/$LATEST",
        min_provisioned_tps=min_tps,
        campaign_config=personalize.CfnCampaign.CampaignConfigProperty(
            sync_with_latest_solution_version=True, **(config or {})
        ),
    )
    reason = "AWS::Personalize::Campaign is newer than the resource types that this version of the rules knows."
    cdk.Validations.of(campaign).acknowledge(cdk.Acknowledgment(id="CloudFormation-Validate::F3006", reason=reason))
    _made_from(datasets, campaign)
    return Campaign(arn, campaign)


def with_columns(gives_columns: bool) -> dict[str, Any]:
    """Return the configuration of campaigns by whether they give columns of the Items dataset."""
    return {"enable_metadata_with_recommendations": True} if gives_columns else {}


def make_filter(scope: Construct, id: str, name: str, datasets: Datasets, expression: str) -> str:
    """Make a filter; return its ARN."""
    filter_ = personalize.CfnFilter(
        scope, id, name=name, dataset_group_arn=datasets.group_arn, filter_expression=expression
    )
    _made_from(datasets, filter_)
    return filter_.attr_filter_arn


def _made_from(datasets: Datasets, resource: cdk.CfnResource) -> None:
    without_tags(resource)
    for dataset in datasets.datasets:
        resource.add_resource_dependency(dataset)


def without_tags(resource: cdk.CfnResource) -> None:
    """Keep every tag away, also one that is put on the whole application."""
    resource.add_property_deletion_override("Tags")
