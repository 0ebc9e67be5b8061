"""Whose upload it is, and what a profile then says."""

from typing import Any

import pytest

from tests.local_stack.mparticle.batches import DEVICE, OTHER_DEVICE, Workspace, batch


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


def mpid_of(workspace: Workspace, name: str = "web", **fields: Any) -> int:
    """Post a batch and return whose it was."""
    assert workspace.post(batch(**fields), name=name).status == 202
    mpid = workspace.forwarded[-1]["mpid"]
    assert isinstance(mpid, int)
    return mpid


def attributes(workspace: Workspace, mpid: int, environment: str = "production") -> dict[str, Any]:
    found = workspace.core.profile(mpid, ("user_attributes",), environment)
    assert found is not None
    return dict(found["user_attributes"])


def test_every_device_has_a_profile_of_its_own(workspace: Workspace) -> None:
    assert mpid_of(workspace) == mpid_of(workspace)
    assert mpid_of(workspace) != mpid_of(workspace, mp_deviceid=OTHER_DEVICE)


def test_a_devices_profile_becomes_that_of_the_new_customer_who_signs_in(workspace: Workspace) -> None:
    anonymous = mpid_of(workspace)
    assert mpid_of(workspace, user_identities={"customer_id": "c1"}) == anonymous
    assert mpid_of(workspace, mp_deviceid=..., user_identities={"customer_id": "c1"}) == anonymous


def test_a_known_customer_keeps_the_mpid_on_a_new_device(workspace: Workspace) -> None:
    known = mpid_of(workspace, user_identities={"customer_id": "c1"})
    anonymous = mpid_of(workspace, mp_deviceid=OTHER_DEVICE)
    assert anonymous != known
    assert mpid_of(workspace, mp_deviceid=OTHER_DEVICE, user_identities={"customer_id": "c1"}) == known


def test_a_second_customer_on_the_same_device_is_somebody_else(workspace: Workspace) -> None:
    first = mpid_of(workspace, user_identities={"customer_id": "c1", "email": "one@example.com"})
    second = mpid_of(workspace, user_identities={"customer_id": "c2", "email": "two@example.com"})
    assert first != second
    assert mpid_of(workspace, mp_deviceid=..., user_identities={"email": "one@example.com"}) == first


def test_a_shared_email_does_not_make_two_customers_one(workspace: Workspace) -> None:
    first = mpid_of(workspace, user_identities={"customer_id": "c1", "email": "both@example.com"})
    assert mpid_of(workspace, user_identities={"customer_id": "c2", "email": "both@example.com"}) != first


def test_a_customer_with_a_new_email_stays_the_same_person(workspace: Workspace) -> None:
    mpid_of(workspace)
    first = mpid_of(workspace, user_identities={"customer_id": "c1", "email": "old@example.com"})
    assert (
        mpid_of(workspace, mp_deviceid=..., user_identities={"email": "new@example.com", "customer_id": "c1"}) == first
    )
    assert mpid_of(workspace, mp_deviceid=..., user_identities={"email": "new@example.com"}) == first


def test_the_customer_id_says_more_than_any_other_identity(workspace: Workspace) -> None:
    reader = mpid_of(workspace, mp_deviceid=OTHER_DEVICE, user_identities={"email": "news@example.com"})
    customer = mpid_of(workspace, user_identities={"customer_id": "c1"})
    both = {"email": "news@example.com", "customer_id": "c1"}
    assert mpid_of(workspace, mp_deviceid=..., user_identities=both) == customer != reader


def test_the_till_and_the_app_know_the_same_customer(workspace: Workspace) -> None:
    at_home = mpid_of(workspace, user_identities={"customer_id": 123456})
    in_store = mpid_of(workspace, name="till", mp_deviceid=..., user_identities={"customer_id": "123456"})
    assert at_home == in_store


def test_an_explicit_mpid_wins_and_makes_a_profile_if_it_is_unknown(workspace: Workspace) -> None:
    mpid_of(workspace, user_identities={"customer_id": "c1"})
    assert workspace.core.profile(-9007199254740995, ("user_attributes",)) is None
    assert mpid_of(workspace, mpid=-9007199254740995, user_identities={"customer_id": "c1"}) == -9007199254740995
    assert workspace.core.profile(-9007199254740995, ("user_attributes",)) is not None


def test_the_same_seed_gives_the_same_mpids_in_any_order() -> None:
    there, back = Workspace(), Workspace()
    names = [f"c{n}" for n in range(20)]
    one = {name: mpid_of(there, mp_deviceid=..., user_identities={"customer_id": name}) for name in names}
    two = {name: mpid_of(back, mp_deviceid=..., user_identities={"customer_id": name}) for name in reversed(names)}
    assert one == two
    assert len(set(one.values())) == 20
    assert min(one.values()) < -(2**53)
    assert max(one.values()) > 2**53


def test_development_never_touches_a_production_profile(workspace: Workspace) -> None:
    mpid = mpid_of(workspace, user_attributes={"product_recs": ["live"]})
    mpid_of(workspace, mpid=mpid, environment="development", user_attributes={"product_recs": ["test"]})
    assert attributes(workspace, mpid) == {"product_recs": ["live"]}
    assert attributes(workspace, mpid, "development") == {"product_recs": ["test"]}
    assert mpid_of(workspace, environment="development") != mpid


def test_a_written_list_replaces_the_one_before_null_makes_a_tag_and_a_deletion_deletes(workspace: Workspace) -> None:
    mpid = mpid_of(workspace, user_attributes={"product_recs": ["1", "2"], "town": "Boise", "gone": "x"})
    mpid_of(workspace, user_attributes={"product_recs": ["3"], "vip": None}, deleted_user_attributes=["gone"])
    assert attributes(workspace, mpid) == {"product_recs": ["3"], "town": "Boise", "vip": None}


def test_recommendations_are_listed_a_page_at_a_time_with_the_time_they_were_written(workspace: Workspace) -> None:
    for mpid in (5, -7, 2**62):
        mpid_of(workspace, mpid=mpid, user_attributes={"product_recs": [str(mpid)], "product_recs_id": "r"})
    workspace.clock.now += 5
    mpid_of(workspace, mpid=5, user_attributes={"town": "Boise"})
    first = workspace.core.recommendations("production", None, 2)
    assert [(each["mpid"], each["product_recs"]) for each in first] == [("-7", ["-7"]), ("5", ["5"])]
    assert first[1]["product_recs_written_ms"] == 1_800_000_000_000
    assert [each["mpid"] for each in workspace.core.recommendations("production", 5, 2)] == [str(2**62)]


def test_signing_in_by_idsync_finds_whom_an_upload_would_find(workspace: Workspace) -> None:
    asked, _ = workspace.core.identify("production", {"customer_id": "c1"}, DEVICE)
    assert mpid_of(workspace, user_identities={"customer_id": "c1"}) == asked


@pytest.mark.parametrize(
    ("idsync", "in_batches"),
    [
        ("customerid", "customer_id"),
        ("facebookcustomaudienceid", "facebook_custom_audience_id"),
        *((f"other{number}", f"other_id_{number}") for number in range(2, 11)),
        *((name, name) for name in ("other", "email", "google", "mobile_number", "phone_number_3")),
    ],
)
def test_a_customer_is_one_whatever_the_spelling_and_the_road(
    workspace: Workspace, idsync: str, in_batches: str
) -> None:
    mpids = {
        mpid_of(workspace, mp_deviceid=..., user_identities={idsync: "c1"}),
        mpid_of(workspace, mp_deviceid=..., user_identities={in_batches: "c1"}),
        int(workspace.identify({"known_identities": {idsync: "c1"}})["mpid"]),
        int(workspace.identify({"known_identities": {in_batches: "c1"}})["mpid"]),
    }
    assert len(mpids) == 1
    [only] = mpids
    found = workspace.core.profile(only, ("user_identities",))
    assert found is not None
    assert [(each["type"], each["value"]) for each in found["user_identities"]] == [(in_batches, "c1")]


def test_of_two_spellings_that_differ_the_batchs_own_counts(workspace: Workspace) -> None:
    own = mpid_of(workspace, mp_deviceid=..., user_identities={"customer_id": "c1"})
    for both in ({"customerid": "c2", "customer_id": "c1"}, {"customer_id": "c1", "customerid": "c2"}):
        assert mpid_of(workspace, mp_deviceid=..., user_identities=both) == own
    empty = {"customerid": "c1", "customer_id": None}
    assert mpid_of(workspace, mp_deviceid=..., user_identities=empty) == own


def test_opting_out_and_in_again_shows_on_the_profile(workspace: Workspace) -> None:
    for state in (True, False):
        opt_out = {"event_type": "opt_out", "data": {"is_opted_out": state}}
        found = workspace.core.profile(mpid_of(workspace, events=[opt_out]), ("user_attributes",))
        assert found is not None
        assert found["is_opted_out"] is state
