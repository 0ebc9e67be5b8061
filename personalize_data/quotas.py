"""The limits of Amazon Personalize and mParticle that the code respects, each group with the page that states it.

``lambda_src/broker`` keeps its own, since its zip holds nothing else. The local services and the models keep theirs,
since they are independent of what they check. ``tests/personalize_data/test_quotas.py`` keeps all of them equal. The
limits of the Kinesis and SQS calls that carry records are in ``replay/destinations.py``.
"""

# What a training needs: https://docs.aws.amazon.com/personalize/latest/dg/limits.html
MIN_TRAINING_INTERACTIONS = 1_000
MIN_TRAINING_USERS = 25  # with two interactions or more
MIN_TRAINING_USER_SHARE = 0.01  # of all users have two interactions or more

# An import: https://docs.aws.amazon.com/personalize/latest/dg/limits.html
MIN_IMPORT_INTERACTIONS = 1_000
MAX_INCREMENTAL_IMPORT_BYTES = 1_000_000_000

# Columns beside the required ones: https://docs.aws.amazon.com/personalize/latest/dg/limits.html
MAX_FIELDS = {"users": 25, "items": 100}
MAX_INTERACTION_METADATA = 5
MAX_EVENT_TYPES_AND_METADATA = 10

# Characters of a schema: https://docs.aws.amazon.com/personalize/latest/dg/API_CreateSchema.html
MAX_SCHEMA_LENGTH = 20_000

# A filter: https://docs.aws.amazon.com/personalize/latest/dg/limits.html. The interactions that it looks at, per user
# and event type, can be raised. Characters of its expression:
# https://docs.aws.amazon.com/personalize/latest/dg/API_CreateFilter.html
MAX_FILTER_INTERACTIONS = 100
MAX_FILTER_FIELDS = 5
MAX_FILTER_LENGTH = 2_500

# Items of one list: https://docs.aws.amazon.com/personalize/latest/dg/API_RS_GetRecommendations.html
MAX_RESULTS = 500

# Items that one call ranks: https://docs.aws.amazon.com/personalize/latest/dg/API_RS_GetPersonalizedRanking.html
MAX_RANKED_ITEMS = 500

# Characters of a user's or an item's id: https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html
MAX_ID_LENGTH = 256

# Characters of a resource's name: https://docs.aws.amazon.com/personalize/latest/dg/API_CreateSolution.html
MAX_NAME_LENGTH = 63

# Events of one call: https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html
MAX_EVENTS_PER_CALL = 10

# Calls a second, which AWS can raise but for those with records (PutUsers, PutItems). PutEvents and records: per
# dataset group; recommendations and rankings: each per campaign, and both together per account.
# https://docs.aws.amazon.com/personalize/latest/dg/limits.html
MAX_PUT_EVENTS_RATE = 1_000
MAX_RECORDS_RATE = 10
MAX_CAMPAIGN_RATE = 500
MAX_ACCOUNT_RATE = 2_500

# All files of a data deletion job: https://docs.aws.amazon.com/personalize/latest/dg/delete-records.html
MAX_DELETION_BYTES = 100 * 1024 * 1024

# Bulk requests of mParticle: https://docs.mparticle.com/developers/apis/http/
MAX_BULK_BATCHES = 100
MAX_BULK_EVENTS = 100
MAX_BULK_REQUEST_BYTES = 256 * 1024
MAX_BATCH_BYTES = 128 * 1024

# Batches a second: https://docs.mparticle.com/guides/default-service-limits/
MAX_BATCHES_RATE = 270

# Attributes of a profile or an event: https://docs.mparticle.com/guides/default-service-limits/
MAX_ATTRIBUTES = 100
MAX_ATTRIBUTE_NAME_LENGTH = 256
MAX_ATTRIBUTE_LENGTH = 4_096
MAX_LIST_ENTRIES = 1_000
MAX_LIST_ENTRY_LENGTH = 512
