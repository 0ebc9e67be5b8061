"""What must be true when a history is over: the law holds, each counts once, profiles show the newest lists.

Two judges: the ledger of ``local_stack.audit``, which shares nothing with the broker, and the ids that the broker's
own pure functions give. Everything is compared as sets, since deliveries repeat.
"""

import functools
from collections.abc import Iterable, Iterator

from broker.batch import BadBatch, decode
from broker.interactions import Interaction, Rules, extract
from broker.probe import PROBE
from broker.queue_calls import MAX_VISIBILITY
from broker.refresh import CONTESTED_PAUSE
from broker.refresh_budget import INTERVALS
from broker.view_sample import is_sampled

from local_stack.audit.reconciliation import Holdings, audit
from local_stack.audit.rows import customer_events
from local_stack.audit.services import holdings_from
from tests.law.histories import CUSTOMERS, History
from tests.law.steps import Step
from tests.law.world.experiments import place_of
from tests.law.world.functions import TIMEOUT
from tests.law.world.loop import REFUSED_CUSTOMER, SPOILT, Loop

LONGEST = 4 * 3600.0  # seconds in which everything must have settled once nothing fails any more
WINDOW = 5.0  # seconds in which Lambda gathers messages
# Seconds after the last failure and the last event in which every profile is right. A message may be hidden, then its
# user may be due later, or be claimed by another process, and messages are gathered before the invocation.
RIGHT_WITHIN = MAX_VISIBILITY + INTERVALS[-1] + CONTESTED_PAUSE + WINDOW + TIMEOUT


def judged(history: History) -> tuple[Loop, list[str]]:
    """Play a history to its end, let everything settle, and return what is wrong then."""
    loop = play(history)
    try:
        return loop, list(_problems(loop))
    finally:
        loop.time.end()


def _problems(loop: Loop) -> Iterator[str]:
    end_faults(loop)
    if not loop.time.run_until(loop.is_read, LONGEST):
        yield f"not read after {LONGEST:.0f} s without faults: {loop.standing()}"
        return
    loop.read_at = loop.time.now
    loop.time.wait(RIGHT_WITHIN)
    yield from outdated(loop)
    yield from unanswered(loop)
    if not loop.time.run_until(loop.is_settled, LONGEST):
        yield f"not settled after {LONGEST:.0f} s without faults: {loop.standing()}"
    yield from conserved(loop)


def play(history: History) -> Loop:
    """Let everything in a history happen, also while calls are under way."""
    loop = Loop(history.setting)
    last = 0.0
    for wait, step in history.steps:
        last += wait
        loop.time.after(last, functools.partial(_happen, loop, step))
    loop.time.wait(last + history.lasting)
    return loop


def _happen(loop: Loop, step: Step) -> None:
    loop.tell(str(step))
    step.happen(loop)


def end_faults(loop: Loop) -> None:
    """Let nothing fail any more from now on."""
    loop.tell("nothing fails any more")
    loop.faults.clear()
    loop.key.tell_the_secret()


def settled(loop: Loop) -> Iterator[str]:
    """Let what is under way come to its end, with the faults that last and then without; say what does not."""
    end_faults(loop)
    if not loop.time.run_until(loop.is_settled, LONGEST):
        yield f"not settled after {LONGEST:.0f} s without faults: {loop.standing()}"


def conserved(loop: Loop) -> Iterator[str]:
    """Say where the law is broken."""
    yield from loop.ingest.bugs + loop.refresh.bugs + loop.rewinder.bugs
    held = holdings(loop)
    found = audit(loop.stream.ever(), held, loop.setting.view_sample)
    for what, entries in (
        ("lost", found.places["lost"]),
        ("made up", found.unexpected),
        ("in training twice", found.duplicated),
    ):
        expected = [entry for entry in entries if what != "lost" or not _is_suppressed(loop, entry)]
        for entry in sorted(expected, key=repr)[:3]:
            yield f"{what}: {entry}"
    yield from _exact(loop, held)
    yield from brought_back(loop)
    yield from wrong_variant(loop)
    yield from (f"rewind {what}" for what in _asked_by_rewind(loop))


def _is_suppressed(loop: Loop, entry: object) -> bool:
    """Say whether an entry is of a customer of whom nothing may be sent, so that it need not be anywhere."""
    user = getattr(entry, "user_id", None)
    return user is not None and loop.suppressed.covers(user)


def _asked_by_rewind(loop: Loop) -> list[str]:
    """Return which calls of rewind were about refreshes."""
    return [what for _, what in loop.services.told if what.startswith("rewind ") and "SendMessageBatch" in what]


def brought_back(loop: Loop) -> Iterator[str]:
    """Say which request was about a customer after they were forgotten.

    Of one who goes on doing things, a record that nobody can read still goes to quarantine: nobody knows who it is.
    """
    kept = {"PutObject"} if loop.setting.suppresses else set()
    for customer, since in loop.forgotten.items():
        mpid = str(abs(loop.mpid(customer)))
        later = [one for one in loop.services.requests[since:] if one[0] not in kept]
        about_them = [operation for operation, request in later if mpid in str(request)]
        yield from (f"{operation} about customer {customer}, who was forgotten" for operation in about_them[:3])


def holdings(loop: Loop) -> Holdings:
    """Return where everything is."""
    checkpoints = {shard: poller.checkpoint for shard, poller in loop.pollers.items()}
    return holdings_from(
        loop.recommender.deliveries(),
        (data for key, data in loop.buckets["quarantine"].items() if key.startswith("ingest/")),
        loop.buckets["on-failure"].values(),
        loop.stream.still_there(checkpoints),
    )


def outdated(loop: Loop) -> Iterator[str]:
    """Say whose profile shows another list than the newest that was sent and accepted."""
    for mpid, newest in loop.mparticle.newest_sent().items():
        profile = loop.workspace.profile(mpid, ("user_attributes",)) or {"user_attributes": {}}
        shown = profile["user_attributes"].get("product_recs")
        if shown != newest:
            yield f"profile {mpid} shows {shown}, the newest list that was sent is {newest}"


def unanswered(loop: Loop) -> Iterator[str]:
    """Say whose profile shows something else than the campaign says, though no place holds their last refresh."""
    if loop.rewinds:  # what trained by one of them was no reason for a list
        return
    may_be_lost = loop.buckets["on-failure"] or any(
        call.startswith("SendMessageBatch") for call in loop.services.failed
    )
    kept = [
        *(body for queue in loop.queues.values() for body in queue.dead),
        *map(str, (data for key, data in loop.buckets["quarantine"].items() if "refresh/" in key)),
    ]
    for customer in sorted(set(range(CUSTOMERS)) - set(loop.forgotten) - {REFUSED_CUSTOMER}):
        mpid = loop.mpid(customer)
        accepted_at, asked_at = loop.accepted_at.get(mpid), loop.asked_at.get(mpid, 0.0)
        if accepted_at is not None and accepted_at < loop.experimented_at + TIMEOUT:
            continue  # a process of before may have refreshed them last, and nobody asked for another list
        if accepted_at is None or any(str(abs(mpid)) in text for text in kept):
            continue
        if asked_at >= accepted_at:
            yield from stale(loop, [customer])
        elif not may_be_lost:
            yield f"nobody asked for the refresh of customer {customer}"


def stale(loop: Loop, customers: Iterable[int]) -> Iterator[str]:
    """Say whose profile shows something else than the campaign of their variant says now, or another variant."""
    for customer in customers:
        mpid = loop.mpid(customer)
        profile = loop.workspace.profile(mpid, ("user_attributes",)) or {"user_attributes": {}}
        attributes, place = profile["user_attributes"], place_of(loop.experiment, mpid)
        said = loop.recommender.items(mpid, loop.time.now, place) if place else None
        if (shown := attributes.get("product_recs")) != said:
            yield f"customer {customer}'s profile shows {shown}, the campaign says {said}"
        variant = loop.experiment.variant_of(mpid) if loop.experiment else None
        if variant and attributes.get("ml_variant") != variant:
            yield f"customer {customer} is in {variant}, the profile says {attributes.get('ml_variant')}"


def wrong_variant(loop: Loop) -> Iterator[str]:
    """Say which request was about another variant than its customer's, where one experiment ran all the time."""
    experiment = loop.experiment
    if experiment is None or loop.experimented_at:
        return
    for operation, request in loop.services.requests:
        if not isinstance(request, dict) or request.get("userId") in (None, PROBE):
            continue
        mpid = int(request["userId"])
        if operation == "GetRecommendations":
            place = place_of(experiment, mpid)
            if place is None or request.get("filterArn") != place.filter_arn:
                yield f"GetRecommendations about {mpid} of {experiment.variant_of(mpid)}: {request}"
        if operation == "PutEvents":
            sources = {event["metricAttribution"]["eventAttributionSource"] for event in request["eventList"]}
            if sources != {experiment.source_of(mpid)}:
                yield f"PutEvents about {mpid} of {experiment.variant_of(mpid)} is credited to {sources}"


def _exact(loop: Loop, held: Holdings) -> Iterator[str]:
    """Compare ids: what the pure functions give is accepted, less what is spoilt; each counts once in training."""
    given = {one.event_id: (one, where) for one, where in _interactions(loop)}
    accepted = {delivery["eventId"] for delivery in customer_events(loop.recommender.deliveries())}
    refused = {index for _, _, index in held.quarantined if not index.isdigit()}
    elsewhere = held.on_failure | held.still_on_stream
    yield from (f"accepted, but no interaction of any record: {one}" for one in sorted(accepted - set(given))[:3])
    for event_id, (one, where) in given.items():
        if event_id in refused and not one.item_id.startswith(SPOILT):
            yield f"quarantined, though nothing is wrong with it: {one.item_id} of {event_id}"
        if event_id not in accepted | refused and where not in elsewhere and not _is_suppressed(loop, one):
            yield f"neither accepted nor anywhere else: {one.item_id} of {event_id}"
    contents = {
        (one.user_id, one.item_id, one.event_type, one.sent_at, one.event_value)
        for one, _ in given.values()
        if one.event_id in accepted
    }
    counted = loop.recommender.counted(loop.time.now + 10)
    if counted != len(contents):
        yield f"{counted} interactions count in training, {len(contents)} different ones were accepted"


def _interactions(loop: Loop) -> Iterator[tuple[Interaction, tuple[str, str]]]:
    for record in loop.stream.ever():
        for batch in decode(record.data, record.arrived_ms):
            if not isinstance(batch, BadBatch):
                for one in extract(batch, Rules())[0]:
                    if is_sampled(one, loop.setting.view_sample):
                        yield one, (record.shard_id, record.sequence_number)


def report(history: History, loop: Loop, problems: list[str]) -> str:
    """Return what a person needs to see of a history that breaks the law: problems, steps, and what came of them."""
    began = loop.began
    told = [f"{at - began:7.2f} s  {what}" for at, what in loop.services.told]
    shown = told if len(told) <= MOST_TOLD else [*told[:MOST_TOLD], f"… and {len(told) - MOST_TOLD} more"]
    return "\n".join([*problems, "", "The history:", *history.lines(), "", "What happened:", *shown])


MOST_TOLD = 150
