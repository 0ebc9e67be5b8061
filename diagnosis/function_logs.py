"""The functions' log lines, found in CloudWatch Logs by a text that they have.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

INVOCATION, FAILED = "invocation", "invocation failed"


def lines(logs: Any, group: str, text: str, since: float) -> Iterator[Mapping[str, Any]]:
    """Yield a group's JSON lines that have a text, since a time in epoch seconds. Raises ClientError."""
    request = {"logGroupName": group, "startTime": int(since * 1000), "filterPattern": f'"{text}"'}
    for page in logs.get_paginator("filter_log_events").paginate(**request):
        for event in page["events"]:
            try:
                line = json.loads(event["message"])
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line


def covers(line: Mapping[str, Any], shard: str, sequence_number: str) -> bool:
    """Return whether an invocation of ``ingest``, by its line, had a record."""
    first, last = line.get("first_sequence_number"), line.get("last_sequence_number")
    if shard not in line.get("shards", ()) or not (isinstance(first, str) and isinstance(last, str)):
        return False
    return int(first) <= int(sequence_number) <= int(last)
