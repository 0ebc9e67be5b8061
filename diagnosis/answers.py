"""Which assumptions of docs/unverified.md a probe answers: each point as it stands there, and the answer."""

import re
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from broker.probe import PROBE
from broker.settings import RefreshSettings

from diagnosis.deployment import Client

MPID_ALONE = "`mpid` alone identifies the profile in an upload"
LIST_REPLACES = "a list written to `product_recs` replaces the old list"
WRONG_TRACKER = "a wrong tracking id is answered 400 InvalidInput, like a bad event"
PROBE_ACCEPTED = (
    "an event with an unknown user, session and item is accepted, and a repeated event id is harmless. So the probe "
    "`broker-probe` can prove that the configuration works"
)
NO_HISTORY = "GetRecommendations answers for a user without history"
NO_PROPERTIES = "an event's `properties` are optional"
OTHER_REGION = "a request that names an ARN of another region is answered ResourceNotFound"
TRANSACTIONS = (
    "a transaction needs the permissions of its single writes, here `PutItem` and `UpdateItem`, "
    "and no action of its own"
)
JSON_LOGS = "with the JSON log format, Lambda takes the functions' lines and metrics as they are"
POINTS = (
    MPID_ALONE,
    LIST_REPLACES,
    WRONG_TRACKER,
    PROBE_ACCEPTED,
    NO_HISTORY,
    NO_PROPERTIES,
    OTHER_REGION,
    TRANSACTIONS,
    JSON_LOGS,
)
NOT_ASKED = "not asked"
NO_SUCH_TRACKER = f"{PROBE}-of-no-tracker"


@dataclass
class Answers:
    """The answers so far, by point: yes, no, or what was answered instead."""

    found: dict[str, str] = field(default_factory=lambda: dict.fromkeys(POINTS, NOT_ASKED))

    def give(self, point: str, *, is_so: bool) -> None:
        """Note whether the assumption holds."""
        self.found[point] = "yes" if is_so else "no"

    def of_tracker(self, client: Client) -> None:
        """Ask how a tracking id that does not exist is answered."""
        event = {"eventId": PROBE, "eventType": PROBE, "itemId": PROBE, "sentAt": 0}
        request = {"trackingId": NO_SUCH_TRACKER, "userId": PROBE, "sessionId": PROBE, "eventList": [event]}
        self._refused(WRONG_TRACKER, client("personalize-events").put_events, request, "InvalidInputException")

    def of_campaign(self, client: Client, settings: RefreshSettings) -> None:
        """Ask how an ARN of another region is answered."""
        other = "eu-west-1" if ":us-east-1:" in settings.campaign_arn else "us-east-1"
        arn = re.sub(r"^(arn:[^:]+:personalize:)[^:]+", rf"\g<1>{other}", settings.campaign_arn)
        request = {"campaignArn": arn, "userId": PROBE}
        operation = client("personalize-runtime").get_recommendations
        self._refused(OTHER_REGION, operation, request, "ResourceNotFoundException")

    def _refused(self, point: str, operation: Any, request: dict[str, Any], expected: str) -> None:
        """Note with which error a request is refused that can't work."""
        try:
            operation(**request)
            code = "accepted"
        except ClientError as error:
            code = error.response["Error"]["Code"]
        except BotoCoreError as error:
            code = type(error).__name__
        if code == "AccessDeniedException":
            self.found[point] = f"{NOT_ASKED}: you may not ask"
        else:
            self.found[point] = "yes" if code == expected else f"no: {code}"
