"""The settings that say who is told when an alarm goes off: an e-mail address, and SNS topics that exist already."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.context import Reader, text

# Standard topics only: a FIFO topic delivers to queues, and so tells nobody.
_topic_arn = text(
    r"arn:[\w-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}",
    "the ARN of a standard SNS topic, like arn:aws:sns:us-east-1:123456789012:alarms",
)


@dataclass(frozen=True)
class Receivers:
    """An e-mail address, and the ARNs of existing topics; each None where it is not set."""

    email: str | None
    alarm_topic_arn: str | None
    page_topic_arn: str | None

    @property
    def topic_regions(self) -> Mapping[str, str]:
        """Return the region of each existing topic, by the name of its setting."""
        arns = {"alarm_topic_arn": self.alarm_topic_arn, "page_topic_arn": self.page_topic_arn}
        return {key: region_of(arn) for key, arn in arns.items() if arn}


def read_receivers(read: Reader) -> Receivers:
    """Read the three settings; what is wrong is among the reader's problems."""
    return Receivers(
        email=read("alarm_email", _email, None),
        alarm_topic_arn=read("alarm_topic_arn", _topic_arn, None),
        page_topic_arn=read("page_topic_arn", _topic_arn, None),
    )


def region_of(arn: str) -> str:
    """Return the region that an ARN names."""
    return arn.split(":")[3]


def out_of_reach(topic_regions: Mapping[str, str], region: str | None) -> list[str]:
    """Return a problem for each topic that no alarm can reach; ``region``: the stack's, None where it is not known.

    A topic may be in another account, but "must be in the same Region as the alarm" (CloudWatch, PutMetricAlarm).
    """
    regions = set(topic_regions.values())
    if region:
        return [
            f"{key} is in {its}, but the stack goes to {region}: an alarm reaches topics of its own region only"
            for key, its in topic_regions.items()
            if its != region
        ]
    if len(regions) > 1:
        places = " and ".join(f"{key} in {its}" for key, its in topic_regions.items())
        return [f"{places}: an alarm reaches topics of its own region only"]
    return []


def _email(value: Any) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", str(value)):
        raise ValueError(f"must be an e-mail address, not {value!r}")
    return str(value)
