"""The broker's own calls: on the wire they are boto3's, and so are their errors. Whatever they cannot do is boto3's."""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError, ReadTimeoutError
from botocore.serialize import create_serializer
from botocore.session import get_session
from botocore.validate import ParamValidator
from broker.clients import CONNECT_TIMEOUT, READ_TIMEOUT, Aws
from broker.direct_calls import DirectCall
from broker.http_connections import HttpConnections
from broker.interactions import Interaction, put_events_request
from broker.personalize import Campaign
from broker.recommendations import get_recommendations_request
from broker.tls import tls_context
from hypothesis import given
from hypothesis import strategies as st

from tests.broker.loopback import Loopback, Sent, authority, loopback, reply
from tests.broker.stubs import FAR, NOW, FakeTime

CAMPAIGN = "arn:aws:personalize:eu-west-1:123456789012:campaign/shop"
FILTER = "arn:aws:personalize:eu-west-1:123456789012:filter/unbought"
INTERACTIONS = [
    Interaction(f"{number}-0-abc", "view_detail", item, "-5", "visit", int(NOW * 1000), "view_detail", value)
    for number, (item, value) in enumerate([("sock", None), ("søk ☃ \U0001f9e6", 1.5), ('"\\/\x7f', 1e-7)])
]
DATASET, PROPERTIES = "arn:aws:personalize:us-east-1:123456789012:dataset/shop/USERS", {"properties": '{"näme":"x"}'}
ONE, THREE = (put_events_request(interactions, "tracker") for interactions in (INTERACTIONS[:1], INTERACTIONS))
SHOWN = put_events_request(
    [INTERACTIONS[1]._replace(recommendation_id="RID-1", impression=("sock", "søk ☃"))], "tracker"
)
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/refresh"
KEY = {"mpid": {"N": "-5"}}
CLAIM = {
    "Update": {
        "TableName": "states",
        "Key": KEY,
        "UpdateExpression": "SET generation = :generation",
        "ConditionExpression": "generation = :read",
        "ExpressionAttributeValues": {":generation": {"N": "2"}, ":read": {"N": "1"}},
    }
}
CALLS = {
    "one event": ("personalize-events", "put_events", ONE),
    "three events": ("personalize-events", "put_events", THREE),
    "credited events": ("personalize-events", "put_events", put_events_request(INTERACTIONS, "tracker", "autumn/b")),
    "an event with its list": ("personalize-events", "put_events", SHOWN),
    "a user": ("personalize-events", "put_users", {"datasetArn": DATASET, "users": [{"userId": "7", **PROPERTIES}]}),
    "an item": ("personalize-events", "put_items", {"datasetArn": DATASET, "items": [{"itemId": "mug", **PROPERTIES}]}),
    "a list": ("personalize-runtime", "get_recommendations", get_recommendations_request(-5, CAMPAIGN, None, 10)),
    "some states": (
        "dynamodb",
        "batch_get_item",
        {"RequestItems": {"states": {"Keys": [KEY, KEY | {"mpid": {"N": "7"}}]}}},
    ),
    "a claim": ("dynamodb", "transact_write_items", {"TransactItems": [CLAIM], "ClientRequestToken": "token"}),
    "a new state": (
        *("dynamodb", "transact_write_items"),
        {
            "TransactItems": [{"Put": {"TableName": "states", "Item": KEY | {"digest": {"S": "ø"}}}}],
            "ClientRequestToken": "token",
        },
    ),
    "what a user was shown": (
        *("dynamodb", "batch_write_item"),
        {"RequestItems": {"shown": [{"PutRequest": {"Item": KEY | {"shown": {"S": '{"RID": ["s", 1, ["ø"]]}'}}}}]}},
    ),
    "users to refresh": (
        *("sqs", "send_message_batch"),
        {"QueueUrl": QUEUE, "Entries": [{"Id": "0", "MessageBody": '{"mpid":-5}', "DelaySeconds": 900}]},
    ),
    "hidden messages": (
        *("sqs", "change_message_visibility_batch"),
        {"QueueUrl": QUEUE, "Entries": [{"Id": "0", "ReceiptHandle": "AQEB/+=", "VisibilityTimeout": 5}]},
    ),
    "a filtered list": (
        "personalize-runtime",
        "get_recommendations",
        get_recommendations_request(7, CAMPAIGN, FILTER, 25),
    ),
}
STATIC = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
SESSION = STATIC | {"AWS_SESSION_TOKEN": "token/+=" * 100}
LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "ingest",
    "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=ü",
}
LIST = {"itemList": [{"itemId": "sock", "score": 0.5}], "recommendationId": "RID-1"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave nothing of this machine's AWS settings, and set a region."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    values = {"AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    set_all(monkeypatch, {**values, "AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "eu-west-1"})


@pytest.fixture
def service() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


@pytest.fixture
def aws(service: Loopback, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """Return what leads to the service."""
    set_all(monkeypatch, SESSION | {"AWS_ENDPOINT_URL": service.url})
    return Aws(16)


def set_all(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def by_boto3(service: str, method: str) -> Callable[..., Any]:
    """Return a method of a client as boto3 makes it."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    operation: Callable[..., Any] = getattr(boto3.Session().client(service, config=config), method)
    return operation


def directly(service: str, method: str, now: Callable[[], float] = time.time) -> DirectCall:
    """Return the broker's own call of a method."""
    return call_of(Aws(16, now), service, method)


def is_direct(call: DirectCall) -> bool:
    return call._signer is not None


def call_of(
    aws: Aws, service: str = "personalize-runtime", method: str = "get_recommendations", **kw: Any
) -> DirectCall:
    call = getattr(aws.direct_client(service, method, **kw), method)
    assert isinstance(call, DirectCall)
    return call


def comparable(sent: Sent) -> tuple[Any, ...]:
    """Return all of a request but its connection, and the id that is drawn by lot for each."""
    headers = dict(sent.headers)
    assert len(headers.pop("amz-sdk-invocation-id")) == 36
    return sent.line, headers, sent.body


def same_bytes(service: Loopback, name: str, method: str, arguments: dict[str, Any]) -> Sent:
    """Call as boto3, and twice directly at the same second; return the request, which was the same each time."""
    by_boto3(name, method)(**arguments)
    [theirs] = service.sent
    signed_at = datetime.strptime(theirs.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    times = [signed_at.timestamp() + seconds for seconds in (-86_400, 0, 0)]
    call = directly(name, method, lambda: times.pop(0))
    call(**arguments)
    assert comparable(service.sent[-1]) != comparable(theirs), "it is signed a day before"
    for number in (3, 4):
        call(**arguments)
        assert len(service.sent) == number, "what boto3 prepares for the comparison is not sent"
        assert comparable(service.sent[-1]) == comparable(theirs)
    assert is_direct(call)
    return theirs


@pytest.mark.parametrize("inside_lambda", [{}, LAMBDA], ids=["anywhere", "in Lambda"])
@pytest.mark.parametrize("credentials", [STATIC, SESSION], ids=["static keys", "session keys"])
@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_boto3s_to_the_byte(
    service: Loopback,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    credentials: dict[str, str],
    inside_lambda: dict[str, str],
) -> None:
    set_all(monkeypatch, credentials | inside_lambda | {"AWS_ENDPOINT_URL": service.url})
    sent = same_bytes(service, *CALLS[name])
    assert sent.line.startswith("POST /")
    assert ("x-amzn-trace-id" in sent.headers) == bool(inside_lambda)


@pytest.mark.parametrize("path", ["", "/", "/stage", "/two/parts/", "/with%20space", "/~user/a+b=c,d"])
@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_PERSONALIZE_EVENTS"])
@pytest.mark.parametrize("host", ["127.0.0.1", "LocalHost"])
def test_an_endpoint_of_the_users_is_boto3s(
    service: Loopback, monkeypatch: pytest.MonkeyPatch, host: str, variable: str, path: str
) -> None:
    set_all(monkeypatch, STATIC | {variable: f"http://{host}:{service.port}{path}"})
    same_bytes(service, *CALLS["one event"])


HOSTS = {
    "a region": ({}, "personalize-events.eu-west-1.amazonaws.com"),
    "FIPS": ({"AWS_USE_FIPS_ENDPOINT": "true"}, "personalize-events-fips.eu-west-1.amazonaws.com"),
    "dual-stack": ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "personalize-events.eu-west-1.api.aws"),
    "a port of the user's": (
        {"AWS_ENDPOINT_URL": "https://Personalize.Example:443/stage"},
        "personalize.example",
    ),
    "China": ({"AWS_DEFAULT_REGION": "cn-north-1"}, "personalize-events.cn-north-1.amazonaws.com.cn"),
}


@pytest.mark.parametrize(("settings", "host"), HOSTS.values(), ids=HOSTS)
def test_an_endpoint_of_aws_is_boto3s_over_tls_with_the_users_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: dict[str, str], host: str
) -> None:
    issued = authority(tmp_path, host)
    set_all(monkeypatch, SESSION | settings | {"AWS_CA_BUNDLE": str(issued.bundle)})
    with loopback(issued.tls) as service:
        look_up = socket.getaddrinfo
        asked = []

        def lead_here(name: str, port: int, *rest: Any, **more: Any) -> Any:
            asked.append((name, port))
            return look_up("127.0.0.1", service.port, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", lead_here)
        assert same_bytes(service, *CALLS["one event"]).headers["host"] == host
    assert set(asked) == {(host, 443)}


def keys(number: int, lifetime: timedelta) -> dict[str, str]:
    expires = (datetime.now(UTC) + lifetime).strftime("%Y-%m-%dT%H:%M:%SZ")
    secret = {"AccessKeyId": f"AKID{number}", "SecretAccessKey": f"secret{number}", "Token": f"token{number}"}
    return secret | {"Expiration": expires}


def is_signed(sent: Sent, url: str, key: str, secret: str) -> bool:
    """Return whether a PutEvents has the signature that botocore makes with a secret."""
    names = ("content-type", "host", "x-amz-date", "x-amz-security-token")
    request = AWSRequest("POST", f"{url}/events", {name: sent.headers[name] for name in names}, sent.body)
    request.context["timestamp"] = sent.headers["x-amz-date"]
    auth = SigV4Auth(Credentials(key, secret, sent.headers["x-amz-security-token"]), "personalize", "eu-west-1")
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return sent.headers["authorization"].endswith(f"Signature={signature}")


def test_keys_of_a_container_are_asked_for_once_and_replaced_before_they_expire(
    service: Loopback, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with loopback() as container:
        uri = f"{container.url}/keys"
        set_all(monkeypatch, {"AWS_ENDPOINT_URL": service.url, "AWS_CONTAINER_CREDENTIALS_FULL_URI": uri})

        def answer_with(number: int, lifetime: timedelta) -> None:
            container.answer = reply(json.dumps(keys(number, lifetime)).encode())

        def used_key() -> str:
            call(**ONE)
            [key] = re.findall("Credential=AKID([0-9]+)/", service.sent[-1].headers["authorization"])
            assert service.sent[-1].headers["x-amz-security-token"] == f"token{key}"
            assert is_signed(service.sent[-1], service.url, f"AKID{key}", f"secret{key}")
            return str(key)

        answer_with(1, timedelta(hours=6))
        same_bytes(service, *CALLS["one event"])
        assert len(container.sent) == 2, "once for each of the two clients"
        # botocore asks for new keys before each call while the old ones expire within ten minutes.
        answer_with(2, timedelta(minutes=5))
        call = directly(*CALLS["one event"][:2])
        for number in (2, 3, 4):
            answer_with(number, timedelta(minutes=5))
            assert used_key() == str(number)
            assert is_direct(call)
        # Where they change between boto3's request and the comparison, the call is boto3's, and the next one compares.
        call = directly(*CALLS["one event"][:2])
        container.answer = lambda sent, connection: reply(
            json.dumps(keys(len(container.sent), timedelta(minutes=5))).encode()
        )(sent, connection)
        used_key()
        assert not is_direct(call)
        answer_with(5, timedelta(hours=6))
        assert used_key() == "5"
        assert is_direct(call)
    assert caplog.records == []


def test_a_proxy_leaves_all_to_boto3(service: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, STATIC | {"AWS_ENDPOINT_URL": "http://personalize.invalid", "HTTP_PROXY": service.url})
    aws = Aws(1)
    aws.direct_client("personalize-events", "put_events").put_events(**ONE)
    service.answer = reply(b'{"TableNames":[]}')
    aws.client("dynamodb").list_tables()
    assert [sent.line for sent in service.sent] == [
        "POST http://personalize.invalid/events HTTP/1.1",
        "POST http://personalize.invalid/ HTTP/1.1",
    ]
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.url)
    call_of(Aws(1), "personalize-events", "put_events")(**ONE)
    assert service.sent[-1].line == "POST /events HTTP/1.1"


def test_what_boto3_signs_in_another_way_is_boto3s(
    service: Loopback, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    set_all(monkeypatch, STATIC | {"AWS_ENDPOINT_URL": service.url})
    for client in (
        boto3.Session().client("personalize-events", config=Config(signature_version=UNSIGNED)),
        boto3.Session().client("personalize-events"),
    ):
        # A header that a later boto3 may add to each request, with a value of its own.
        client.meta.events.register(
            "before-sign", lambda request, **_: request.headers.add_header("X-Amz-Body-Length", str(len(request.body)))
        )
        http = HttpConnections(lambda: tls_context(""), CONNECT_TIMEOUT)
        caplog.clear()
        call = DirectCall(client, "put_events", boto3.Session().get_credentials(), http, time.time)
        call(**ONE)
        call(**THREE)
        lengths = [(sent.headers["x-amz-body-length"], str(len(sent.body))) for sent in service.sent[-2:]]
        assert all(claimed == actual for claimed, actual in lengths)
        assert [record.getMessage() for record in caplog.records] == [
            "boto3 makes all calls of PutEvents: it prepares them in another way"
        ]


def test_the_first_calls_of_a_process_may_come_at_the_same_time(service: Loopback, aws: Aws) -> None:
    client, method, _ = CALLS["a list"]
    service.answer = lambda sent, connection: reply(
        json.dumps({"itemList": [{"itemId": json.loads(sent.body)["userId"]}]}).encode()
    )(sent, connection)
    call = call_of(aws, client, method)
    prepared: list[Any] = []
    call._client.meta.events.register("before-call", lambda params, **_: prepared.append(params))
    requests = [get_recommendations_request(number, CAMPAIGN, None, 10) for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda request: call(**request), requests))
    assert [answer["itemList"][0]["itemId"] for answer in answers] == list(map(str, range(16)))
    assert len(service.sent) == 16
    assert len(prepared) == 1, "boto3's work is done once"


def test_a_comparison_takes_no_request_of_another_thread(service: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, STATIC | {"AWS_ENDPOINT_URL": service.url})
    client = boto3.Session().client("personalize-events")
    first_is_prepared, second_compares, first_is_answered = (threading.Event() for _ in range(3))
    prepared: list[str] = []

    def at_each_preparation(**_: Any) -> None:
        prepared.append(threading.current_thread().name)
        if len(prepared) == 2:  # the first thread has compared, and lets boto3 make its call
            first_is_prepared.set()
            assert second_compares.wait(30)
        elif len(prepared) == 3:
            second_compares.set()
            assert first_is_answered.wait(30)

    client.meta.events.register("before-call", at_each_preparation)
    http = HttpConnections(lambda: tls_context(""), CONNECT_TIMEOUT)
    # Other keys than the client's, as after a refresh, so that each call compares again.
    call = DirectCall(client, "put_events", Credentials("AKIDOTHER", "secret"), http, time.time)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(call, **ONE)
        assert first_is_prepared.wait(30)
        second = pool.submit(call, **THREE)
        first.result(30)
        first_is_answered.set()
        second.result(30)
    assert [len(json.loads(sent.body)["eventList"]) for sent in service.sent] == [1, 3]


def test_an_impatient_call_gives_up_earlier(service: Loopback, aws: Aws) -> None:
    told = threading.Event()
    service.answer = lambda sent, connection: told.wait(30) and reply()(sent, connection)
    call = call_of(aws, read_timeout=0.2)
    began = time.monotonic()
    error = raised(lambda: call(**CALLS["a list"][2]))
    told.set()
    assert type(error) is ReadTimeoutError
    assert time.monotonic() - began < READ_TIMEOUT


@given(
    st.lists(
        st.builds(
            Interaction,
            event_id=st.text(min_size=1),
            event_type=st.text(min_size=1),
            item_id=st.text(min_size=1),
            user_id=st.text(min_size=1),
            session_id=st.text(min_size=1),
            time_ms=st.integers(0, 10**14),
            action=st.just("view_detail"),
            event_value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
            recommendation_id=st.none() | st.text(min_size=1, max_size=40),
            impression=st.lists(st.text(min_size=1), max_size=25).map(tuple),
        ),
        min_size=1,
        max_size=10,
    ),
    st.text(min_size=1),
)
def test_of_any_events_the_body_is_boto3s_and_boto3_refuses_nothing_of_it(
    interactions: list[Interaction], tracking_id: str
) -> None:
    request = put_events_request(interactions, tracking_id)
    assert_boto3_writes(PUT_EVENTS, request)


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from([None, FILTER]), st.integers(1, 500))
def test_of_any_user_the_body_is_boto3s_and_boto3_refuses_nothing_of_it(
    mpid: int, filter_arn: str | None, number: int
) -> None:
    assert_boto3_writes(GET_RECOMMENDATIONS, get_recommendations_request(mpid, CAMPAIGN, filter_arn, number))


PUT_EVENTS = get_session().get_service_model("personalize-events").operation_model("PutEvents")
GET_RECOMMENDATIONS = get_session().get_service_model("personalize-runtime").operation_model("GetRecommendations")


def assert_boto3_writes(operation: Any, request: dict[str, Any]) -> None:
    assert not ParamValidator().validate(request, operation.input_shape).has_errors()
    serialized = create_serializer("rest-json").serialize_to_request(request, operation)
    assert serialized["body"] == json.dumps(request).encode()


def raised(call: Callable[[], Any]) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - what it is, the caller asks
        call()
    return caught.value


ERRORS = {
    "a bad event": reply(b'{"message":"eventList: no"}', 400, "x-amzn-ErrorType: InvalidInputException:http://x/\r\n"),
    "by its body": reply(b'{"__type":"com.amazon#ThrottlingException","Message":"slow down"}', 400),
    "no such campaign": reply(b'{"code":"ResourceNotFoundException","message":"?"}', 404),
    "denied": reply(b'{"message":"no"}', 403, "x-amzn-errortype: AccessDeniedException\r\n"),
    "a clock that is wrong": reply(b'{"message":"expired"}', 403, "x-amzn-errortype: InvalidSignatureException\r\n"),
    "too many": reply(b"", 429),
    "moved": reply(b"", 301, "Location: http://127.0.0.1/\r\n"),
    "broken": reply(b"<html>Bad Gateway</html>", 502, "Content-Type: text/html\r\n"),
    "unavailable": reply(b"", 503),
    "not even JSON": reply(b"{", 400),
    "no such queue": reply(
        b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"?"}',
        400,
        "x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender\r\n",
    ),
    "unknown": reply(b'{"message":"?"}', 418),
}


@pytest.mark.parametrize("name", ["one event", "a list", "a claim", "users to refresh"])
@pytest.mark.parametrize("answer", ERRORS.values(), ids=ERRORS)
def test_an_error_of_the_service_is_boto3s(service: Loopback, aws: Aws, answer: Any, name: str) -> None:
    client, method, arguments = CALLS[name]
    service.answer = answer
    theirs = raised(lambda: by_boto3(client, method)(**arguments))
    ours = raised(lambda: call_of(aws, client, method)(**arguments))
    assert isinstance(ours, ClientError)
    assert isinstance(theirs, ClientError)
    assert type(ours).__name__ == type(theirs).__name__
    assert ours.operation_name == theirs.operation_name
    assert ours.response["Error"] == theirs.response["Error"]
    assert ours.response["ResponseMetadata"]["HTTPStatusCode"] == theirs.response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_cancelled_transaction_says_what_cancelled_it(service: Loopback, aws: Aws) -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "no"}, {"Code": "TransactionConflict"}]
    error = {"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "CancellationReasons": reasons}
    service.answer = reply(json.dumps(error | {"Message": "cancelled"}).encode(), 400)
    client, method, arguments = CALLS["a claim"]
    responses = [
        raised(lambda: by_boto3(client, method)(**arguments)).response,  # type: ignore[attr-defined]
        raised(lambda: call_of(aws, client, method)(**arguments)).response,  # type: ignore[attr-defined]
    ]
    assert responses[0]["CancellationReasons"] == responses[1]["CancellationReasons"] == reasons
    assert responses[0]["Error"] == responses[1]["Error"]


def test_without_keys_or_a_region_the_error_is_boto3s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    call = call_of(Aws(1))
    for _ in range(2):
        assert type(raised(lambda: call(**CALLS["a list"][2]))) is NoCredentialsError
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert type(raised(lambda: Aws(1).direct_client("personalize-runtime", "get_recommendations"))) is NoRegionError


def test_an_answer_has_the_members_that_boto3_reads(service: Loopback, aws: Aws) -> None:
    name, method, arguments = CALLS["a list"]
    answers: list[Any] = [LIST, {"itemList": [], "recommendationId": None}, {"itemList": None}, {}]
    for answer in answers:
        service.answer = reply(json.dumps(answer).encode())
        theirs = by_boto3(name, method)(**arguments)
        theirs.pop("ResponseMetadata")
        assert call_of(aws)(**arguments) == theirs


@pytest.mark.parametrize(
    "answer",
    [reply(b'{"itemList":[{"itemId"', length=500), reply(b"", length=500), reply(b"[]"), reply(b"\xff"), reply(b"")],
    ids=["broken off", "only a head", "no object", "no text", "empty"],
)
def test_half_an_answer_is_none(service: Loopback, aws: Aws, answer: Any) -> None:
    fake = FakeTime()
    campaign = Campaign(
        aws.direct_client("personalize-runtime", "get_recommendations"), CAMPAIGN, None, 10, fake.time()
    )
    service.answer = reply(json.dumps(LIST).encode())
    assert campaign.recommend(1, FAR).items == ("sock",)
    service.answer = answer
    assert "half a reply" in str(raised(lambda: campaign.recommend(1, FAR)))
    service.answer = reply(json.dumps(LIST).encode())
    assert campaign.recommend(1, FAR).items == ("sock",)
