"""A stack in its third stage without its shop: the model is trained on interactions put straight on the tracker."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from local_stack import loopback
from local_stack.aws.session import local_client
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack
from tests.loop.clone import eventually

ITEMS = tuple(f"ITEM-{number}" for number in range(80))
CUSTOMERS = 120
OF_EACH = 10
TRAINED_ON = "made-up-"  # begins the event ids of what the model is trained on
QUIET = tuple(range(-9_107_871_506_589_424_318, -9_107_871_506_589_424_298))  # mpids; the others have none


@contextmanager
def trained_stack(settings: LocalStackSettings, log: Callable[[str], None] = lambda _: None) -> Iterator[Stack]:
    """Yield the stack; its customers' taste is a stretch of the items, so that lists differ from one another.

    ``log`` gets every line that its processes write. Functions load when they are first needed, as in AWS.
    """
    with Stack(replace(settings, preloaded=False), log) as stack:
        _put_interactions(stack)
        assert eventually(lambda: _visible(stack) == CUSTOMERS * OF_EACH)
        for _ in stack.train():
            continue
        stack.recommend()
        assert not any(function.pids for function in stack.functions.values())
        yield stack


def _put_interactions(stack: Stack) -> None:
    client = local_client("personalize-events", stack.personalize.url)
    rng = random.Random(7)
    now = int(time.time()) - 3600
    for customer, user in enumerate(
        [*map(str, QUIET), *(f"made-up-{other}" for other in range(len(QUIET), CUSTOMERS))]
    ):
        shelf = rng.randrange(len(ITEMS))
        liked = [ITEMS[(shelf + rng.randrange(20)) % len(ITEMS)] for _ in range(OF_EACH)]
        client.put_events(
            trackingId=stack.tracker.tracking_id,
            userId=user,
            sessionId=f"made-up-{customer}",
            eventList=[
                {
                    "eventId": f"{TRAINED_ON}{customer}-{place}-0-x",
                    "eventType": "view_detail",
                    "itemId": item,
                    "sentAt": now + place,
                }
                for place, item in enumerate(liked)
            ],
        )


def _visible(stack: Stack) -> int:
    status = loopback.get(f"{stack.personalize.url}/_local/status").json()
    return int(status["datasetGroups"][0]["interactions"])
