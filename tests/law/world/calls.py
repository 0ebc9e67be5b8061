"""A process's way out: every call to AWS and mParticle goes through here, where it may fail or be its last."""

import random
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError
from broker.clock import Clock

from tests.law.world.faults import KINDS, NOT_DRAWN, ORDINARY, Faults, Killed, Kind
from tests.law.world.scheduler import Scheduler

Work = Callable[[dict[str, Any]], Any]


class Services:
    """What the calls reach: the work of each operation, and what is to go wrong with it."""

    def __init__(self, time: Scheduler, faults: Faults, work: dict[str, Work]) -> None:
        self.time = time
        self.faults = faults
        self.work = work
        self.count: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.deaths = 0
        self.told: list[tuple[float, str]] = []
        self.requests: list[tuple[str, object]] = []

    def fault(self, operation: str) -> str | None:
        """Return what goes wrong with a call that begins now, and tell it."""
        self.count[operation] += 1
        name = self.faults.next(operation, self.time.now)
        if name:
            self.failed[f"{operation}: {name}"] += 1
        return name


class Calls:
    """The clients of one process, called ``name`` in what is told."""

    def __init__(self, services: Services, name: str, seed: str) -> None:
        self.started = 0.0
        self._services = services
        self._name = name
        self._ends = 0.0
        self._is_dead = False
        self._chance = random.Random(seed)
        self.personalize = self._client(put_events="PutEvents", get_recommendations="GetRecommendations")
        self.sqs = self._client(
            send_message_batch="SendMessageBatch", change_message_visibility_batch="ChangeMessageVisibilityBatch"
        )
        self.s3 = self._client(put_object="PutObject", get_object="GetObject")
        self.dynamodb = self._client(batch_get_item="BatchGetItem", transact_write_items="TransactWriteItems")
        self.secrets = self._client(get_secret_value="GetSecretValue")
        self.mparticle = SimpleNamespace(post=self._post)

    def begin(self, timeout: float) -> None:
        """Start an invocation, which has so many seconds."""
        self.started = self._services.time.now
        self._ends = self.started + timeout

    def time(self) -> Clock:
        """Return the process's clock, sleep and chance."""
        return Clock(self._services.time.clock, self._services.time.wait, self._chance.random)

    def say(self, what: str) -> None:
        """Tell what happens, for whoever reads a failed history."""
        self._services.told.append((self._services.time.now, f"{self._name} {what}"))

    def die(self, what: str) -> None:
        """Tell that the process is gone."""
        self._services.deaths += 1
        self.say(what)

    def _client(self, **operations: str) -> SimpleNamespace:
        return SimpleNamespace(**{method: self._operation(name) for method, name in operations.items()})

    def _operation(self, operation: str) -> Callable[..., Any]:
        return lambda **request: self._aws(operation, request)

    def _aws(self, operation: str, request: dict[str, Any]) -> Any:
        self._services.requests.append((operation, request))
        name, kind = self._next(operation)
        if kind.changes:
            request = kind.changes(request)
        if name == "every other entry":
            return self._every_other(operation, request)
        return self._call(operation, kind, lambda: self._services.work[operation](request))

    def _every_other(self, operation: str, request: dict[str, Any]) -> Any:
        taken = request | {"Entries": request["Entries"][::2]}
        answer = self._call(operation, ORDINARY, lambda: self._services.work[operation](taken))
        return answer | {"Failed": [{"Id": entry["Id"], "Code": "InternalError"} for entry in request["Entries"][1::2]]}

    def _post(self, url: str, *, data: bytes, auth: tuple[str, str], **_: Any) -> SimpleNamespace:
        operation = url.rpartition("/")[2]
        self._services.requests.append((operation, data))
        _, kind = self._next(operation)
        upload = {"data": data, "auth": auth, "sent_at": self._services.time.now}
        status = self._call(operation, kind, lambda: self._services.work[operation](upload))
        answered = kind.works and kind.status == ORDINARY.status
        return SimpleNamespace(status_code=status if answered else kind.status, headers=kind.headers or {})

    def _next(self, operation: str) -> tuple[str | None, Kind]:
        if self._is_dead:  # whatever a ``finally`` of the product would still do
            raise Killed("before")
        name = self._services.fault(operation)
        self.say(f"calls {operation}{': ' + name if name else ''}")
        kinds = KINDS[operation] | NOT_DRAWN.get(operation, {})
        return name, kinds[name] if name else ORDINARY

    def _call(self, operation: str, kind: Kind, work: Callable[[], Any]) -> Any:
        """Let half of the call's time pass on the way there and half on the way back."""
        if kind.lands:
            self._services.time.after(kind.lands, lambda: _outcome(work))
        self._wait(kind.seconds / 2)
        answer, refusal = _outcome(work) if kind.works and not kind.lands else (None, None)
        self._wait(kind.seconds / 2)
        error = kind.error(operation) if kind.error else refusal
        self._is_dead = isinstance(error, Killed)
        if error:
            raise error
        return {} if kind.emptied else answer

    def _wait(self, seconds: float) -> None:
        self._services.time.wait(seconds)
        if self._services.time.now >= self._ends:
            self._is_dead = True
            raise Killed("its timeout")


def _outcome(work: Callable[[], Any]) -> tuple[Any, ClientError | None]:
    try:
        return work(), None
    except ClientError as refusal:
        return None, refusal
