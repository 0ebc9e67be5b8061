"""The models that serve a question: of interactions in memory or in parts, or of counts."""

from evaluation.parts.models import PartedModels
from evaluation.parts.training import PartedTraining
from evaluation.recommenders.trained_models import TrainedModels
from evaluation.spark.models import SparkModels
from evaluation.spark.training import SparkTraining
from evaluation.task import Task
from recommender_models.record_columns import RecordColumns
from recommender_models.training_set import TrainingSet


def models_of(task: Task, users: RecordColumns, seed: int, items: RecordColumns | None) -> TrainedModels:
    """Return what can be trained on the training of a question."""
    if isinstance(task.train, TrainingSet):
        moments, all_items = task.moments(), task.past.item_ids
        return TrainedModels(task.train, users, seed, moments, items=items, all_items=all_items)
    if isinstance(task.train, SparkTraining):
        return SparkModels(task.train, users, seed, items)
    assert isinstance(task.train, PartedTraining)  # noqa: S101 - there is no other kind
    return PartedModels(task.train, users, seed, items)
