"""IDSync's answers: which identities matched, and what a body without a usable identity gets."""

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
