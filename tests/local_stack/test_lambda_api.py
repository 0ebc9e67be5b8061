"""Lambda's Invoke API: the three kinds of invocation, and what a wrong request gets, as boto3 sees it."""

import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import requests
from botocore.exceptions import ClientError

from local_stack import loopback
from local_stack.aws.session import local_client
from local_stack.lambda_api import LambdaApi
from local_stack.lambda_emulator.invocation import InvokeResult, failed
from local_stack.lambda_emulator.runtime.function import FunctionClosed
from local_stack.log_lines import LogLines

PATIENCE = 60.0


class Held:
    """A function that runs until it is let go."""

    environment: ClassVar = {"NAME": "value"}

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.events: list[Any] = []
        self.has_run = threading.Event()

    def invoke(self, payload: Any) -> InvokeResult:
        assert self.may_end.wait(PATIENCE)
        self.events.append(payload)
        self.has_run.set()
        return InvokeResult(payload={"seen": payload})


class Failing:
    """A function that raises."""

    environment: ClassVar = {}

    def invoke(self, payload: Any) -> InvokeResult:
        return failed("ValueError", "no")


class Closed:
    """A function whose stack has ended."""

    environment: ClassVar = {}

    def __init__(self) -> None:
        self.was_asked = threading.Event()

    def invoke(self, payload: Any) -> InvokeResult:
        self.was_asked.set()
        raise FunctionClosed("closed is closed")


@pytest.fixture
def held() -> Iterator[Held]:
    function = Held()
    yield function
    function.may_end.set()


@pytest.fixture
def closed() -> Closed:
    return Closed()


@pytest.fixture
def client(held: Held, closed: Closed) -> Iterator[Any]:
    with LambdaApi({"held": held, "failing": Failing(), "closed": closed}) as api:
        yield local_client("lambda", api.url, timeout=PATIENCE)


def test_how_far_the_functions_have_read_is_a_page_beside_it() -> None:
    with LambdaApi({}, positions=lambda: {"shard-0": "17", "shard-1": None}) as api:
        assert loopback.get(f"{api.url}/_local/positions").json() == {"shard-0": "17", "shard-1": None}
    with LambdaApi({}) as api:
        assert loopback.get(f"{api.url}/_local/positions").status_code == 404


def test_the_rates_of_the_last_minutes_are_a_page_beside_it() -> None:
    with LambdaApi({}, rates=lambda minutes: {"sums": {"Records": minutes}}) as api:
        assert loopback.get(f"{api.url}/_local/rates", params={"minutes": 7}).json() == {"sums": {"Records": 7}}
        for wrong in ("/_local/rates", "/_local/rates?minutes=x", "/_local/other?minutes=7"):
            assert requests.get(f"{api.url}{wrong}", timeout=PATIENCE).status_code == 404


def answered(client: Any, name: str = "held", **request: Any) -> tuple[int, bytes, str | None]:
    answer = client.invoke(FunctionName=name, **request)
    return answer["StatusCode"], answer["Payload"].read(), answer.get("FunctionError")


def test_an_asynchronous_invocation_is_answered_while_the_function_still_runs(client: Any, held: Held) -> None:
    assert answered(client, InvocationType="Event", Payload=b'{"n": 1}') == (202, b"", None)
    assert held.events == []
    held.may_end.set()
    assert held.has_run.wait(PATIENCE)
    assert held.events == [{"n": 1}]


def test_an_asynchronous_failure_is_not_the_callers(client: Any) -> None:
    assert answered(client, "failing", InvocationType="Event") == (202, b"", None)


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_event_for_a_stack_that_has_ended_is_dropped_without_noise(client: Any, closed: Closed) -> None:
    assert answered(client, "closed", InvocationType="Event") == (202, b"", None)
    assert closed.was_asked.wait(PATIENCE)


def test_a_dry_run_does_not_run(client: Any, held: Held) -> None:
    held.may_end.set()
    assert answered(client, InvocationType="DryRun", Payload=b"{}") == (204, b"", None)
    assert answered(client, InvocationType="RequestResponse") == (200, b'{"seen": {}}', None)
    assert held.events == [{}]


def test_a_synchronous_invocation_brings_the_answer_or_the_error(client: Any, held: Held) -> None:
    held.may_end.set()
    assert answered(client, Payload=b"[1]") == (200, b'{"seen": [1]}', None)
    assert answered(client, "failing") == (200, b'{"errorType": "ValueError", "errorMessage": "no"}', "Unhandled")


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"FunctionName": "nobody"}, "ResourceNotFoundException"),
        ({"FunctionName": "held", "Payload": b"no JSON", "InvocationType": "Event"}, "InvalidRequestContentException"),
        ({"FunctionName": "held", "InvocationType": "Later"}, "InvalidParameterValueException"),
    ],
)
def test_a_wrong_request_is_refused_by_name(client: Any, held: Held, request_: dict[str, Any], error: str) -> None:
    with pytest.raises(ClientError) as refused:
        client.invoke(**request_)
    assert refused.value.response["Error"]["Code"] == error
    assert held.events == []


def test_a_functions_variables_and_log_lines_are_shown_as_aws_shows_them(held: Held) -> None:
    logs = LogLines()
    lines = [
        f'{{"service": "held", "number": {number}, "message": "{"odd" if number % 2 else "even"}"}}'
        for number in range(3000)
    ]
    for line in [*lines, '{"service": "other", "message": "odd"}', "no JSON", '{"_aws": {}, "service": "held"}']:
        logs.feed(line)
    with LambdaApi({"held": held}, logs=logs) as api:
        shown = local_client("lambda", api.url).get_function_configuration(FunctionName="held")
        assert shown["Environment"]["Variables"] == {"NAME": "value"}
        pages = local_client("logs", api.url).get_paginator("filter_log_events")
        request = {"logGroupName": shown["LoggingConfig"]["LogGroup"], "filterPattern": '"odd"'}
        found = [event["message"] for page in pages.paginate(**request) for event in page["events"]]
        assert found == lines[1::2]
        words = request | {"filterPattern": 'odd "number"'}
        assert [event["message"] for page in pages.paginate(**words) for event in page["events"]] == lines[1::2]
        assert not [event for page in pages.paginate(**request, endTime=1) for event in page["events"]]
        events = [event for page in pages.paginate(logGroupName=request["logGroupName"]) for event in page["events"]]
        assert len({event["eventId"] for event in events}) == len(lines)
        assert all(event["ingestionTime"] == event["timestamp"] and event["logStreamName"] for event in events)
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            local_client("logs", api.url).filter_log_events(logGroupName="/aws/lambda/nobody")
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            local_client("lambda", api.url).get_function_configuration(FunctionName="nobody")
