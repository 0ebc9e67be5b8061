"""The refresh queues' messages, as Lambda passes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.quarantine import QuarantineRow
from broker.reasons import QuarantineReason
from broker.users import UserToRefresh, user_from_body


@dataclass(frozen=True)
class Message:
    """One SQS message; ``user`` is None where the body is not the broker's.

    ``sent_at``: when it was sent, in epoch seconds; of a postponed message when the first one was.
    """

    id: str
    receipt_handle: str
    receives: int
    sent_at: float
    body: str
    user: UserToRefresh | None

    def row(self, reason: QuarantineReason, detail: str = "") -> QuarantineRow:
        """Return what quarantine keeps of this message."""
        return QuarantineRow("refresh-queue", self.id, "0", reason, detail, int(self.sent_at * 1000), "", self.body)


def message_from_record(record: Mapping[str, Any]) -> Message:
    """Read one record of Lambda's SQS event."""
    attributes = record["attributes"]
    try:
        user = user_from_body(record["body"])
    except (ValueError, RecursionError):
        user = None
    sent_ms = int(attributes["SentTimestamp"])
    return Message(
        id=record["messageId"],
        receipt_handle=record["receiptHandle"],
        receives=int(attributes["ApproximateReceiveCount"]),
        sent_at=min(sent_ms, (user and user.requested_ms) or sent_ms) / 1000,
        body=record["body"],
        user=user,
    )


def user_to_refresh(message: Message) -> UserToRefresh:
    """Return the user of a message that has one. Raises ValueError."""
    if message.user is None:
        raise ValueError("a message without a user has no refresh")
    return message.user
