"""A seeding in virtual time: table, bucket, secrets and mParticle, whose calls take time and may be the last.

mParticle takes a source request id once, and counts what comes per second. Refreshes happen in between.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from broker.clock import Clock
from broker.mparticle import MParticle
from broker.profile import upload
from broker.profile_state import ProfileStates
from broker.rate_limit import RateLimiter
from broker.recommendations import Recommendations
from broker.refresh_budget import refreshed
from broker.suppression import SuppressionList
from broker.suppression_store import OBJECT, SuppressionStore

from seeding.lists import SeedList
from seeding.progress import KeepsProgress, Progress, ProgressStore
from seeding.seeding import Feed, Seeding
from tests.broker.stubs import NOW, Inline, Table, client_error

BUCKET, PROGRESS, KEY = "bucket", "progress.json", "the key of the list"
KNOWN_UNTIL = NOW - 86_400.0
LATENCY = 0.05
START = 10.0  # seconds until somebody has started the command again
DAY = 86_400.0


class Killed(BaseException):
    """The command is gone in the middle of what it did."""


class World:
    """All that a command reaches. ``rate`` is in batches per second."""

    def __init__(self, rate: float, seed: int = 1) -> None:
        self.now = NOW
        self.rate = rate
        self.chance = random.Random(seed)
        self.table = Table()
        self.objects: dict[str, bytes] = {}
        self.suppressed: set[int] = set()
        self.profiles: dict[int, tuple[float, tuple[str, ...]]] = {}  # when the list was requested, and its items
        self.taken: Counter[int] = Counter()  # lists of the seeding, by user
        self.variants: dict[int, str] = {}  # what profiles say
        self.repeated = 0
        self.posts: list[tuple[float, int]] = []
        self.calls = 0
        self.dies_at: int | None = None
        self.status: Callable[[], int] = lambda: 202
        self.between: Callable[[], None] = lambda: None
        self._ids: set[str] = set()
        self._suppress(set())

    def clock(self) -> Clock:
        return Clock(lambda: self.now, self._sleep, self.chance.random)

    def erase(self, mpids: set[int]) -> None:
        """Put users on the suppression list."""
        self._suppress(self.suppressed | mpids)

    def seeding(self, store: KeepsProgress | None = None, **how: Any) -> Seeding:
        """Return a command that has just started: it remembers nothing."""
        clock = self.clock()
        secrets = SimpleNamespace(get_secret_value=self._secret)
        pace = RateLimiter(self.rate, 1, clock)
        session: Any = SimpleNamespace(post=self._post)
        mparticle = MParticle(session, "http://127.0.0.1", lambda: secrets, "mparticle", clock, pace)
        s3 = SimpleNamespace(get_object=self._get, put_object=self._put)
        return Seeding(
            Feed(mparticle, "production", self.rate),
            self.states(),
            store or ProgressStore(s3, BUCKET, PROGRESS, clock),
            SuppressionStore(lambda: s3, lambda: secrets, BUCKET, "list", clock),
            Inline(),
            clock,
            **{"known_until": KNOWN_UNTIL, **how},
        )

    def run(self, lists: Callable[[], Iterator[SeedList]], deaths: tuple[int, ...] = (), **how: Any) -> Progress:
        """Run the command until it is done; ``deaths``: after so many calls each it is killed, and started again."""
        for calls in deaths:
            self.dies_at = self.calls + calls
            try:
                return self.seeding(**how).run(lists)
            except Killed:
                continue
            finally:
                self.dies_at = None
                self.now += START
        return self.seeding(**how).run(lists)

    def states(self) -> ProfileStates:
        """Return the table, for a command or for ``refresh``."""
        client = SimpleNamespace(
            batch_get_item=lambda **request: self._call(lambda: self.table.batch_get_item(**request)),
            transact_write_items=lambda **request: self._call(lambda: self.table.transact_write_items(**request)),
        )
        return ProfileStates(client, "states", Inline(), self.clock())

    def refresh(self, mpid: int, items: tuple[str, ...]) -> bool:
        """Refresh a user as ``refresh`` does, if nobody else does; return whether it was done. It takes no time."""
        dies_at, self.dies_at, between, self.between = self.dies_at, None, self.between, lambda: None
        try:
            states, new = self.states(), Recommendations(items, "rec", self.now)
            state = states.read([mpid], self.now + 60)[mpid]
            if state.claimed_until > self.now:
                return False
            claimed, _ = states.claim({mpid: state}, self.now + 100, self.now + 60)
            one = upload(mpid, "production", claimed[mpid].generation, new, int(self.now * 1000), with_event=True)
            self._take(json.loads(one.body), self.now)
            states.settle({mpid: refreshed(claimed[mpid], new.requested_at, new.digest)}, self.now + 60)
            return True
        finally:
            self.dies_at, self.between = dies_at, between

    def most_within(self, seconds: float) -> int:
        """Return how many batches came within so many seconds at most."""
        most = total = first = 0
        for at, number in self.posts:
            total += number
            while self.posts[first][0] < at - seconds:
                total -= self.posts[first][1]
                first += 1
            most = max(most, total)
        return most

    def _suppress(self, mpids: set[int]) -> None:
        self.suppressed = mpids
        self.objects[OBJECT] = SuppressionList(KEY.encode()).with_users(mpids).as_json()

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def _call(self, work: Callable[[], Any]) -> Any:
        """Do a call, half of whose time passes before, and half after; the process may be gone before or after."""
        self.calls += 1
        last = self.dies_at is not None and self.calls >= self.dies_at
        before = last and self.chance.random() < 0.5
        self.now += LATENCY / 2
        self.between()
        if before:
            raise Killed
        answer = work()
        self.table.requests.clear()
        self.now += LATENCY / 2
        if last:
            raise Killed
        return answer

    def _secret(self, SecretId: str) -> dict[str, str]:
        return {"SecretString": KEY if SecretId == "list" else json.dumps({"key": "k", "secret": "s"})}

    def _get(self, Bucket: str, Key: str, IfNoneMatch: str = "") -> Any:
        return self._call(lambda: self._object(Key, IfNoneMatch))

    def _object(self, key: str, known: str) -> Any:
        if key not in self.objects:
            raise client_error("NoSuchKey", 404)
        if known == self._etag(key):
            raise client_error("304", 304)
        return {"Body": SimpleNamespace(read=lambda: self.objects[key]), "ETag": self._etag(key)}

    def _put(self, Bucket: str, Key: str, Body: bytes, **conditions: str) -> Any:
        return self._call(lambda: self._keep(Key, Body, conditions))

    def _keep(self, key: str, body: bytes, conditions: dict[str, str]) -> Any:
        known = conditions.get("IfMatch")
        if (known is None) != (key not in self.objects) or (known and known != self._etag(key)):
            raise client_error("PreconditionFailed", 412)
        self.objects[key] = body
        return {"ETag": self._etag(key)}

    def _etag(self, key: str) -> str:
        return str(hash(self.objects[key]))

    def _post(self, url: str, *, data: bytes, **_: Any) -> Any:
        status = self._call(lambda: self._bulk(data))
        return SimpleNamespace(status_code=status, headers={})

    def _bulk(self, data: bytes) -> int:
        batches = json.loads(data)
        assert len(data) <= 256_000
        assert len(batches) <= 100
        self.posts.append((self.now, len(batches)))
        status = self.status()
        if status == 202:
            for batch in batches:
                self._take(batch, KNOWN_UNTIL)
        return status

    def _take(self, batch: dict[str, Any], requested_at: float) -> None:
        if batch["source_request_id"] in self._ids:
            self.repeated += 1
            return
        self._ids.add(batch["source_request_id"])
        mpid = batch["mpid"]
        items = tuple(batch["user_attributes"].get("product_recs", ()))
        self.profiles[mpid] = requested_at, items
        self.variants[mpid] = batch["user_attributes"].get("ml_variant", "")
        if requested_at == KNOWN_UNTIL:
            assert "events" not in batch
            assert batch["deleted_user_attributes"] == ([] if items else ["product_recs"]) + ["product_recs_id"]
            self.taken[mpid] += 1
