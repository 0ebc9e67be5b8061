"""The record of the probe, as ``ingest`` reads it: reported and refreshed, or skipped, whatever the settings."""

import pytest
from broker.batch import Batch, decode
from broker.interactions import Interaction, extract
from broker.reasons import SkipReason
from broker.settings import IngestSettings, ingest_settings

from diagnosis import probe_record

MPID = -7_346_244_611_012_968_789
NOW_MS = 1_789_380_000_000


def settings(**variables: str) -> IngestSettings:
    return ingest_settings({"TRACKING_ID": "t", "QUARANTINE_BUCKET": "bucket", **variables})


def read(record: bytes, arrived_ms: int = NOW_MS) -> Batch:
    [batch] = decode(record, arrived_ms)
    assert isinstance(batch, Batch)
    return batch


def interaction(of: IngestSettings, arrived_ms: int = NOW_MS) -> Interaction:
    found, left_out = extract(read(probe_record.event_of(MPID, "item", of), arrived_ms), of.rules)
    assert not left_out
    [one] = found
    return one


@pytest.mark.parametrize(
    ("variables", "action"),
    [
        ({}, "purchase"),
        ({"REFRESH_ACTIONS": "view_detail,add_to_cart"}, "add_to_cart"),
        ({"EVENT_TYPES": "view_detail:View"}, "view_detail"),
        ({"CONSENT_PURPOSE": "Personalisation"}, "purchase"),
        ({"ENVIRONMENT": "development"}, "purchase"),
    ],
)
def test_the_identitys_event_is_reported_and_asks_for_a_refresh(variables: dict[str, str], action: str) -> None:
    of = settings(**variables)
    one = interaction(of)
    assert (one.user_id, one.item_id, one.action) == (str(MPID), "item", action)
    assert action in of.refresh_actions


def test_its_event_id_is_the_same_at_any_time_and_its_time_is_that_of_its_arrival() -> None:
    first, later = interaction(settings()), interaction(settings(), NOW_MS + 86_400_000)
    assert first.event_id == later.event_id
    assert later.time_ms - first.time_ms == 86_400_000


@pytest.mark.parametrize("environment", ["production", "development"])
def test_the_record_of_nobody_is_skipped(environment: str) -> None:
    of = settings(ENVIRONMENT=environment)
    found, left_out = extract(read(probe_record.ignored(of)), of.rules)
    assert (found, left_out) == ([], {SkipReason.OTHER_ENVIRONMENT: 1})
