"""Who keeps a limit of its own keeps the one of ``personalize_data.quotas``."""

import pytest
from broker import interactions, profile, recommendations

from local_stack.mparticle import events_api
from local_stack.mparticle.rules import batch, events
from personalize_data import quotas
from personalize_local import recommendations as service
from personalize_local.control import avro, data_jobs
from personalize_local.data import tables
from personalize_local.filters import evaluation
from personalize_local.jobs import answering, inference
from recommender_models import selection

OWN = {
    "the broker's events per call": (interactions.MAX_EVENTS, quotas.MAX_EVENTS_PER_CALL),
    "the broker's ids": (interactions.MAX_ID, quotas.MAX_ID_LENGTH),
    "the broker's bulk batches": (profile.MAX_BATCHES, quotas.MAX_BULK_BATCHES),
    "the broker's attributes": (profile.MAX_VALUE, quotas.MAX_ATTRIBUTE_LENGTH),
    "the broker's lists": (recommendations.MAX_ENTRIES, quotas.MAX_LIST_ENTRIES),
    "the broker's entries of lists": (recommendations.MAX_ENTRY, quotas.MAX_LIST_ENTRY_LENGTH),
    "mParticle's bulk batches": (events_api.MAX_BATCHES, quotas.MAX_BULK_BATCHES),
    "mParticle's bulk requests": (events_api.MAX_REQUEST_BYTES, quotas.MAX_BULK_REQUEST_BYTES),
    "mParticle's batches": (events_api.MAX_BATCH_BYTES, quotas.MAX_BATCH_BYTES),
    "mParticle's attributes": (events.MAX_VALUE, quotas.MAX_ATTRIBUTE_LENGTH),
    "mParticle's lists": (batch.MAX_LIST, quotas.MAX_LIST_ENTRIES),
    "mParticle's entries of lists": (batch.MAX_LIST_ENTRY, quotas.MAX_LIST_ENTRY_LENGTH),
    "the models' interactions": (selection.LEAST_INTERACTIONS, quotas.MIN_TRAINING_INTERACTIONS),
    "the models' users": (selection.LEAST_USERS, quotas.MIN_TRAINING_USERS),
    "the models' share of users": (selection.LEAST_SHARE, quotas.MIN_TRAINING_USER_SHARE),
    "Personalize's rows of an import": (data_jobs.LEAST_ROWS, quotas.MIN_IMPORT_INTERACTIONS),
    "Personalize's columns of users": (avro.MOST_METADATA["Users"], quotas.MAX_FIELDS["users"]),
    "Personalize's columns of items": (avro.MOST_METADATA["Items"], quotas.MAX_FIELDS["items"]),
    "Personalize's metadata": (avro.MOST_METADATA["Interactions"], quotas.MAX_INTERACTION_METADATA),
    "Personalize's event types": (tables.MOST_TYPES_AND_METADATA, quotas.MAX_EVENT_TYPES_AND_METADATA),
    "Personalize's filters": (evaluation.MOST_RECENT, quotas.MAX_FILTER_INTERACTIONS),
    "Personalize's lists": (service.MOST_RESULTS, quotas.MAX_RESULTS),
    "Personalize's lists of a batch": (inference.MOST_RESULTS, quotas.MAX_RESULTS),
    "Personalize's ids": (answering.MAX_ID, quotas.MAX_ID_LENGTH),
}


@pytest.mark.parametrize(("own", "quota"), OWN.values(), ids=OWN)
def test_a_limit_that_is_kept_apart_is_the_same(own: float, quota: float) -> None:
    assert own == quota


def test_the_broker_stays_below_what_mparticle_takes() -> None:
    assert 0.9 * quotas.MAX_BATCH_BYTES < profile.MAX_BATCH_BYTES <= quotas.MAX_BATCH_BYTES
    assert 0.9 * quotas.MAX_BULK_REQUEST_BYTES < profile.MAX_REQUEST_BYTES <= quotas.MAX_BULK_REQUEST_BYTES
