"""The limits of Amazon Personalize and mParticle that the code respects, each with the page that states it.

``lambda_src/broker`` keeps its own, since its zip holds nothing else. The local services and the models keep theirs,
since they are independent of what they check. ``tests/personalize_data/test_quotas.py`` keeps all of them equal.
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

# Interactions per user and event type that a filter looks at; can be raised:
# https://docs.aws.amazon.com/personalize/latest/dg/limits.html
MAX_FILTER_INTERACTIONS = 100

# Items of one list: https://docs.aws.amazon.com/personalize/latest/dg/API_RS_GetRecommendations.html
MAX_RESULTS = 500

# Characters of a user's or an item's id: https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html
MAX_ID_LENGTH = 256

# Characters of a resource's name: https://docs.aws.amazon.com/personalize/latest/dg/API_CreateSolution.html
MAX_NAME_LENGTH = 63

# Events of one call: https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html
MAX_EVENTS_PER_CALL = 10

# Bulk requests of mParticle: https://docs.mparticle.com/developers/apis/http/
MAX_BULK_BATCHES = 100
MAX_BULK_REQUEST_BYTES = 256 * 1024
MAX_BATCH_BYTES = 128 * 1024

# Attributes of a profile: https://docs.mparticle.com/guides/default-service-limits/
MAX_ATTRIBUTE_LENGTH = 4_096
MAX_LIST_ENTRIES = 1_000
MAX_LIST_ENTRY_LENGTH = 512
