"""What happens in a history: each step is one line to read and one thing to do to the loop."""

import itertools
import json
import uuid
from dataclasses import dataclass
from typing import Any, Protocol

from local_stack.audit.view_sample import VIEW, is_left_out
from tests.law.world.ends import authorization
from tests.law.world.loop import HALF, SHARDS, Loop
from tests.real_data import ROOT

SAMPLES = {path.name: path.read_bytes() for path in sorted((ROOT / "events").iterdir()) if path.suffix != ".md"}
for name in ("kinesis_event.json", "packed_records.json"):  # whole invocations, which no single record holds
    del SAMPLES[name]
POISON = {
    "no bytes": b"",
    "no UTF-8": b"\xff\xfe\x00",
    "half a batch": b'{"events": [{"event_type": "commerce_event", "da',
    "a number": b"12",
    "nesting without end": b"[" * 5000,
    "an empty array": b"[]",
    "a batch and a broken line": b'{"events": null, "mpid": 5}\n{"events": [',
}


class Step(Protocol):
    """Something that happens; its text is one line."""

    def happen(self, loop: Loop) -> None:
        """Do it."""


@dataclass(frozen=True)
class Visit:
    """A customer's upload to mParticle: one event of some products, so many seconds ago. ``None``: no consent said."""

    customer: int
    items: tuple[str, ...]
    action: str = "view_detail"
    ago: int = 0
    message: int = 0
    session: int = 0
    environment: str = "production"
    opted_out: bool | None = None

    def __str__(self) -> str:
        consent = {None: "", True: ", opts out of sale", False: ", consents to sale"}[self.opted_out]
        where = "" if self.environment == "production" else f" in {self.environment}"
        items = ", ".join(self.items[:4]) + (f" and {len(self.items) - 4} more" if len(self.items) > 4 else "")
        return (
            f"customer {self.customer}: {self.action} of {items}, {self.ago} s ago, message {self.message},"
            f" session {self.session}{where}{consent}"
        )

    def happen(self, loop: Loop) -> None:
        """Post it to the local mParticle, which forwards it."""
        body = json.dumps(self.batch(loop)).encode()
        answer = loop.events_api.upload("UploadEvents", authorization("web"), body)
        assert answer.status == 202, answer.message
        assert not loop.events_api.dropped()["count"], loop.events_api.dropped()

    def batch(self, loop: Loop) -> dict[str, Any]:
        """Return the batch in mParticle's input form. Times are whole seconds, so that repeats are exact repeats."""
        data = {
            "product_action": {"action": self.action, "products": [_product(item) for item in self.items]},
            "timestamp_unixtime_ms": (int(loop.time.now) - self.ago) * 1000,
            "session_uuid": _session(loop, self.customer, self.session),
            "source_message_id": _uuid("message", self.customer, self.message),
        }
        batch: dict[str, Any] = {
            "environment": self.environment,
            "mpid": loop.mpid(self.customer),
            "events": [{"event_type": "commerce_event", "data": data}],
        }
        if self.opted_out is not None:
            said = {"consented": self.opted_out, "timestamp_unixtime_ms": int(loop.time.now * 1000)}
            batch["consent_state"] = {"ccpa": {"data_sale_opt_out": said}}
        return batch


@dataclass(frozen=True)
class Sample:
    """One of the sample records, straight onto the stream, in the name of one of the customers."""

    name: str
    customer: int

    def __str__(self) -> str:
        return f"a record like events/{self.name}, of customer {self.customer}"

    def happen(self, loop: Loop) -> None:
        """Put it."""
        loop.put(str(loop.mpid(self.customer)), _renamed(SAMPLES[self.name], loop.mpid(self.customer)))


@dataclass(frozen=True)
class Poison:
    """A record that is no mParticle batch."""

    name: str
    shard: int

    def __str__(self) -> str:
        return f"a record of {self.name} on shard {self.shard}"

    def happen(self, loop: Loop) -> None:
        """Put it."""
        loop.stream.put(SHARDS[self.shard], "key", POISON[self.name])


@dataclass(frozen=True)
class Copy:
    """The newest record but ``back`` of a shard once more, as mParticle delivers at least once."""

    shard: int
    back: int

    def __str__(self) -> str:
        return f"the record {self.back} before the newest of shard {self.shard} once more"

    def happen(self, loop: Loop) -> None:
        """Put it again, where there is one."""
        records = loop.stream.shards[SHARDS[self.shard]]
        if len(records) > self.back:
            record = records[-1 - self.back]
            loop.stream.put(SHARDS[self.shard], record.partition_key, record.data)


@dataclass(frozen=True)
class ReadAgain:
    """Lambda reads a shard again from before its checkpoint."""

    shard: int
    back: int

    def __str__(self) -> str:
        return f"shard {self.shard} is read again, from {self.back} records before its checkpoint"

    def happen(self, loop: Loop) -> None:
        """Put another poller in its place."""
        loop.read_again(SHARDS[self.shard], self.back)


@dataclass(frozen=True)
class ColdStart:
    """Lambda ends a function's idle processes."""

    function: str

    def __str__(self) -> str:
        return f"{self.function}'s idle processes end"

    def happen(self, loop: Loop) -> None:
        """End them."""
        {"ingest": loop.ingest, "refresh": loop.refresh}[self.function].end_idle()


@dataclass(frozen=True)
class Stray:
    """A message on the refresh queue that is none of ours."""

    body: str

    def __str__(self) -> str:
        return f"a message {self.body!r} on the refresh queue"

    def happen(self, loop: Loop) -> None:
        """Send it."""
        loop.queue.put(self.body)


@dataclass(frozen=True)
class Fails:
    """One coming call fails."""

    operation: str
    kind: str
    after: int = 0

    def __str__(self) -> str:
        which = f"the call after {self.after} more" if self.after else "the next call"
        return f"{which} of {self.operation}: {self.kind}"

    def happen(self, loop: Loop) -> None:
        """Arm it."""
        loop.faults.fail(self.operation, self.kind, self.after)


@dataclass(frozen=True)
class Spell:
    """All calls of an operation fail for a time."""

    operation: str
    kind: str
    seconds: float

    def __str__(self) -> str:
        return f"for {self.seconds:g} s every {self.operation}: {self.kind}"

    def happen(self, loop: Loop) -> None:
        """Begin it."""
        loop.faults.fail_until(self.operation, self.kind, loop.time.now + self.seconds)


@dataclass(frozen=True)
class Forget:
    """A customer is erased, when nothing of theirs is under way any more: from here on no request may be about them."""

    customer: int

    def __str__(self) -> str:
        return f"customer {self.customer} is forgotten"

    def happen(self, loop: Loop) -> None:
        """Keep it in mind."""
        loop.forget(self.customer)


@dataclass(frozen=True)
class Suppress:
    """A customer comes onto the suppression list, and goes on doing things."""

    customer: int

    def __str__(self) -> str:
        return f"customer {self.customer} comes onto the suppression list"

    def happen(self, loop: Loop) -> None:
        """Write the list."""
        loop.suppress(self.customer)


@dataclass(frozen=True)
class Correct:
    """Somebody corrects the actions that are reported."""

    def __str__(self) -> str:
        return "all actions are reported from now on"

    def happen(self, loop: Loop) -> None:
        """Deploy."""
        loop.correct()


@dataclass(frozen=True)
class RewindStream:
    """The stream is read again, from so many seconds ago on."""

    ago: float

    def __str__(self) -> str:
        return f"the stream is read again from {self.ago:g} s ago on"

    def happen(self, loop: Loop) -> None:
        """Begin it."""
        loop.rewind(loop.time.now - self.ago)


@dataclass(frozen=True)
class Experimenting:
    """Somebody deploys another experiment, other weights of it, or none."""

    name: str

    def __str__(self) -> str:
        return f"from now on there is {self.name}"

    def happen(self, loop: Loop) -> None:
        """Deploy."""
        loop.experiment_with(self.name)


@dataclass(frozen=True)
class Rotation:
    """mParticle takes another key only; the secret has it so many seconds later."""

    seconds: float

    def __str__(self) -> str:
        return f"mParticle's key is another; the secret is told {self.seconds:g} s later"

    def happen(self, loop: Loop) -> None:
        """Rotate."""
        loop.key.rotate()
        loop.time.after(self.seconds, loop.key.tell_the_secret)


def _product(item: str) -> dict[str, Any]:
    """Every other item has a price, so that some events carry a value and some do not."""
    price = {"price": 2.5, "quantity": 2} if item[-1:] in "13579" else {}
    return {"id": item, "name": item, **price}


def _session(loop: Loop, customer: int, number: int) -> str:
    """Return a session's id: half of the sessions are those with an even number, whatever ids a history has."""
    mpid = str(loop.mpid(customer))
    names = (_uuid("session", customer, number, other) for other in itertools.count())
    return next(name for name in names if is_left_out(VIEW, mpid, name, HALF) == (number % 2 == 1))


def _uuid(*parts: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, repr(parts)))


def _renamed(data: bytes, mpid: int) -> bytes:
    """Return a sample with another customer's id, written as it was; what is no JSON stays as it is."""
    whole = _loaded(data)
    if whole is not None:
        return json.dumps(_with_mpid(whole, mpid)).encode()
    joined = _joined(data)
    if joined:
        return b"".join(json.dumps(_with_mpid(document, mpid)).encode() for document in joined)
    lines = [(line, _loaded(line)) for line in data.splitlines()]
    if all(found is None for _, found in lines):
        return data
    return b"\n".join(line if found is None else json.dumps(_with_mpid(found, mpid)).encode() for line, found in lines)


def _joined(data: bytes) -> list[Any]:
    """Return the documents of a record in which they follow one another without a line break; none for another one."""
    try:
        text = data.decode().strip()
        documents, end = [], 0
        while end < len(text):
            document, end = json.JSONDecoder().raw_decode(text, end)
            documents.append(document)
    except ValueError:
        return []
    return documents


def _loaded(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


def _with_mpid(document: Any, mpid: int) -> Any:
    if isinstance(document, list):
        return [_with_mpid(one, mpid) for one in document]
    if isinstance(document, dict) and document.get("mpid"):
        return document | {"mpid": str(mpid) if isinstance(document["mpid"], str) else mpid}
    return document
