"""The resource types that are served, with the fields that AWS's List operations show of each."""

from personalize_local.control.resources import ResourceType

# DescribeDataDeletionJob uses other words for its statuses.
_OF_A_DELETION = (
    ("CREATE PENDING", "PENDING"),
    ("CREATE IN_PROGRESS", "IN_PROGRESS"),
    ("ACTIVE", "COMPLETED"),
    ("CREATE FAILED", "FAILED"),
)
_TIMES = ("creationDateTime", "lastUpdatedDateTime")

SCHEMA = ResourceType("Schema", "schemas", ("name", "schemaArn", *_TIMES, "domain"), has_status=False)
DATASET_GROUP = ResourceType(
    "DatasetGroup", "datasetGroups", ("name", "datasetGroupArn", "status", *_TIMES, "failureReason", "domain")
)
DATASET = ResourceType(
    "Dataset", "datasets", ("name", "datasetArn", "datasetType", "status", *_TIMES), parent_key="datasetGroupArn"
)
EVENT_TRACKER = ResourceType(
    "EventTracker", "eventTrackers", ("name", "eventTrackerArn", "status", *_TIMES), parent_key="datasetGroupArn"
)
SOLUTION = ResourceType(
    "Solution", "solutions", ("name", "solutionArn", "status", *_TIMES, "recipeArn"), parent_key="datasetGroupArn"
)
SOLUTION_VERSION = ResourceType(
    "SolutionVersion",
    "solutionVersions",
    ("solutionVersionArn", "status", "trainingMode", "trainingType", *_TIMES, "failureReason"),
    parent_key="solutionArn",
)
CAMPAIGN = ResourceType(
    "Campaign", "campaigns", ("name", "campaignArn", "status", *_TIMES, "failureReason"), parent_key="solutionArn"
)

FILTER = ResourceType(
    "Filter",
    "Filters",
    ("name", "filterArn", "datasetGroupArn", "status", *_TIMES, "failureReason"),
    parent_key="datasetGroupArn",
)
METRIC_ATTRIBUTION = ResourceType(
    "MetricAttribution",
    "metricAttributions",
    ("name", "metricAttributionArn", "status", *_TIMES, "failureReason"),
    parent_key="datasetGroupArn",
)
RECOMMENDER = ResourceType(
    "Recommender",
    "recommenders",
    ("name", "recommenderArn", "datasetGroupArn", "recipeArn", "recommenderConfig", "status", *_TIMES),
    parent_key="datasetGroupArn",
)
# A training of a recommender after its first one: no operation shows it.
RETRAINING = ResourceType("RecommenderTraining", "recommenderTrainings", ())
IMPORT_JOB = ResourceType(
    "DatasetImportJob",
    "datasetImportJobs",
    ("datasetImportJobArn", "jobName", "status", *_TIMES, "failureReason", "importMode"),
    parent_key="datasetArn",
)
EXPORT_JOB = ResourceType(
    "DatasetExportJob",
    "datasetExportJobs",
    ("datasetExportJobArn", "jobName", "status", *_TIMES, "failureReason"),
    parent_key="datasetArn",
)
BATCH_INFERENCE_JOB = ResourceType(
    "BatchInferenceJob",
    "batchInferenceJobs",
    ("batchInferenceJobArn", "jobName", "status", *_TIMES, "failureReason", "solutionVersionArn"),
    parent_key="solutionVersionArn",
)
BATCH_SEGMENT_JOB = ResourceType(
    "BatchSegmentJob",
    "batchSegmentJobs",
    ("batchSegmentJobArn", "jobName", "status", *_TIMES, "failureReason", "solutionVersionArn"),
    parent_key="solutionVersionArn",
)
DELETION_JOB = ResourceType(
    "DataDeletionJob",
    "dataDeletionJobs",
    ("dataDeletionJobArn", "datasetGroupArn", "jobName", "status", *_TIMES, "failureReason"),
    parent_key="datasetGroupArn",
    words=_OF_A_DELETION,
)

DELETABLE = (
    SCHEMA,
    DATASET_GROUP,
    DATASET,
    EVENT_TRACKER,
    SOLUTION,
    CAMPAIGN,
    RECOMMENDER,
    FILTER,
    METRIC_ATTRIBUTION,
)
ALL = (*DELETABLE, SOLUTION_VERSION, IMPORT_JOB, EXPORT_JOB, BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB, DELETION_JOB)


def dataset_path(group: str, dataset_type: str) -> str:
    """Return what stands after the account in a dataset's ARN. ``group``: the name of its dataset group."""
    return f"dataset/{group}/{dataset_type}"
