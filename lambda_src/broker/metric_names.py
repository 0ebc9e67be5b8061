"""The CloudWatch metrics that the functions write. Alarms, the dashboard and commands read them by the same names."""

from enum import StrEnum

NAMESPACE = "PersonalizeBroker"


class Metric(StrEnum):
    """A sum of one invocation, or a lag in milliseconds; its dimension ``service`` is the function's name."""

    # ingest
    RECORDS = "Records"
    RECORDS_DEFERRED = "RecordsDeferred"
    ACCEPTED = "Accepted"
    INCOMPLETE = "Incomplete"
    RETRYABLE = "Retryable"
    UNPROVEN = "Unproven"
    REFRESHES_QUEUED = "RefreshesQueued"
    REFRESHES_NOT_QUEUED = "RefreshesNotQueued"
    PUT_EVENTS_CALLS = "PutEventsCalls"
    PUT_EVENTS_THROTTLED = "PutEventsThrottled"
    IMPRESSIONS = "Impressions"  # of recommended lists, with items
    IMPRESSIONS_WITHOUT_LIST = "ImpressionsWithoutList"  # of the slot, without a recommendation id
    IMPRESSIONS_MATCHED = "ImpressionsMatched"  # interactions that are reported with what was shown
    IMPRESSIONS_UNMATCHED = "ImpressionsUnmatched"  # interactions with a recommendation id, and no impression of it
    IMPRESSIONS_FAILED = "ImpressionsFailed"  # users for whom the table of impressions failed
    METADATA_CHANGED = "MetadataChanged"  # users and items of which something new is known
    METADATA_QUEUED = "MetadataQueued"  # of them, those whose record is to be put
    METADATA_UNREADABLE = "MetadataUnreadable"  # values that do not fit their column
    METADATA_FAILED = "MetadataFailed"  # users and items for whom table or queue failed; of put_metadata, any failure
    ARRIVAL_TO_PERSONALIZE = "ArrivalToPersonalize"  # a lag, by the stream's clock
    EVENT_TO_PERSONALIZE = "EventToPersonalize"  # a lag, by the device's clock

    # refresh
    MESSAGES = "Messages"
    ALREADY_FRESH = "AlreadyFresh"
    POSTPONED = "Postponed"
    OVER_DAILY_CAP = "OverDailyCap"
    PROFILES_UPDATED = "ProfilesUpdated"
    PROFILES_UNCHANGED = "ProfilesUnchanged"
    PROFILES_COMPARED = "ProfilesCompared"  # with the list that mParticle sent back
    PROFILES_BEHIND = "ProfilesBehind"  # of them, those that did not have the list that was written last
    NO_RECOMMENDATIONS = "NoRecommendations"
    REFRESHES_FAILED = "RefreshesFailed"
    GET_RECOMMENDATIONS_CALLS = "GetRecommendationsCalls"
    GET_RECOMMENDATIONS_THROTTLED = "GetRecommendationsThrottled"
    MPARTICLE_BATCHES = "MParticleBatches"
    MPARTICLE_BATCHES_THROTTLED = "MParticleBatchesThrottled"
    STATE_FAILED = "StateFailed"  # users whose state could not be read or written
    OLDEST_REQUEST = "OldestRequest"  # an age, by the queue's clock; it has the dimension ``queue``, too
    REQUEST_TO_PROFILE = "RequestToProfile"  # a lag, by the queue's clock
    EVENT_TO_PROFILE = "EventToProfile"  # a lag, by the device's clock

    # put_metadata
    METADATA_SENT = "MetadataSent"  # records that Personalize accepted
    METADATA_REFUSED = "MetadataRefused"  # records that it never will accept as they are
    PUT_METADATA_CALLS = "PutMetadataCalls"
    PUT_METADATA_THROTTLED = "PutMetadataThrottled"
    CHANGE_TO_DATASET = "ChangeToDataset"  # a lag, by the broker's clock

    # daily_check
    MODEL_AGE_DAYS = "ModelAgeDays"  # of the model that serves
    TRAINING_FAILED = "TrainingFailed"
    OLD_MODEL_SERVED = "OldModelServed"
    NOT_ACTIVE = "NotActive"  # campaign, event tracker
    ACCEPTED_SHARE_DROP = "AcceptedShareDrop"  # in percent of the week before

    # all
    SKIPPED = "Skipped"
    QUARANTINED = "Quarantined"
    QUARANTINE_FAILED = "QuarantineFailed"
    CONFIGURATION_ERRORS = "ConfigurationErrors"

    @property
    def by_reason(self) -> str:
        """Return the name of the metric that counts the same with the dimension ``reason``."""
        return f"{self}ByReason"


# By which a deployment tells a version that gets nothing done, or spoils much, from the one before it. They have the
# dimension ``version``, too, where versions take over gradually.
OF_A_VERSION = (
    Metric.RECORDS,
    Metric.ACCEPTED,
    Metric.MESSAGES,
    Metric.PROFILES_UPDATED,
    Metric.PROFILES_UNCHANGED,
    Metric.QUARANTINED,
)
