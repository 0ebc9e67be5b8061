"""Stands in for what the two functions are given: time that is told, an executor, AWS clients and mParticle's end."""

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from typing import Any

import requests
from botocore.exceptions import ClientError
from broker.clock import Clock
from requests.adapters import BaseAdapter

NOW = 1_789_380_000.0
FAR = NOW + 60.0


class FakeTime:
    """A clock that only moves when somebody sleeps or a test sets it; chance is always the same number."""

    def __init__(self, now: float = NOW, jitter: float = 1.0) -> None:
        self.now = now
        self.jitter = jitter
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def time(self) -> Clock:
        return Clock(lambda: self.now, self.sleep, lambda: self.jitter)


class Inline(Executor):
    """Runs what is submitted at once, so that the order of calls is the order of submission."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def raising(*errors: Exception) -> Callable[[], str]:
    """Return an action that raises each of the errors once, and then succeeds."""
    left = list(errors)

    def action() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return action


def client_error(code: str, status: int = 400, message: str = "", operation: str = "Operation") -> ClientError:
    """Return the error that boto3 raises for such an answer of AWS."""
    error = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(error, operation)  # type: ignore[arg-type]


INVALID = client_error("InvalidInputException", 400, "eventList: 5 is not what the schema says", "PutEvents")
THROTTLED = client_error("ThrottlingException", 400, "Rate exceeded", "PutEvents")
DENIED = client_error("AccessDeniedException", 403, "User: arn:aws:sts::1:assumed-role/x is not", "PutEvents")
BROKEN = client_error("InternalFailure", 500, "", "PutEvents")

Answer = Callable[[Any], Any]  # from a request to its answer; one that is an exception is raised


class AwsClient:
    """Any operation of any service: keeps requests; answers what ``answers[operation](request)`` says, or raises it."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.requests: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation not in self.answers:
            raise AttributeError(operation)

        def call(**request: Any) -> Any:
            with self._lock:
                self.requests.append({"operation": operation, **request})
            answer = self.answers[operation](request)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def of(self, operation: str) -> list[dict[str, Any]]:
        """Return the requests of one operation, in the order of their arrival."""
        return [request for request in self.requests if request["operation"] == operation]


def always(answer: Any) -> Answer:
    """Answer every request alike."""
    return lambda _: answer


def in_turn(*answers: Any) -> Answer:
    """Answer each request with the next; the last one for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def refuses_items(*items: str) -> Answer:
    """Answer PutEvents as the service does that dislikes some items: 400 for the whole request."""
    return lambda request: INVALID if any(event["itemId"] in items for event in request["eventList"]) else {}


class Bucket(AwsClient):
    """An S3 client that keeps what is put."""

    def __init__(self, answer: Any = None) -> None:
        super().__init__(put_object=always({} if answer is None else answer))

    def rows(self) -> list[dict[str, Any]]:
        """Return all rows of all objects."""
        return [json.loads(line) for put in self.of("put_object") for line in put["Body"].decode().splitlines()]


class Sqs(AwsClient):
    """An SQS client that takes everything but what ``refuses(entry)``."""

    def __init__(self, refuses: Callable[[Mapping[str, Any]], bool] = lambda _: False, error: Any = None) -> None:
        def answer(request: Mapping[str, Any]) -> Any:
            failed = [{"Id": entry["Id"], "Code": "InternalError"} for entry in request["Entries"] if refuses(entry)]
            taken = [{"Id": entry["Id"]} for entry in request["Entries"] if not refuses(entry)]
            return error or {"Failed": failed, "Successful": taken}

        super().__init__(send_message_batch=answer, change_message_visibility_batch=answer)

    def entries(self, operation: str) -> list[dict[str, Any]]:
        """Return the entries of all requests of one operation."""
        return [entry for request in self.of(operation) for entry in request["Entries"]]

    def sent(self) -> list[dict[str, Any]]:
        """Return the messages sent, decoded."""
        return [json.loads(entry["MessageBody"]) for entry in self.entries("send_message_batch")]


class Table(AwsClient):
    """A DynamoDB client of one table with one key, as far as the functions use one; ``error`` answers all."""

    def __init__(self, error: Any = None, key: str = "mpid") -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self._key = key
        self.error = error
        self._tokens: set[str] = set()
        super().__init__(
            batch_get_item=lambda request: self.error or self._get(request),
            transact_write_items=lambda request: self.error or self._transact(request),
            batch_write_item=lambda request: self.error or self._put(request),
        )

    def _get(self, request: Mapping[str, Any]) -> Any:
        [(name, wanted)] = request["RequestItems"].items()
        keys = [_only_value(key[self._key]) for key in wanted["Keys"]]
        return {"Responses": {name: [self.items[key] for key in keys if key in self.items]}}

    def _put(self, request: Mapping[str, Any]) -> Any:
        [writes] = request["RequestItems"].values()
        for write in writes:
            self.items[self._key_of(write["PutRequest"])] = write["PutRequest"]["Item"]
        return {"UnprocessedItems": {}}

    def _transact(self, request: Mapping[str, Any]) -> Any:
        if request["ClientRequestToken"] in self._tokens:  # done before, without an answer
            return {}
        writes = [write for item in request["TransactItems"] for write in item.values()]
        holds = [self._holds(write) for write in writes]
        if not all(holds):
            error = client_error("TransactionCanceledException")
            codes = ["None" if held else "ConditionalCheckFailed" for held in holds]
            error.response["CancellationReasons"] = [{"Code": code} for code in codes]  # type: ignore[typeddict-unknown-key]
            return error
        for write in writes:
            self._write(write)
        self._tokens.add(request["ClientRequestToken"])
        return {}

    def _holds(self, write: Mapping[str, Any]) -> bool:
        item, condition = self.items.get(self._key_of(write)), write["ConditionExpression"]
        if condition == f"attribute_not_exists({self._key})":
            return item is None
        name, value = condition.split(" = ")
        return item is not None and item[name] == write["ExpressionAttributeValues"].get(value, item[name])

    def _write(self, write: Mapping[str, Any]) -> None:
        if "Item" in write:
            self.items[self._key_of(write)] = write["Item"]
            return
        values = write["ExpressionAttributeValues"]
        assignments = write["UpdateExpression"].removeprefix("SET ").split(", ")
        item = self.items.setdefault(self._key_of(write), dict(write["Key"]))
        item |= {name: values[value] for name, value in (one.split(" = ") for one in assignments)}

    def _key_of(self, write: Mapping[str, Any]) -> str:
        return _only_value(write.get("Item", write.get("Key", {}))[self._key])


def _only_value(typed: Mapping[str, str]) -> str:
    """Return the text of DynamoDB's ``{"N": "7"}`` or ``{"S": "x"}``."""
    (value,) = typed.values()
    return value


class MParticleEnd(BaseAdapter):
    """The other end of a requests session: keeps the uploads, answers with a status or ``(status, headers)``."""

    def __init__(self, answer: Answer = lambda _: 202) -> None:
        super().__init__()
        self.answer = answer
        self.posts: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        with self._lock:
            self.posts.append(request)
            self.options.append(kwargs)
        answer = self.answer(json.loads(request.body or b"[]"))
        if isinstance(answer, Exception):
            raise answer
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        response = requests.Response()
        response.status_code, response.request, response.url = status, request, str(request.url)
        response.headers.update(headers)
        response._content = b""
        return response

    def close(self) -> None:
        """Nothing is open."""

    def bodies(self) -> list[list[dict[str, Any]]]:
        """Return the bulk requests, decoded."""
        return [json.loads(post.body or b"[]") for post in self.posts]

    def session(self) -> requests.Session:
        """Return a session that leads here, whatever the URL."""
        made = requests.Session()
        made.mount("https://", self)
        made.mount("http://", self)
        return made

    def mpids(self) -> list[list[int]]:
        """Return whose batches each bulk request held."""
        return [[batch["mpid"] for batch in body] for body in self.bodies()]
