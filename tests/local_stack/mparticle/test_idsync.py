"""IDSync's answers: who a user is at start, sign-in and sign-out, and what a body without a usable identity gets."""

from typing import Any

import pytest

from local_stack.mparticle import idsync
from tests.local_stack.mparticle.batches import DEVICE, OTHER_DEVICE, Workspace, batch


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


def known(**identities: Any) -> dict[str, Any]:
    return {"environment": "production", "known_identities": identities}


def test_a_new_user_has_matched_nothing_and_the_next_call_matches_under_the_callers_own_names(
    workspace: Workspace,
) -> None:
    first = workspace.identify(known(customerid="c1", other2="x", device_application_stamp=DEVICE))
    assert first["matched_identities"] == {}
    assert first["is_logged_in"] is True
    second = workspace.identify(known(customerid="c1", other2="x", email="new@example.com"))
    assert second["mpid"] == first["mpid"]
    assert second["matched_identities"] == {"customerid": "c1", "other2": "x"}


def test_an_identity_of_somebody_else_has_not_matched(workspace: Workspace) -> None:
    workspace.identify(known(customerid="c1", email="shared@example.com"))
    answer = workspace.identify(known(customerid="c2", email="shared@example.com"))
    assert answer["matched_identities"] == {}


def test_a_device_alone_is_nobody_who_has_signed_in(workspace: Workspace) -> None:
    answer = workspace.identify(known(device_application_stamp=DEVICE))
    assert (answer["is_logged_in"], answer["matched_identities"], answer["context"]) == (False, {}, None)
    assert workspace.identify(known(device_application_stamp=OTHER_DEVICE))["mpid"] != answer["mpid"]


def test_any_kind_of_device_is_a_device_and_no_identity_of_the_user(workspace: Workspace) -> None:
    answer = workspace.identify(known(android_uuid="f924f1e5707b34b7"))
    assert answer == workspace.identify(known(android_uuid="f924f1e5707b34b7"))
    found = workspace.core.profile(int(answer["mpid"]), ("user_identities", "device_identities"))
    assert found is not None
    assert (found["user_identities"], len(found["device_identities"])) == ([], 1)


def test_identities_that_are_null_or_empty_do_not_count(workspace: Workspace) -> None:
    answer = workspace.identify(known(customerid="c1", email=None, google=""))
    workspace.post(batch(mp_deviceid=..., user_identities={"customer_id": "c1"}))
    assert str(workspace.forwarded[0]["mpid"]) == answer["mpid"]
    assert [each["identity_type"] for each in workspace.forwarded[0]["user_identities"]] == ["customer_id"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "known_identities is missing"),
        ([], "known_identities is missing"),
        ({"known_identities": None}, "known_identities is missing"),
        (known(), "known_identities needs at least one identity"),
        (known(email=None, google=""), "known_identities needs at least one identity"),
        (known(customer="hugo"), "known_identities has no identity type customer"),
        (known(email=["hugo@example.com"]), "the value of an identity must be a string"),
        ({**known(email="a"), "environment": "live"}, "environment must be production or development"),
    ],
)
def test_a_bad_body_is_refused_with_its_reason_and_never_with_a_value(
    workspace: Workspace, content: Any, reason: str
) -> None:
    with pytest.raises(idsync.BadRequest, match=f"^{reason}$"):
        workspace.identify(content)


def test_a_refusal_has_the_form_that_mparticles_sdks_read() -> None:
    body = idsync.refusal("known_identities is missing")
    assert body["Errors"] == [{"code": "BAD_REQUEST", "message": "known_identities is missing"}]
    assert (body["ErrorCode"], body["StatusCode"], len(body["RequestId"])) == ("BAD_REQUEST", 400, 36)


def at(device: str = DEVICE, **identities: Any) -> dict[str, Any]:
    return known(device_application_stamp=device, **identities)


def test_after_a_logout_a_device_has_an_unknown_user_and_keeps_them(workspace: Workspace) -> None:
    """A stranger on a shared device must not act in the name of the customer before."""
    anonymous = workspace.identify(at())
    customer = workspace.identify(at(customerid="c1"))
    assert customer["mpid"] == anonymous["mpid"]  # the device's profile became the new customer's
    stranger = workspace.identify(at(), logout=True)
    assert (stranger["is_logged_in"], stranger["matched_identities"]) == (False, {})
    assert stranger["mpid"] != customer["mpid"]
    assert workspace.identify(at())["mpid"] == stranger["mpid"]
    workspace.post(batch())
    assert str(workspace.forwarded[-1]["mpid"]) == stranger["mpid"]


def test_a_customer_who_logs_in_again_is_themselves_and_each_logout_leads_to_somebody_new(
    workspace: Workspace,
) -> None:
    customer = workspace.identify(at(customerid="c1"))["mpid"]
    strangers = []
    for _ in range(3):
        strangers.append(workspace.identify(at(), logout=True)["mpid"])
        assert workspace.identify(at(customerid="c1"))["mpid"] == customer
    assert len({customer, *strangers}) == 4


def test_a_logout_that_is_sent_twice_leads_to_one_new_user(workspace: Workspace) -> None:
    workspace.identify(at(customerid="c1"))
    assert workspace.identify(at(), logout=True)["mpid"] == workspace.identify(at(), logout=True)["mpid"]


def test_a_logout_of_nobody_changes_nothing(workspace: Workspace) -> None:
    anonymous = workspace.identify(at())["mpid"]
    assert workspace.identify(at(), logout=True)["mpid"] == anonymous
    assert workspace.identify(at(OTHER_DEVICE), logout=True)["mpid"] != anonymous


def test_a_logout_with_an_identity_leads_to_whom_it_belongs_and_never_to_the_customer_before(
    workspace: Workspace,
) -> None:
    customer = workspace.identify(at(customerid="c1"))["mpid"]
    kiosk = workspace.identify(at(other="kiosk"), logout=True)["mpid"]
    assert kiosk != customer
    assert workspace.identify(known(other="kiosk"))["mpid"] == kiosk


def test_a_logout_on_one_device_leaves_the_customer_on_another(workspace: Workspace) -> None:
    customer = workspace.identify(at(customerid="c1"))["mpid"]
    assert workspace.identify(at(OTHER_DEVICE, customerid="c1"))["mpid"] == customer
    workspace.identify(at(), logout=True)
    assert workspace.identify(at(OTHER_DEVICE))["mpid"] == customer


def change(kind: str, value: Any, old: Any = None) -> dict[str, Any]:
    return {"identity_type": kind, "new_value": value, "old_value": old}


def identities(workspace: Workspace, mpid: str) -> dict[str, str]:
    found = workspace.core.profile(int(mpid), ("user_identities",))
    assert found is not None
    return {each["type"]: each["value"] for each in found["user_identities"]}


def test_identities_are_changed_added_and_removed(workspace: Workspace) -> None:
    mpid = workspace.identify(known(customerid="c1", email="old@example.com", google="g"))["mpid"]
    answer = workspace.modify(
        mpid, change("email", "new@example.com", "old@example.com"), change("other2", "x"), change("google", None, "g")
    )
    assert answer == {
        "change_results": [{"identity_type": name, "modified_mpid": mpid} for name in ("email", "other2", "google")]
    }
    assert identities(workspace, mpid) == {"customer_id": "c1", "email": "new@example.com", "other_id_2": "x"}
    assert workspace.identify(known(email="new@example.com"))["mpid"] == mpid
    assert workspace.identify(known(email="old@example.com"))["mpid"] != mpid


def test_an_address_that_moves_to_another_user_is_theirs_and_stays_so(workspace: Workspace) -> None:
    first = workspace.identify(known(customerid="c1", email="both@example.com"))["mpid"]
    second = workspace.identify(known(customerid="c2"))["mpid"]
    workspace.modify(second, change("email", "both@example.com"))
    workspace.modify(first, change("email", "own@example.com", "both@example.com"))
    assert workspace.identify(known(email="both@example.com"))["mpid"] == second


@pytest.mark.parametrize(
    ("changes", "fields", "reason"),
    [
        ([], {}, "identity_changes needs at least one change"),
        ([{}], {"identity_changes": {}}, "identity_changes needs at least one change"),
        ([], {"identity_changes": ["email"]}, "identity_changes needs at least one change"),
        ([change("customer", "x")], {}, "identity_type is no identity of a user"),
        ([change("device_application_stamp", DEVICE)], {}, "identity_type is no identity of a user"),
        ([change("email", ["x"])], {}, "the value of an identity must be a string"),
        ([change("email", "x")], {"environment": "live"}, "environment must be production or development"),
        ([change("email", "x")], {"environment": "development"}, "there is no user with this mpid"),
    ],
)
def test_a_bad_change_is_refused_and_changes_nothing(
    workspace: Workspace, changes: list[dict[str, Any]], fields: dict[str, Any], reason: str
) -> None:
    mpid = workspace.identify(known(customerid="c1"))["mpid"]
    with pytest.raises(idsync.BadRequest, match=f"^{reason}$"):
        workspace.modify(mpid, *changes, **fields)
    assert identities(workspace, mpid) == {"customer_id": "c1"}


@pytest.mark.parametrize("mpid", ["77", "me"])
def test_a_change_of_nobody_is_refused(workspace: Workspace, mpid: str) -> None:
    with pytest.raises(idsync.BadRequest):
        workspace.modify(mpid, change("email", "x"))
