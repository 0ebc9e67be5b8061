"""The batches of an invocation, made up: as mParticle forwards them to Kinesis, with 64-bit ids."""

import random
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.loop import items4u
from bench.loop.floor import Need

NEEDED = ("events", "message_id", "environment", "mpid")
Batches = list[dict[str, Any]]


@dataclass(frozen=True)
class Workload:
    """Batches for the records of one invocation; ``draw`` returns so many of them, and what is to be done for them."""

    name: str
    records: int
    draw: Callable[[int, random.Random], tuple[Batches, Need]]


def made_up(per_user: int, lines: int, *, slim: bool = False) -> Callable[[int, random.Random], tuple[Batches, Need]]:
    """Return what draws batches of one event each, with ``lines`` products, ``per_user`` of each user.

    No other drawing has the same users. Their events are mixed. A slim batch has only what a broker needs.
    """

    def draw(records: int, rng: random.Random) -> tuple[Batches, Need]:
        users = [_User(rng) for _ in range(max(1, records // per_user))]
        now_ms = int(time.time() * 1000)
        acting = [users[number % len(users)] for number in range(records)]
        batches = [user.batch(lines, now_ms - 10 * (records - number), rng) for number, user in enumerate(acting)]
        if slim:
            batches = [{name: batch[name] for name in NEEDED} for batch in batches]
        events = Counter((str(user.mpid), user.session) for user in acting)
        buyers = frozenset(user for user, _ in events) if lines > 1 else frozenset()
        return batches, Need({user: number * lines for user, number in events.items()}, buyers)

    return draw


ONE_EVENT = Workload("one event per user", 1000, made_up(1, 1))
TEN_EVENTS = Workload("ten events per user", 1000, made_up(10, 1))
# 10,000 lines, as many as one invocation takes.
PURCHASES = Workload("purchases of twenty lines", 500, made_up(1, 20))
# As many as a Kinesis mapping may hand in. Even such small ones are more than Lambda's 6 MB.
SLIM = Workload("ten small events per user", 10_000, made_up(10, 1, slim=True))
SHOP = Workload("the Items4U shop", 1000, items4u.batches)
WORKLOADS = (ONE_EVENT, TEN_EVENTS, PURCHASES, SHOP)


class _User:
    def __init__(self, rng: random.Random) -> None:
        self.mpid = rng.randrange(2**62)
        self.session = _uuid(rng)

    def batch(self, lines: int, now_ms: int, rng: random.Random) -> dict[str, Any]:
        return {
            "events": [{"event_type": "commerce_event", "data": self._event(lines, now_ms, rng)}],
            "message_id": _uuid(rng),
            "message_type": "events",
            "environment": "production",
            "mpid": str(self.mpid),
            "source_request_id": _uuid(rng),
            "batch_id": rng.randrange(2**62),
            "timestamp_unixtime_ms": str(now_ms),
            "user_identities": [
                {"identity_type": "customer_id", "identity": f"customer-{self.mpid}"},
                {"identity_type": "email", "identity": f"{self.mpid}@example.com"},
            ],
            "device_info": {
                "platform": "iOS",
                "brand": "iPhone15,2",
                "os_version": "19.1",
                "locale_language": "en",
                "locale_country": "US",
                "screen_height": 2532,
                "screen_width": 1170,
            },
            "application_info": {"application_version": "7.2.0", "os": "IOS", "package": "com.example.items4u"},
            "user_attributes": {
                "$City": "Ghent",
                "$Country": "BE",
                "member_level": "gold",
                "product_recs": [f"SKU-{n:05}" for n in range(10)],
            },
        }

    def _event(self, lines: int, now_ms: int, rng: random.Random) -> dict[str, Any]:
        products = [
            {
                "id": f"SKU-{rng.randrange(10_000):05}",
                "name": "Stoneware mug",
                "category": "kitchen",
                "price": 12.5,
                "quantity": 2,
                "total_product_amount": 25.0,
            }
            for _ in range(lines)
        ]
        return {
            "product_action": {"action": "purchase" if lines > 1 else "view_detail", "products": products},
            "event_id": str(rng.randrange(2**62)),
            "session_uuid": self.session,
            "timestamp_unixtime_ms": str(now_ms),
            "source_message_id": _uuid(rng),
            "custom_attributes": {"page": "/product", "campaign": "spring"},
        }


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128)))
