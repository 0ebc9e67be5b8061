"""The Items4U shop's records: visits as the local stack plays them, forwarded by its mParticle."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bench.loop.floor import Need
from local_stack.items4u.sessions import Post, Shop
from local_stack.mparticle.core import MParticle
from local_stack.mparticle.ids import Ids
from local_stack.mparticle.inputs import INPUTS
from local_stack.mparticle.rules.accepted import accepted_form


def batches(records: int, rng: random.Random) -> tuple[list[dict[str, Any]], Need]:
    """Return so many forwarded batches, of users that no other drawing has, and what a broker has to do for them."""
    seed = rng.randrange(2**62)
    forwarded: list[dict[str, Any]] = []
    workspace = MParticle(clock=time.time, ids=Ids(seed), forward=forwarded.append)
    interactions: Counter[tuple[str, str]] = Counter()
    buyers: set[str] = set()
    for post in _posts(seed):
        before = len(forwarded)
        workspace.accept(INPUTS[post.input], accepted_form(post.batch, ()))
        for batch in forwarded[before:]:
            interactions[str(batch["mpid"]), _session(batch)] += len(post.interactions)
            if any(action == "purchase" for action, _ in post.interactions):
                buyers.add(str(batch["mpid"]))
        if len(forwarded) == records:
            break
    return forwarded, Need({key: number for key, number in interactions.items() if number}, frozenset(buyers))


def _posts(seed: int) -> Iterator[Post]:
    for session in Shop(seed).sessions():
        yield from session.posts(time.time)


def _session(batch: dict[str, Any]) -> str:
    sessions = (event["data"].get("session_uuid") for event in batch["events"])
    return next(filter(None, sessions), str(batch["message_id"]))
