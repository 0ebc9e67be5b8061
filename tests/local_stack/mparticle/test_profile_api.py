"""Reading profiles: tokens and their hours, and a profile by an identity that never changes hands."""

from typing import Any

import pytest

from local_stack.mparticle.profile_api import AUDIENCE, CLIENT_ID, CLIENT_SECRET, MOST_TOKENS, Problem, ProfileApi
from tests.local_stack.mparticle.batches import Workspace, batch

CREDENTIALS = {
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "audience": AUDIENCE,
    "grant_type": "client_credentials",
}


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


@pytest.fixture
def api(workspace: Workspace) -> ProfileApi:
    workspace.post(batch(mpid=42, events=..., user_attributes={"town": "Boise"}))
    return ProfileApi(workspace.core, workspace.clock)


def bearer(api: ProfileApi) -> str:
    status, answer = api.token(CREDENTIALS)
    assert (status, answer["token_type"]) == (200, "Bearer")
    return f"Bearer {answer['access_token']}"


def read(api: ProfileApi, authorization: str | None) -> Any:
    return api.by_mpid(authorization, "42", "user_attributes")["user_attributes"]


def by_identity(api: ProfileApi, environment: str = "production", **identity: str) -> dict[str, Any]:
    return api.by_identity(None, {"environment_type": environment, "identity": identity}, "user_attributes")


def test_a_token_opens_profiles_for_eight_hours(api: ProfileApi, workspace: Workspace) -> None:
    token = bearer(api)
    workspace.clock.now += 8 * 3600 - 1
    assert read(api, token) == {"town": "Boise"}
    workspace.clock.now += 1
    with pytest.raises(Problem) as expired:
        read(api, token)
    assert expired.value.status == 401


def test_a_request_without_a_token_is_answered_and_one_with_a_wrong_token_is_not(api: ProfileApi) -> None:
    assert read(api, None) == read(api, "Basic d2ViLWtleTo=") == {"town": "Boise"}
    with pytest.raises(Problem):
        read(api, "Bearer made-up")


def test_old_tokens_are_forgotten_when_there_are_very_many(api: ProfileApi) -> None:
    first, second = bearer(api), bearer(api)
    for _ in range(MOST_TOKENS - 1):
        bearer(api)
    assert read(api, second) == {"town": "Boise"}
    with pytest.raises(Problem):
        read(api, first)


@pytest.mark.parametrize(
    ("wrong", "status", "error"),
    [
        ({"client_secret": "x"}, 401, "invalid_client"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"audience": "https://example.com"}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_wrong_request_for_a_token_is_refused(
    api: ProfileApi, wrong: dict[str, Any], status: int, error: str
) -> None:
    got, answer = api.token({**CREDENTIALS, **wrong})
    assert (got, answer["error"]) == (status, error)
    assert "access_token" not in answer
    assert api.token(None)[0] == 400


def test_a_profile_is_found_by_the_customer_id_in_its_own_environment(api: ProfileApi, workspace: Workspace) -> None:
    for environment in ("production", "development"):
        known = {"user_identities": {"customer_id": "c1"}, "user_attributes": {"in": environment}}
        workspace.post(batch(mp_deviceid=..., environment=environment, **known))
    for kind in ("customer_id", "customerid"):
        assert by_identity(api, type=kind, value="c1")["user_attributes"] == {"in": "production"}
    assert by_identity(api, "development", type="customer_id", value="c1")["user_attributes"] == {"in": "development"}
    with pytest.raises(Problem) as missing:
        by_identity(api, type="customer_id", value="c2")
    assert missing.value.status == 404


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        {"identity": {"type": "customer_id", "value": "c1"}},
        {"environment_type": "production", "identity": {"type": "email", "value": "c1"}},
        {"environment_type": "production", "identity": {"type": "customer_id"}},
        {"environment_type": "live", "identity": {"type": "customer_id", "value": "c1"}},
        {"environment_type": "production", "identity": "c1"},
    ],
    ids=["nothing", "empty", "no environment", "not immutable", "no value", "no environment of ours", "a string"],
)
def test_an_incomplete_question_is_a_bad_request(api: ProfileApi, content: Any) -> None:
    with pytest.raises(Problem) as refused:
        api.by_identity(None, content, "user_attributes")
    assert refused.value.status == 400
