"""Which interactions a batch holds, and how they are packed into PutEvents requests.

PutEvents' limits are all checked here, since boto3 checks only the lower ones and one over-long field costs the whole
request: 1-10 events per call, ids of 1-256 characters, whole seconds (Personalize API reference, PutEvents and Event).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from broker import product_lines, recommendation_ids
from broker.batch import Batch, Event, is_unusable_time, usable_time
from broker.consent import REASONS, Answer, for_purpose, is_readable, opts_out_of_sale
from broker.json_values import mapping
from broker.reasons import Omission, QuarantineReason, SkipReason
from broker.recommendation_ids import from_attributes
from broker.values import ids
from broker.values.amounts import PURCHASE

MAX_EVENTS = 10
MAX_ID = ids.MAX_LENGTH
WRITE_BACK_EVENT = "Recommendations Updated"
DEFAULT_ACTIONS = ("view_detail", "add_to_cart", "add_to_wishlist", "purchase")
SEND, SKIP = CONSENT_UNKNOWN = ("send", "skip")


@dataclass(frozen=True)
class Rules:
    """What to report: mParticle action → Personalize event type, and which batches are not for this broker.

    ``consent_purpose`` is a GDPR purpose without whose consent nothing trains. ``consent_unknown`` is ``skip`` or
    ``send``, for users whose answer is not known. ``send`` never overrides a no.

    ``recommendation_id_attribute``: the custom attribute that names the list in which an item was shown.
    ``impression_list``: the name under which impressions of such lists are reported; None where nobody reads them.
    """

    event_types: Mapping[str, str] = field(default_factory=lambda: {action: action for action in DEFAULT_ACTIONS})
    environment: str = "production"
    event_value: bool = True
    consent_purpose: str | None = None
    consent_unknown: str = SKIP
    honour_ccpa: bool = True
    recommendation_id_attribute: str = recommendation_ids.ATTRIBUTE
    impression_list: str | None = None


class Interaction(NamedTuple):
    """One product line of one event. ``action`` is mParticle's word, ``event_type`` the one sent to Personalize.

    ``omissions``: what the line has and is not sent, since it can't be read. ``recommendation_id`` is of the list in
    which the item was shown, ``impression`` the items that were shown there.
    """

    event_id: str
    event_type: str
    item_id: str
    user_id: str
    session_id: str
    time_ms: int
    action: str
    event_value: float | None = None
    omissions: tuple[Omission, ...] = ()
    recommendation_id: str | None = None
    impression: tuple[str, ...] = ()

    @property
    def sent_at(self) -> int:
        """Whole epoch seconds, as PutEvents has them on the wire."""
        return self.time_ms // 1000

    def as_event(self) -> dict[str, Any]:
        """Return the member of PutEvents' ``eventList``."""
        event: dict[str, Any] = {
            "eventId": self.event_id,
            "eventType": self.event_type,
            "itemId": self.item_id,
            "sentAt": self.sent_at,
        }
        if self.event_value is not None:
            event["eventValue"] = self.event_value
        if self.recommendation_id is not None:
            event["recommendationId"] = self.recommendation_id
        if self.impression:
            event["impression"] = list(self.impression)
        return event


def extract(
    batch: Batch, rules: Rules, *, with_ids: bool = True
) -> tuple[list[Interaction], Counter[SkipReason | QuarantineReason]]:
    """Return a batch's interactions in order, and the number of what is left out, by reason.

    A reason about the batch counts once, one about an event once per event, one about a product once per line. A
    QuarantineReason is about the whole batch, which has interactions, but can't be reported as it is. ``with_ids``:
    files have no event ids, and without them this is quicker.
    """
    reason = why_not(batch, rules)
    if reason:
        return [], Counter({reason: 1})
    interactions: list[Interaction] = []
    left_out: Counter[SkipReason | QuarantineReason] = Counter()
    if batch.malformed_events:
        left_out[SkipReason.BAD_EVENT] = batch.malformed_events
    for event in batch.events:
        for line in _lines(batch, event, rules, with_ids):
            if isinstance(line, SkipReason):
                left_out[line] += 1
            else:
                interactions.append(line)
    # Privacy before repair: only what would be reported if its customer could be read is kept.
    if interactions and batch.has_unreadable_mpid:
        return [], Counter({QuarantineReason.UNREADABLE_CUSTOMER: 1})
    return interactions, left_out


def pack(interactions: Sequence[Interaction]) -> list[list[Interaction]]:
    """Return requests of at most ten interactions of one user and session, each in time order.

    The requests are in the order of their first members in ``interactions``.
    """
    sessions: dict[tuple[str, str], list[tuple[int, Interaction]]] = {}
    for position, interaction in enumerate(interactions):
        sessions.setdefault((interaction.user_id, interaction.session_id), []).append((position, interaction))
    requests = []
    for members in sessions.values():
        members.sort(key=lambda member: member[1].time_ms)
        requests += [members[start : start + MAX_EVENTS] for start in range(0, len(members), MAX_EVENTS)]
    requests.sort(key=lambda request: min(position for position, _ in request))
    return [[interaction for _, interaction in request] for request in requests]


def put_events_request(
    interactions: Sequence[Interaction], tracking_id: str, source: str | None = None
) -> dict[str, Any]:
    """Return PutEvents' arguments for interactions of one user and session.

    ``source``: what a metric attribution credits them to; without it, Personalize names the campaign.
    """
    first = interactions[0]
    credit = {"metricAttribution": {"eventAttributionSource": source}} if source else {}
    return {
        "trackingId": tracking_id,
        "userId": first.user_id,
        "sessionId": first.session_id,
        "eventList": [interaction.as_event() | credit for interaction in interactions],
    }


def why_not(batch: Batch, rules: Rules) -> SkipReason | None:
    """Return why nothing of a batch may be reported, None where it may."""
    if not batch.events and not batch.malformed_events:
        return SkipReason.NO_EVENTS
    return why_not_user(batch, rules)


def why_not_user(batch: Batch, rules: Rules) -> SkipReason | None:
    """Return why nothing that a batch says may be used, whether it has events or not; None where it may."""
    if (batch.environment or rules.environment) != rules.environment:
        return SkipReason.OTHER_ENVIRONMENT
    if not batch.mpid and not batch.has_unreadable_mpid:
        return SkipReason.NO_CUSTOMER
    return _no_consent(batch, rules)


def _no_consent(batch: Batch, rules: Rules) -> SkipReason | None:
    if batch.opted_out or (rules.honour_ccpa and opts_out_of_sale(batch.consent)):
        return REASONS[Answer.NO]
    if rules.consent_purpose is None:
        return None
    consent = for_purpose(batch.consent, rules.consent_purpose)
    # A consent state that nobody can read may hold a no, so that is not sent either.
    if consent is Answer.UNKNOWN and rules.consent_unknown == SEND and is_readable(batch.consent):
        return None
    return REASONS.get(consent)


def _lines(batch: Batch, event: Event, rules: Rules, with_ids: bool) -> Iterator[Interaction | SkipReason]:
    if event.type != "commerce_event":
        is_own = event.type == "custom_event" and event.data.get("event_name") == WRITE_BACK_EVENT
        yield SkipReason.OWN_WRITE_BACK if is_own else SkipReason.OTHER_EVENT_TYPE
        return
    product_action = event.data.get("product_action")
    if product_action is not None and not isinstance(product_action, dict):
        yield SkipReason.BAD_EVENT
        return
    lines = product_lines.listed(product_action)
    action = mapping(product_action).get("action")
    if not isinstance(action, str) or action not in rules.event_types:
        yield from [SkipReason.OTHER_ACTION] * len(lines)
        return
    yield from _of_products(batch, event, action, lines, rules, with_ids)


def _of_products(
    batch: Batch, event: Event, action: str, products: Iterable[object], rules: Rules, with_ids: bool
) -> Iterator[Interaction | SkipReason]:
    own_time, unusable = _own_time(batch, event)
    time_ms = batch.arrived_ms if own_time is None else own_time
    event_type, user_id, session = rules.event_types[action], str(batch.mpid), session_id(batch, event)
    # The arrival time is not part of the digest: the same event delivered again arrives at another time. It is so long
    # that nobody can make up two items that share it: of two interactions with one id, only one would be trained on.
    # The type is part of it where it is another word than the action: reported under a wrong name, the interaction can
    # be reported once more under the right one.
    reported = action if event_type == action else f"{action}:{event_type}"
    event_id, identity = "", ""
    if with_ids:
        event_id, identity = _event_id(batch, event), f"{batch.mpid}|{'' if own_time is None else own_time}|{reported}|"
    attribute = rules.recommendation_id_attribute
    of_event = from_attributes(event.data.get("custom_attributes"), attribute)
    for index, product in enumerate(products):
        if not isinstance(product, dict):
            yield SkipReason.BAD_EVENT
            continue
        item_id = product_lines.item_id(product)
        if isinstance(item_id, SkipReason):
            yield item_id
            continue
        value, is_return, unread = product_lines.amounts_of(product)
        if is_return and action == PURCHASE:
            yield SkipReason.RETURNS
            continue
        own_id = f"{event_id}-{index}-{_digest((identity + item_id).encode())}" if with_ids else ""
        value, unread = (value, unread) if rules.event_value else (None, ())
        omissions = (Omission.UNREADABLE_AMOUNT, *unusable) if unread else unusable
        shown_in = from_attributes(product.get("custom_attributes"), attribute, of_event)
        if shown_in.omissions:
            omissions += shown_in.omissions
        # Names would make this twice as slow, and an invocation has thousands of lines.
        yield Interaction(
            own_id, event_type, item_id, user_id, session, time_ms, action, value, omissions, shown_in.text
        )


def _own_time(batch: Batch, event: Event) -> tuple[int | None, tuple[Omission, ...]]:
    """Return the time that an event, or else its batch, has in epoch milliseconds, and whether one can't be used."""
    given = event.data.get("timestamp_unixtime_ms")
    time_ms = usable_time(given, batch.arrived_ms)
    if time_ms is not None:
        return time_ms, ()
    is_unusable = batch.has_unusable_time or is_unusable_time(given, batch.arrived_ms)
    return batch.time_ms, (Omission.UNUSABLE_TIME,) if is_unusable else ()


def _event_id(batch: Batch, event: Event) -> str:
    """Return mParticle's event id, which may be missing and may repeat: index and digest make up for it."""
    if event_id := _first(event.data.get("event_id"), event.data.get("source_message_id")):
        return event_id
    of_batch = _first(batch.batch_id, batch.message_id)
    return f"{of_batch}-{event.position}" if of_batch else f"e{event.position}"


def session_id(batch: Batch, event: Event) -> str:
    """Return the session that PutEvents is told: one for each batch, or for the user, where events name none."""
    data = event.data
    return _first(data.get("session_uuid"), data.get("session_id"), batch.message_id, batch.batch_id) or str(batch.mpid)


def _first(*values: object) -> str | None:
    for value in values:
        if value is not None and (identifier := _identifier(value)):
            return identifier
    return None


def _identifier(value: object) -> str | None:
    """Return an id as text that fits PutEvents beside a suffix; a program's word for nothing is none, and 0 neither."""
    text = (ids.from_json(value) or "").strip()
    if text in ("", "0") or ids.is_rounded(text):
        return None
    if len(text) <= 200 and not ids.has_half_character(text):
        return text
    return _digest(text.encode("utf-8", "surrogatepass"))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def unique(interactions: Iterable[Interaction]) -> list[Interaction]:
    """Return each event id once, the first delivery of it: a repeat would not be used in training."""
    first: dict[str, Interaction] = {}
    for interaction in interactions:
        first.setdefault(interaction.event_id, interaction)
    return list(first.values())
