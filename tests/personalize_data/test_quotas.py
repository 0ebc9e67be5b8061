"""A module with limits of its own has those of ``personalize_data.quotas``, and every limit there has a source."""

import re
from pathlib import Path

import pytest
from broker import interactions, profile, recommendations

from local_stack import scenario
from local_stack.mparticle import events_api
from local_stack.mparticle.rules import batch, events
from personalize_data import quotas
from personalize_local import recommendations as service
from personalize_local import toggles
from personalize_local.control import avro, batches, data_jobs
from personalize_local.data import tables
from personalize_local.filters import evaluation
from personalize_local.jobs import answering, deletion, inference
from personalize_rules.filters import expression, rules
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
    "mParticle's events of a request": (events_api.MAX_EVENTS, quotas.MAX_BULK_EVENTS),
    "mParticle's batches a second": (events_api.BATCHES_PER_SECOND, quotas.MAX_BATCHES_RATE),
    "mParticle's number of attributes": (events.MAX_ATTRIBUTES, quotas.MAX_ATTRIBUTES),
    "mParticle's names of attributes": (batch.MAX_NAME, quotas.MAX_ATTRIBUTE_NAME_LENGTH),
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
    "Personalize's lists of a batch job's request": (batches.MOST_RESULTS, quotas.MAX_RESULTS),
    "the loop's lists": (scenario.MOST_RESULTS, quotas.MAX_RESULTS),
    "Personalize's rankings": (answering.MAX_RANKED, quotas.MAX_RANKED_ITEMS),
    "Personalize's schemas": (avro.MAX_LENGTH, quotas.MAX_SCHEMA_LENGTH),
    "Personalize's fields of a filter": (rules.MOST_FIELDS, quotas.MAX_FILTER_FIELDS),
    "Personalize's expressions": (expression.LONGEST, quotas.MAX_FILTER_LENGTH),
    "Personalize's data deletion": (deletion.MOST_BYTES, quotas.MAX_DELETION_BYTES),
    "Personalize's PutEvents a second": (toggles.EVENTS_RATE, quotas.MAX_PUT_EVENTS_RATE),
    "Personalize's PutUsers a second": (toggles.RECORDS_RATE, quotas.MAX_RECORDS_RATE),
    "Personalize's calls of a campaign": (toggles.CAMPAIGN_RATE, quotas.MAX_CAMPAIGN_RATE),
    "Personalize's calls of an account": (toggles.ACCOUNT_RATE, quotas.MAX_ACCOUNT_RATE),
    "Personalize's ids": (answering.MAX_ID, quotas.MAX_ID_LENGTH),
}


@pytest.mark.parametrize(("own", "quota"), OWN.values(), ids=OWN)
def test_a_limit_that_is_kept_apart_is_the_same(own: float, quota: float) -> None:
    assert own == quota


def test_the_broker_stays_below_what_mparticle_takes() -> None:
    assert 0.9 * quotas.MAX_BATCH_BYTES < profile.MAX_BATCH_BYTES <= quotas.MAX_BATCH_BYTES
    assert 0.9 * quotas.MAX_BULK_REQUEST_BYTES < profile.MAX_REQUEST_BYTES <= quotas.MAX_BULK_REQUEST_BYTES


def test_every_limit_stands_below_the_page_that_states_it() -> None:
    """A group has no empty line within; it begins with a comment that names a page of AWS or mParticle."""
    groups = [
        group for group in Path(quotas.__file__).read_text().split("\n\n") if re.search(r"^[A-Z_]+ = ", group, re.M)
    ]
    assert len(groups) >= 15
    without = [
        group for group in groups if not re.match(r"(#.*\n)*?#.*https://docs\.(aws\.amazon|mparticle)\.com/", group)
    ]
    assert without == []
