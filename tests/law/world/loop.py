"""The loop of one history: stream, queue, buckets, local mParticle and Personalize, the pollers and both functions."""

import functools
import hashlib
import io
import itertools
import json
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from broker.interactions import DEFAULT_ACTIONS
from broker.probe import PROBE
from broker.refresh_queue import queue_url
from broker.suppression import SuppressionList
from broker.suppression_store import OBJECT, RELOAD_EVERY
from broker.users import user_from_body

from blueprint.mappings import KinesisMapping, QueueMapping
from local_stack.audit.view_sample import ALL
from local_stack.lambda_emulator.polling.kinesis_poller import KinesisPoller
from local_stack.lambda_emulator.polling.on_failure import MappingIdentity
from local_stack.lambda_emulator.polling.queue_poller import QueuePoller
from local_stack.mparticle.core import MParticle
from local_stack.mparticle.events_api import EventsApi
from local_stack.mparticle.forwarding.forwarder import Forwarder
from local_stack.mparticle.ids import Ids
from tests.broker.stubs import Table, client_error
from tests.law.world import functions
from tests.law.world.calls import Calls, Services
from tests.law.world.ends import Key, MParticleEnd, Receiver, Source, forward, on_failure
from tests.law.world.experiments import NO_EXPERIMENT, experiments
from tests.law.world.faults import SPOILT, Faults
from tests.law.world.queue import Queue
from tests.law.world.recommender import Recommender
from tests.law.world.rewinding import RewindInHistory
from tests.law.world.scheduler import Scheduler
from tests.law.world.stream import Stream

# Shorter than the deployed ones, so that a history of minutes gets as far as a real one of days.
RECORD_AGE, RETENTION = 660, 1800
MAX_RECEIVES = 8
MPIDS = 16  # ids of one history: its customers', and the probe's
SHARDS = ("shardId-000000000000", "shardId-000000000001")
STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/events"
# Seconds after which every process knows a change of the suppression list, also one that is busy then.
KNOWN_AFTER = RELOAD_EVERY + functions.TIMEOUT
HALF = 0.5  # of the sessions: those with an even number
REFUSED_CUSTOMER = 3  # whose profile mParticle refuses to write, always

_histories = itertools.count()


@dataclass(frozen=True)
class Setting:
    """What differs between histories beside what happens.

    How many records an invocation takes, chance, whether uploads have a probe, the seconds after which a record is
    given up and forgotten, the share of the sessions whose views are reported, the actions that are (before somebody
    corrects it), whether there is a suppression list, and which experiment runs at first.
    """

    batch_size: int = 100
    copies: float = 0.0
    seed: int = 0
    upload_probe: bool = True
    record_age: int = RECORD_AGE
    retention: int = RETENTION
    view_sample: float = ALL
    reported: tuple[str, ...] = DEFAULT_ACTIONS
    suppresses: bool = False
    experiment: str = NO_EXPERIMENT


class Loop:
    """See the module. Everything begins idle, at ``time.now``."""

    def __init__(self, setting: Setting = Setting()) -> None:
        number = next(_histories)
        self.recommender = Recommender(number)
        self.began = self.recommender.ready_at
        self.time = Scheduler(self.began)
        self.faults = Faults()
        self.key = Key()
        self.buckets: dict[str, dict[str, bytes]] = {"quarantine": {}, "on-failure": {}, functions.CONTROL: {}}
        # Beyond 2^53, and not the same customers as in any other history.
        self._first_mpid = (1 << 60) + number * MPIDS
        self.forgotten: dict[int, int] = {}
        self.suppressed = SuppressionList(functions.KEY.encode())
        self.rewinds: list[RewindInHistory] = []
        self.accepted_at: dict[int, float] = {}  # when events of a customer were accepted last, by mpid
        self.asked_at: dict[int, float] = {}  # when the queue took the newest request for a customer's list, by mpid
        self.read_at = 0.0  # when nothing failed any more and the stream was read, once a history is over
        self.setting = setting
        shop = self.recommender.shop
        self.experiments = experiments(shop.filter_arn, shop.popular_arn, self._first_mpid, setting.seed)
        self.experiment = self.experiments[setting.experiment]
        self.experimented_at = 0.0  # when another experiment began, and there was one before
        self.stream_arn = STREAM_ARN
        self.stream = Stream(SHARDS, self.time.clock, setting.retention)
        self.queue = self._queue()
        self.queues = {functions.QUEUE_ARN: self.queue, functions.PURCHASE_QUEUE_ARN: self._queue()}
        chance = random.Random(setting.seed).random
        self.workspace = MParticle(clock=self.time.clock, ids=Ids(number), forward=self._offer)
        self.events_api = EventsApi(self.workspace, clock=self.time.clock, rate=None)
        self.mparticle = MParticleEnd(self.events_api, self.key, {self.mpid(REFUSED_CUSTOMER)}, self.time.clock)
        self.table = Table()
        self.services = Services(self.time, self.faults, self._work())
        put = forward(self.services, self.put)
        self.forwarder = Forwarder(put, clock=self.time.clock, chance=chance, copies=setting.copies)
        self.ingest = self._function("ingest", self._ingest_connect(setting.reported))
        self.rewinder = self._function(
            "rewind", functions.rewind(self.recommender.shop.tracking_id, setting.view_sample)
        )
        self.refresh = self._function("refresh", self._refresh_connect())
        self.pollers: dict[str, KinesisPoller] = {}
        self._parked: set[str] = set()
        self._resting: dict[str, list[QueuePoller]] = {arn: [] for arn in self.queues}
        self._start()

    def mpid(self, customer: int) -> int:
        """Return a customer's id: every other one is negative."""
        return (self._first_mpid + customer) * (-1 if customer % 2 else 1)

    def forget(self, customer: int) -> None:
        """Keep in mind that nothing may be sent about a customer from this call on."""
        self.forgotten[customer] = len(self.services.requests)

    def suppress(self, customer: int) -> None:
        """Put a customer on the suppression list; once every process knows it, nothing may be sent about them."""
        self.suppressed = self.suppressed.with_users([self.mpid(customer)])
        self.buckets[functions.CONTROL][OBJECT] = self.suppressed.as_json()
        self.time.after(KNOWN_AFTER, lambda: self.forget(customer))

    def correct(self) -> None:
        """Let ingest report all actions from now on."""
        self.ingest.deploy(self._ingest_connect(DEFAULT_ACTIONS))

    def experiment_with(self, name: str) -> None:
        """Let another experiment, another epoch of it, or none run from now on."""
        self.experiment, self.experimented_at = self.experiments[name], self.time.now
        self.ingest.deploy(self._ingest_connect(self.setting.reported))
        self.refresh.deploy(self._refresh_connect())

    def rewind(self, since: float) -> None:
        """Read the stream again, from an epoch second on."""
        self.rewinds.append(RewindInHistory(self, since))

    def shard_of(self, key: str) -> str:
        """Return the shard of a partition key, which is a customer's mpid."""
        # Customers are spread by their number, so that a history is the same whatever ids it has.
        return SHARDS[(abs(int(key)) - self._first_mpid) % len(SHARDS)]

    def put(self, key: str, data: bytes) -> None:
        """Put a record on the stream."""
        self.stream.put(self.shard_of(key), key, data)

    def read_again(self, shard: str, back: int) -> None:
        """Let another poller take a shard over, from so many records before the checkpoint."""
        numbers = [record.sequence_number for record in self.stream.shards[shard]]
        done = [number for number in numbers if int(number) <= int(self.pollers[shard].checkpoint or 0)]
        kept = done[: max(0, len(done) - back)]
        self._poll(shard, kept[-1] if kept else None)

    def is_read(self) -> bool:
        """Say whether everything on its way to the stream is there and read."""
        is_rewound = all(rewind.is_over for rewind in self.rewinds)
        return is_rewound and not any(map(self._behind, SHARDS)) and not self.forwarder.counts()["waiting"]

    def is_settled(self) -> bool:
        """Say whether nothing is under way any more."""
        return self.is_read() and not self._messages()

    def standing(self) -> str:
        """Say what is under way."""
        left = {shard: len(self.stream.shards[shard]) for shard in SHARDS if self._behind(shard)}
        waiting = self.forwarder.counts()["waiting"]
        return f"records on unread shards {left}, {self._messages()} messages, {waiting} batches at mParticle"

    def tell(self, what: str) -> None:
        """Tell what happens, for whoever reads a failed history."""
        self.services.told.append((self.time.now, f"— {what}"))

    def _messages(self) -> int:
        return sum(map(len, self.queues.values()))

    def _queue(self) -> Queue:
        return Queue(self.time.clock, delay=5, visibility=360, max_receives=MAX_RECEIVES)

    def _queue_at(self, request: Mapping[str, Any]) -> Queue:
        return next(
            queue for arn, queue in self.queues.items() if queue_url(arn, functions.ENDPOINT) == request["QueueUrl"]
        )

    def _behind(self, shard: str) -> bool:
        return self.pollers[shard].checkpoint != self.stream.last(shard)

    def _ingest_connect(self, actions: Collection[str]) -> Callable[[Calls], functions.Steps]:
        return functions.ingest(
            self.recommender.shop.tracking_id,
            self.setting.view_sample,
            actions,
            suppresses=self.setting.suppresses,
            experiment=self.experiment,
        )

    def _refresh_connect(self) -> Callable[[Calls], functions.Steps]:
        return functions.refresh(
            self.recommender.shop.campaign_arn,
            self._probe_mpid(),
            suppresses=self.setting.suppresses,
            experiment=self.experiment,
        )

    def _probe_mpid(self) -> int | None:
        return self._first_mpid + MPIDS - 1 if self.setting.upload_probe else None

    def _function(self, name: str, connect: Callable[[Calls], functions.Steps]) -> functions.Function:
        seed = self.setting.seed
        return functions.Function(name, connect, lambda process: Calls(self.services, process, f"{seed}/{process}"))

    def _work(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        now = self.time.clock
        return {
            "PutEvents": self._put_events,
            "GetRecommendations": lambda request: self.recommender.call("GetRecommendations", now(), request),
            "SendMessageBatch": self._send_messages,
            "ChangeMessageVisibilityBatch": (
                lambda request: self._queue_at(request).change_message_visibility_batch(**request)
            ),
            "PutObject": self._put_object,
            "GetObject": self._get_object,
            "GetSecretValue": self._get_secret_value,
            "bulkevents": self.mparticle.bulk_events,
            "BatchGetItem": lambda request: self.table.batch_get_item(**request),
            "TransactWriteItems": lambda request: self.table.transact_write_items(**request),
        }

    def _put_events(self, request: dict[str, Any]) -> Any:
        if any(event["itemId"].startswith(SPOILT) for event in request["eventList"]):
            raise client_error("InvalidInputException", 400, "", "PutEvents")
        answer = self.recommender.call("PutEvents", self.time.now, request)
        if request["userId"] != PROBE:
            self.accepted_at[int(request["userId"])] = self.time.now
        return answer

    def _send_messages(self, request: Mapping[str, Any]) -> Any:
        """Take messages, and note of each user when they were asked for first, if a message is sent once more."""
        for entry in request["Entries"]:
            user = user_from_body(entry["MessageBody"])
            first = self.time.now if user.requested_ms is None else user.requested_ms / 1000
            self.asked_at[user.mpid] = max(first, self.asked_at.get(user.mpid, 0.0))
        return self._queue_at(request).send_message_batch(**request)

    def _put_object(self, request: Mapping[str, Any]) -> Any:
        self.buckets[request["Bucket"]][request["Key"]] = request["Body"]
        return {}

    def _get_object(self, request: Mapping[str, Any]) -> Any:
        found = self.buckets[request["Bucket"]].get(request["Key"])
        if found is None:
            raise client_error("NoSuchKey", 404, "", "GetObject")
        version = hashlib.sha256(found).hexdigest()
        if request.get("IfNoneMatch") == version:
            raise client_error("304", 304, "", "GetObject")
        return {"Body": io.BytesIO(found), "ETag": version}

    def _get_secret_value(self, request: Mapping[str, Any]) -> Any:
        own = functions.KEY if request["SecretId"] == functions.KEY_ARN else json.dumps(self.key.in_the_secret)
        return {"SecretString": own}

    def _offer(self, batch: dict[str, Any]) -> None:
        self.forwarder.offer(batch)
        self._forward_next()

    def _forward_next(self) -> None:
        due = self.forwarder.next_due()
        if due is not None:
            self.time.after(max(0.0, due - self.time.now), self._forward_due)

    def _forward_due(self) -> None:
        if self.forwarder.deliver_due():
            self._forward_next()

    def _start(self) -> None:
        for shard in SHARDS:
            self._poll(shard, None)
        self.stream.written = self._wake
        for arn, queue in self.queues.items():
            queue.written = functools.partial(self._wake_queue, arn)
            for _ in range(2):
                self._poll_queue(arn)

    def _poll(self, shard: str, checkpoint: str | None) -> None:
        mapping = KinesisMapping(
            batch_size=self.setting.batch_size, maximum_batching_window=1, maximum_record_age=self.setting.record_age
        )
        numbers = itertools.count()
        poller = self.pollers[shard] = KinesisPoller(
            mapping,
            MappingIdentity("mapping", self.stream_arn, "arn:aws:lambda:us-east-1:123456789012:function:ingest"),
            shard,
            source=Source(self.services, self.stream),
            invoke=self.ingest,
            clock=self.time.clock,
            new_id=lambda: f"{self.time.now}-{next(numbers)}",
            deliver=on_failure(self.services, self.buckets["on-failure"]),
            checkpoint=checkpoint,
        )
        self._parked.discard(shard)
        self.time.after(0, lambda: self._turn(poller))

    def _turn(self, poller: KinesisPoller) -> None:
        """Let a poller do what is due, and come back; it rests where nothing is left, and for good once replaced."""
        pause = poller.poll()
        if self.pollers[poller.shard_id] is not poller:
            return
        if poller.checkpoint == self.stream.last(poller.shard_id):
            self._parked.add(poller.shard_id)
        else:
            self.time.after(max(pause, 0.001), lambda: self._turn(poller))

    def _wake(self, shard: str) -> None:
        if shard in self._parked:
            self._parked.remove(shard)
            poller = self.pollers[shard]
            self.time.after(poller.due_in(), lambda: self._turn(poller))

    def _poll_queue(self, arn: str) -> None:
        mapping = QueueMapping(
            batch_size=100,
            maximum_batching_window=2,
            maximum_concurrency=2,
            function_timeout=int(functions.TIMEOUT),
            visibility_timeout=360,
        )
        queue = Receiver(self.services, self.queues[arn])
        poller = QueuePoller(mapping, arn, queue=queue, invoke=self.refresh, clock=self.time.clock, poll_interval=2.0)
        self._queue_turn(arn, poller)

    def _queue_turn(self, arn: str, poller: QueuePoller) -> None:
        pause = poller.poll()
        if len(self.queues[arn]):
            self.time.after(max(pause, 0.001), functools.partial(self._queue_turn, arn, poller))
        else:
            self._resting[arn].append(poller)

    def _wake_queue(self, arn: str) -> None:
        resting, self._resting[arn] = self._resting[arn], []
        for poller in resting:
            self.time.after(poller.due_in(), functools.partial(self._queue_turn, arn, poller))
