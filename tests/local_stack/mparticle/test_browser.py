"""What a page asks of the local mParticle over HTTP, as its browser sees it; and what other pages' servers see."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from faults.rules import FAULTS
from local_stack import loopback
from local_stack.mparticle.operations import OF_PAGES, OPERATIONS, operation_of
from local_stack.process import ServiceProcess, start_service
from tests.local_stack.mparticle.batches import DEVICE, batch

NOBODY_LISTENS = "http://127.0.0.1:9"  # the discard service's port: what is forwarded waits
ORIGIN = {"Origin": "https://shop.example"}
KEY = {"x-mp-key": "web-key"}
PATHS = {name: path.format(key="web-key", mpid="7") for name, path in OF_PAGES.items() if name != "GetConfig"}
CONFIG = "/JS/v2/web-key/config?env=0"
WORDED = ("throttling", "unavailable", "invalid", "denied")


@pytest.fixture(scope="module")
def service() -> Iterator[ServiceProcess]:
    with start_service(
        "local_stack.mparticle", ["--stream", "events", "--kinesis-endpoint", NOBODY_LISTENS]
    ) as running:
        yield running


@pytest.fixture
def fault(service: ServiceProcess) -> Iterator[str]:
    """Where faults are switched on; off again after the test."""
    url = f"{service.url}/_local/faults"
    yield url
    loopback.delete(url)


def call(service: ServiceProcess, method: str, path: str, **request: Any) -> requests.Response:
    return loopback.call(method, service.url + path, headers=ORIGIN | request.pop("headers", {}), timeout=60, **request)


def known(**identities: str) -> dict[str, Any]:
    return {"environment": "production", "known_identities": {"device_application_stamp": DEVICE, **identities}}


@pytest.mark.parametrize("path", [*PATHS.values(), CONFIG])
def test_a_browser_that_asks_is_told_that_any_page_may(service: ServiceProcess, path: str) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-mp-key"}
    answer = call(service, "OPTIONS", path, headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert set(answer.headers["Access-Control-Allow-Headers"].split(",")) == {"content-type", "x-mp-key"}


@pytest.mark.parametrize("path", [*PATHS.values(), CONFIG])
def test_a_page_may_read_refusals_too(service: ServiceProcess, path: str) -> None:
    refused = call(service, "GET" if path == CONFIG else "POST", path.replace("web-key", "nobody"), data="{")
    assert refused.status_code in (401, 403)
    assert refused.headers["Access-Control-Allow-Origin"] == "*"


def test_no_page_may_read_profiles_or_what_only_servers_ask(service: ServiceProcess) -> None:
    for path in ("/v2/events", "/oauth/token", "/userprofile/v1/1/2/3/7", "/_local/profiles"):
        assert call(service, "OPTIONS", path).status_code == 405
    read = call(service, "GET", "/userprofile/v1/1/2/3/7?fields=user_attributes")
    assert "Access-Control-Allow-Origin" not in read.headers


def test_a_batch_is_taken_as_plain_text_with_nothing_but_the_key_in_the_path(service: ServiceProcess) -> None:
    text = json.dumps(batch())
    answer = call(service, "POST", PATHS["UploadWebEvents"], data=text, headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_visit_signs_in_changes_an_address_and_signs_out(service: ServiceProcess) -> None:
    def ask(path: str, content: dict[str, Any]) -> dict[str, Any]:
        answer = call(service, "POST", path, json=content, headers=KEY)
        assert answer.status_code == 200
        return dict(answer.json())

    anonymous = ask("/v1/identify", known())
    nobody = {"context": None, "matched_identities": {}, "is_ephemeral": False, "is_logged_in": False}
    assert anonymous == {**nobody, "mpid": str(int(anonymous["mpid"]))}
    customer = ask("/v1/login", known(customerid="visits"))
    changes = [{"identity_type": "email", "old_value": None, "new_value": "v@example.com"}]
    changed = ask(f"/v1/{customer['mpid']}/modify", {"environment": "production", "identity_changes": changes})
    assert changed == {"change_results": [{"identity_type": "email", "modified_mpid": customer["mpid"]}]}
    assert ask("/v1/login", known(email="v@example.com"))["mpid"] == customer["mpid"]
    assert ask("/v1/logout", known())["mpid"] not in (anonymous["mpid"], customer["mpid"])


@pytest.mark.parametrize("path", ["/v1/login", "/v1/logout", "/v1/7/modify"])
def test_a_bad_body_is_refused_in_the_form_that_the_sdk_reads(service: ServiceProcess, path: str) -> None:
    refused = call(service, "POST", path, json={}, headers=KEY)
    assert (refused.status_code, refused.json()["StatusCode"]) == (400, 400)
    assert refused.json()["Errors"][0]["message"]


def test_a_page_gets_a_configuration_and_a_nod_for_an_alias(service: ServiceProcess) -> None:
    configuration = call(service, "GET", CONFIG).json()
    assert (configuration["kitConfigs"], configuration["pixelConfigs"]) == ([], [])
    assert call(service, "POST", PATHS["Alias"], json={}).status_code == 202


def test_requests_of_pages_are_counted_by_what_they_ask(service: ServiceProcess) -> None:
    before = loopback.get(f"{service.url}/_local/requests").json()
    for name, path in PATHS.items():
        call(service, "POST", path, json={}, headers=KEY)
        call(service, "OPTIONS", path)
        after = loopback.get(f"{service.url}/_local/requests").json()
        assert after[name] == before.get(name, 0) + 1
    assert after["Preflight"] == before["Preflight"] + len(PATHS)


@pytest.mark.parametrize("name", WORDED)
def test_a_page_may_read_what_a_fault_answers(service: ServiceProcess, fault: str, name: str) -> None:
    assert name in FAULTS
    loopback.post(fault, json={"faults": [{"fault": name, "operation": "mparticle.*"}]}).raise_for_status()
    for path in PATHS.values():
        refused = call(service, "POST", path, json={}, headers=KEY)
        assert refused.status_code >= 400
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert "Errors" in call(service, "POST", "/v1/logout", json={}).json()


def test_a_fault_of_one_operation_spares_the_others(service: ServiceProcess, fault: str) -> None:
    loopback.post(fault, json={"faults": [{"fault": "reset", "operation": "mparticle.UploadWebEvents"}]})
    with pytest.raises(requests.ConnectionError):
        call(service, "POST", PATHS["UploadWebEvents"], json=batch())
    assert call(service, "OPTIONS", PATHS["UploadWebEvents"]).status_code == 204
    assert call(service, "POST", "/v1/identify", json=known(), headers=KEY).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/v2/events", "UploadEvents"),
        ("POST", "/v2/bulkevents", "BulkUploadEvents"),
        ("POST", "/oauth/token", "GetToken"),
        ("GET", "/userprofile/v1/1/2/3/7", "GetProfile"),
        ("POST", "/v3/JS/web-key/events", "UploadWebEvents"),
        ("OPTIONS", "/v3/JS/web-key/events", "Preflight"),
        ("GET", "/JS/v2/web-key/config", "GetConfig"),
        ("POST", "/v1/-77/modify", "Modify"),
        ("POST", "/v1/identity/web-key/Alias", "Alias"),
        ("POST", "/v1/identify", "Identify"),
        ("POST", "/v1/logout", "Logout"),
    ],
)
def test_a_request_has_the_name_of_its_operation(method: str, path: str, operation: str) -> None:
    assert operation_of(method, path) == operation
    assert operation in OPERATIONS
