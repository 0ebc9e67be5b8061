"""The kinds of resource in Personalize's API, and how its operations and answers name each.

https://docs.aws.amazon.com/personalize/latest/dg/API_Operations_Amazon_Personalize.html
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind: ``noun`` as boto3 spells it, ``named`` as the API calls its name."""

    noun: str
    named: str = "name"
    listed: str = ""

    @property
    def words(self) -> str:
        """Return it for people."""
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


SCHEMA = Kind("schema")
DATASET_GROUP = Kind("dataset_group")
DATASET = Kind("dataset")
IMPORT_JOB = Kind("dataset_import_job", named="jobName")
EVENT_TRACKER = Kind("event_tracker")
SOLUTION = Kind("solution")
SOLUTION_VERSION = Kind("solution_version")
CAMPAIGN = Kind("campaign")
RECIPE = Kind("recipe")
FILTER = Kind("filter", listed="Filters")
BATCH_JOB = Kind("batch_inference_job", named="jobName")
DELETION_JOB = Kind("data_deletion_job", named="jobName")
