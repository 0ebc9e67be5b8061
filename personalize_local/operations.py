"""The table of served operations and their handlers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personalize_local.action_recommendations import ActionRecommendations
from personalize_local.control import algorithms, recipes, resource_types
from personalize_local.control.attributions import AttributionControl
from personalize_local.control.batches import BatchControl
from personalize_local.control.campaigns import CampaignControl
from personalize_local.control.data_jobs import DataJobControl
from personalize_local.control.datasets import DatasetControl
from personalize_local.control.exports import ExportControl
from personalize_local.control.filters import FilterControl
from personalize_local.control.pending_jobs import PendingJobs
from personalize_local.control.quotas import refuse_too_many
from personalize_local.control.recommenders import RecommenderControl
from personalize_local.control.registry import Registry
from personalize_local.control.schedule import Schedule
from personalize_local.control.segment_jobs import SegmentControl
from personalize_local.control.solutions import SolutionControl
from personalize_local.control.tags import TagControl
from personalize_local.control.trainings import Trainings
from personalize_local.data.action_interactions import ActionInteractions
from personalize_local.data.events import Events
from personalize_local.data.put_records import RecordPuts
from personalize_local.data.stores import Stores
from personalize_local.given_lists import GivenLists
from personalize_local.recommendations import Recommendations
from personalize_local.serving import Endpoints
from personalize_local.toggles import Throttle, Toggles
from personalize_local.wire.protocol import Handler


@dataclass(frozen=True)
class Durations:
    """Seconds until a new resource is ACTIVE and until a deleted one is gone; ``training``, ``importing``: minima.

    ``auto_training``: from ACTIVE to a solution's first automatic training (in the service within an hour).
    """

    creating: float = 0.3
    importing: float = 0.3
    training: float = 0.3
    deploying: float = 0.3
    deleting: float = 0.3
    auto_training: float = 3600.0


class Operations:
    """``table`` maps operation names to functions from a checked request to its answer."""

    def __init__(
        self,
        registry: Registry,
        pending_jobs: PendingJobs,
        durations: Durations,
        toggles: Toggles,
        s3_endpoint: str | None,
    ) -> None:
        self._registry = registry
        self._durations = durations
        throttle = Throttle(registry.now)
        registry.refuse = lambda resource: refuse_too_many(registry, resource) if toggles.resource_quotas else None
        self.stores = Stores(registry, toggles)
        self.given = GivenLists()
        self.attributions = AttributionControl(registry, self.stores, durations.creating)
        self.events = Events(
            registry,
            self.stores,
            throttle,
            toggles,
            attributions=self.attributions,
            source_of=self.given.source_of,
        )
        self._action_interactions = ActionInteractions(registry, self.stores, throttle, toggles)
        self._puts = RecordPuts(self.stores, throttle, toggles)
        self._datasets = DatasetControl(registry, durations.creating)
        self._filters = FilterControl(registry, self.stores, durations.creating)
        self._data_jobs = DataJobControl(
            registry,
            self.stores,
            pending_jobs=pending_jobs,
            ledger=self.events.ledger,
            toggles=toggles,
            s3_endpoint=s3_endpoint,
            seconds=durations.importing,
        )
        self._exports = ExportControl(
            registry,
            self.stores,
            pending_jobs=pending_jobs,
            s3_endpoint=s3_endpoint,
            seconds=durations.importing,
        )
        self._trainings = trainings = Trainings(registry, self.stores, pending_jobs, toggles)
        self._solutions = SolutionControl(
            registry, trainings, seconds=durations.creating, training_seconds=durations.training
        )
        self._campaigns = CampaignControl(registry, self._solutions, durations.deploying)
        self._recommenders = RecommenderControl(
            registry, self.stores, trainings, seconds=durations.deploying, training_seconds=durations.training
        )
        self.schedule = Schedule(
            registry,
            self.stores,
            solutions=self._solutions,
            recommenders=self._recommenders,
            trainings=trainings,
            delay=durations.auto_training,
        )
        self._batches = BatchControl(
            registry,
            self.stores,
            pending_jobs=pending_jobs,
            trainings=trainings,
            filters=self._filters,
            s3_endpoint=s3_endpoint,
            seconds=durations.importing,
        )
        self._segments = SegmentControl(
            registry,
            self.stores,
            pending_jobs=pending_jobs,
            trainings=trainings,
            filters=self._filters,
            s3_endpoint=s3_endpoint,
            seconds=durations.importing,
        )
        endpoints = Endpoints(registry, self.stores, trainings, self._campaigns, self._recommenders)
        self._actions = ActionRecommendations(
            registry,
            self.stores,
            endpoints=endpoints,
            filters=self._filters,
            given=self.given,
            throttle=throttle,
            toggles=toggles,
        )
        self.recommendations = Recommendations(
            registry,
            self.stores,
            endpoints=endpoints,
            filters=self._filters,
            given=self.given,
            throttle=throttle,
            toggles=toggles,
        )
        self._tags = TagControl(registry)
        specific = self._specific()
        creating = {name: self._tags.tagged(handler) for name, handler in specific.items() if name.startswith("Create")}
        self.table = self._generic() | specific | creating

    def model_folders(self) -> set[Path]:
        """Return the folders of the models of all solution versions, and of those that recommenders may yet serve."""
        versions = self._registry.all(resource_types.SOLUTION_VERSION)
        return self._trainings.folders((*versions, *self._recommenders.kept()))

    def _generic(self) -> dict[str, Handler]:
        operations: dict[str, Handler] = {}
        for resource_type in resource_types.ALL:
            operations[f"Describe{resource_type.noun}"] = self._describe(resource_type)
            operations[f"List{resource_type.noun}s"] = self._list(resource_type)
        for resource_type in resource_types.DELETABLE:
            operations[f"Delete{resource_type.noun}"] = self._delete(resource_type)
        return operations

    def _specific(self) -> dict[str, Handler]:
        return {
            "CreateSchema": self._datasets.create_schema,
            "CreateDatasetGroup": self._datasets.create_dataset_group,
            "CreateDataset": self._datasets.create_dataset,
            "CreateEventTracker": self._datasets.create_event_tracker,
            "CreateDatasetImportJob": self._data_jobs.create_dataset_import_job,
            "CreateDatasetExportJob": self._exports.create_dataset_export_job,
            "CreateDataDeletionJob": self._data_jobs.create_data_deletion_job,
            "ListTagsForResource": self._tags.list_tags_for_resource,
            "TagResource": self._tags.tag_resource,
            "UntagResource": self._tags.untag_resource,
            "DescribeAlgorithm": algorithms.describe_algorithm,
            "DescribeFeatureTransformation": algorithms.describe_feature_transformation,
            "UpdateDataset": self._datasets.update_dataset,
            "StopSolutionVersionCreation": self._solutions.stop_solution_version_creation,
            "ListRecipes": recipes.list_recipes,
            "DescribeRecipe": recipes.describe_recipe,
            "CreateSolution": self._solutions.create_solution,
            "UpdateSolution": self._solutions.update_solution,
            "DescribeSolutionVersion": self._solutions.describe_solution_version,
            "DescribeSolution": self._solutions.describe_solution,
            "CreateSolutionVersion": self._solutions.create_solution_version,
            "GetSolutionMetrics": self._solutions.get_solution_metrics,
            "CreateCampaign": self._campaigns.create_campaign,
            "UpdateCampaign": self._campaigns.update_campaign,
            "DescribeCampaign": self._campaigns.describe_campaign,
            "CreateRecommender": self._recommenders.create_recommender,
            "UpdateRecommender": self._recommenders.update_recommender,
            "StartRecommender": self._recommenders.start_recommender,
            "StopRecommender": self._recommenders.stop_recommender,
            "DescribeRecommender": self._recommenders.describe_recommender,
            "ListRecommenders": self._recommenders.list_recommenders,
            "CreateMetricAttribution": self.attributions.create_metric_attribution,
            "UpdateMetricAttribution": self.attributions.update_metric_attribution,
            "ListMetricAttributionMetrics": self.attributions.list_metric_attribution_metrics,
            "CreateFilter": self._filters.create_filter,
            "CreateBatchInferenceJob": self._batches.create_batch_inference_job,
            "CreateBatchSegmentJob": self._segments.create_batch_segment_job,
            "PutEvents": self.events.put_events,
            "PutUsers": self._puts.put_users,
            "PutActions": self._puts.put_actions,
            "PutActionInteractions": self._action_interactions.put_action_interactions,
            "GetActionRecommendations": self._actions.get_action_recommendations,
            "PutItems": self._puts.put_items,
            "GetRecommendations": self.recommendations.get_recommendations,
            "GetPersonalizedRanking": self.recommendations.get_personalized_ranking,
        }

    def _describe(self, resource_type: resource_types.ResourceType) -> Handler:
        return lambda request: {
            resource_type.described_as: self._registry.find(resource_type, request[resource_type.arn_key]).describe(
                self._registry.now()
            )
        }

    def _list(self, resource_type: resource_types.ResourceType) -> Handler:
        return lambda request: self._registry.page(resource_type, request)

    def _delete(self, resource_type: resource_types.ResourceType) -> Handler:
        seconds = 0.0 if resource_type is resource_types.SCHEMA else self._durations.deleting

        def delete(request: dict[str, Any]) -> None:
            self._campaigns.settle()
            self._registry.delete(self._registry.find(resource_type, request[resource_type.arn_key]), seconds)

        return delete
