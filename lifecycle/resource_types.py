"""The resource types of Personalize's API, and their names in its operations and answers.

https://docs.aws.amazon.com/personalize/latest/dg/API_Operations_Amazon_Personalize.html
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ResourceType:
    """One resource type: ``noun`` in boto3's spelling; ``named``: the key of its name in the API."""

    noun: str
    named: str = "name"
    listed: str = ""

    @property
    def words(self) -> str:
        """Return the type's name in words."""
        return self.noun.replace("_", " ")

    @property
    def key(self) -> str:
        """Return the key of a description."""
        first, *rest = self.noun.split("_")
        return first + "".join(word.capitalize() for word in rest)

    @property
    def list_key(self) -> str:
        """Return the key of a list."""
        return self.listed or f"{self.key}s"

    @property
    def arn(self) -> str:
        """Return the key of its ARN."""
        return f"{self.key}Arn"


SCHEMA = ResourceType("schema")
DATASET_GROUP = ResourceType("dataset_group")
DATASET = ResourceType("dataset")
IMPORT_JOB = ResourceType("dataset_import_job", named="jobName")
EXPORT_JOB = ResourceType("dataset_export_job", named="jobName")
EVENT_TRACKER = ResourceType("event_tracker")
SOLUTION = ResourceType("solution")
SOLUTION_VERSION = ResourceType("solution_version")
CAMPAIGN = ResourceType("campaign")
RECIPE = ResourceType("recipe")
FILTER = ResourceType("filter", listed="Filters")
METRIC_ATTRIBUTION = ResourceType("metric_attribution")
BATCH_JOB = ResourceType("batch_inference_job", named="jobName")
DELETION_JOB = ResourceType("data_deletion_job", named="jobName")
