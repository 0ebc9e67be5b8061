"""Which two ids are one person's, as mParticle names them."""

from pathlib import Path

import pytest
from broker.batch import Batch, Event, decode

from personalize_data.id_changes import IdChange, id_change

ANONYMOUS, ANNA, BEN = -7346244611012968789, 5103277684950218837, 42


def login(previous: object, current: object, kind: object = "login") -> dict[str, object]:
    return {"previous_mpid": previous, "current_mpid": current, "profile_event_type": kind}


@pytest.mark.parametrize(
    ("profile", "change"),
    [
        (login(ANONYMOUS, ANNA), IdChange(ANONYMOUS, ANNA)),
        (login(str(ANONYMOUS), str(ANNA), " Login "), IdChange(ANONYMOUS, ANNA)),
        (login(ANONYMOUS, ANNA, "signup"), IdChange(ANONYMOUS, ANNA)),
        (login(ANNA, ANONYMOUS, "logout"), None),
        (login(ANNA, ANNA, "update"), None),
        (login(ANNA, BEN, "delete"), None),
        (login(ANONYMOUS, ANNA, None), None),
        (login(ANNA, ANNA), None),
        (login(0, ANNA), None),
        (login(None, ANNA), None),
        (login(ANONYMOUS, "somebody"), None),
        (login(float(ANONYMOUS), ANNA), None),
        (login(2**64, ANNA), None),
        ({}, None),
    ],
)
def test_a_change_is_a_login_that_names_two_readable_ids(profile: dict, change: IdChange | None):
    assert id_change(Event(0, "profile", profile)) == change


def test_an_event_of_another_type_names_none():
    assert id_change(Event(0, "custom_event", login(ANONYMOUS, ANNA))) is None


@pytest.mark.parametrize(
    "name", ["01_docs_events_api_sample.json", "15_docs_s3_output_lines.ndjson", "17_portability_stored_batch.json"]
)
def test_real_batches_name_no_change_whatever_identities_change_in_them(test_data: Path, name: str):
    batches = decode((test_data / "mparticle" / name).read_bytes(), 1_800_000_000_000)
    assert batches
    events = [event for each in batches if isinstance(each, Batch) for event in each.events]
    assert [event for event in events if id_change(event)] == []
