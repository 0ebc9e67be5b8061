"""The far ends of what is not a function's own call: what the pollers and mParticle reach, and mParticle's key."""

import base64
import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

from local_stack.lambda_emulator.polling.events import Message, QueueFailed, ReadFailed, Record
from local_stack.lambda_emulator.polling.on_failure import Deliver, DeliveryFailed
from local_stack.mparticle.events_api import EventsApi
from local_stack.mparticle.forwarding.forwarder import DeliveryFailed as NotForwarded
from local_stack.mparticle.inputs import BROKER_FEED, INPUTS
from tests.law.world.calls import Services
from tests.law.world.queue import Queue
from tests.law.world.stream import Stream


class Source:
    """The stream as a poller reads it."""

    def __init__(self, services: Services, stream: Stream) -> None:
        self._services = services
        self._stream = stream

    def read(self, shard_id: str, position: str | None, limit: int) -> Sequence[Record]:
        """See ``RecordSource``."""
        if self._services.fault("read the stream"):
            raise ReadFailed("no answer")
        return self._stream.read(shard_id, position, limit)


class Receiver:
    """The queue as a poller reads it."""

    def __init__(self, services: Services, queue: Queue) -> None:
        self._services = services
        self._queue = queue

    def receive(self, limit: int) -> Sequence[Message]:
        """See ``QueueTransport``. A standard queue may deliver a message twice at once."""
        fault = self._services.fault("receive")
        if fault == "unavailable":
            raise QueueFailed("no answer")
        return self._queue.receive(limit, hide=fault != "twice")

    def delete(self, messages: Sequence[Message]) -> None:
        """See ``QueueTransport``."""
        if self._services.fault("delete"):
            raise QueueFailed("no answer")
        self._queue.delete(messages)


def on_failure(services: Services, bucket: dict[str, bytes]) -> Deliver:
    """Return what stores on-failure documents."""

    def deliver(key: str, content: bytes) -> None:
        if services.fault("on failure"):
            raise DeliveryFailed("no answer")
        bucket[key] = content

    return deliver


def forward(services: Services, put: Callable[[str, bytes], None]) -> Callable[[str, bytes], None]:
    """Return how mParticle puts a record: it may fail, and it may only seem to."""

    def deliver(key: str, data: bytes) -> None:
        fault = services.fault("forward")
        if fault != "unavailable":
            put(key, data)
        if fault:
            raise NotForwarded("no answer")

    return deliver


class Key:
    """The broker's key at mParticle, and the one in the secret: they differ while a rotation is under way."""

    def __init__(self) -> None:
        self.number = 1
        self.in_the_secret = self._named(1)

    def rotate(self) -> None:
        """Let mParticle take only another key from now on."""
        self.number += 1

    def tell_the_secret(self) -> None:
        """Put the newest key into the secret."""
        self.in_the_secret = self._named(self.number)

    def is_right(self, auth: tuple[str, str]) -> bool:
        """Say whether mParticle takes this one."""
        return auth == tuple(self._named(self.number).values())

    @staticmethod
    def _named(number: int) -> dict[str, str]:
        return {"key": f"key-{number}", "secret": f"secret-{number}"}


class MParticleEnd:
    """mParticle's bulk upload: refuses a wrong key, refuses requests with certain customers, takes the rest.

    ``landed``: of each profile the lists that were accepted, None where the profile was to lose its own, each with the
    time at which it was sent. ``written_at``: when the last of them was processed.
    """

    def __init__(self, api: EventsApi, key: Key, refused: Collection[int], clock: Callable[[], float]) -> None:
        self._api = api
        self._key = key
        self._refused = refused
        self._clock = clock
        self.landed: dict[int, list[tuple[float, list[str] | None]]] = {}
        self.written_at = 0.0

    def bulk_events(self, request: dict[str, Any]) -> int:
        """Return the status of an upload."""
        if not self._key.is_right(request["auth"]):
            return 403
        if any(batch["mpid"] in self._refused for batch in json.loads(request["data"])):
            return 400
        status = self._api.upload("BulkUploadEvents", authorization(BROKER_FEED), request["data"]).status
        if status == 202:
            for batch in json.loads(request["data"]):
                self._keep(batch, request["sent_at"])
        return status

    def newest_sent(self) -> dict[int, list[str] | None]:
        """Return of each profile the list that was sent last, of those that were accepted."""
        return {mpid: max(lists, key=lambda one: one[0])[1] for mpid, lists in self.landed.items()}

    def _keep(self, batch: dict[str, Any], sent_at: float) -> None:
        attributes = batch.get("user_attributes", {})
        if "product_recs" in attributes or "deleted_user_attributes" in batch:
            self.written_at = self._clock()
            self.landed.setdefault(batch["mpid"], []).append((sent_at, attributes.get("product_recs")))


def authorization(name: str) -> str:
    """Return the header of an input of the local mParticle."""
    source = INPUTS[name]
    return "Basic " + base64.b64encode(f"{source.key}:{source.secret}".encode()).decode()
