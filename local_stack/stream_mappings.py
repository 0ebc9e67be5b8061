"""Lambda's event source mappings of a stream, as far as a rewind makes and removes one, for the local stack.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html. Lambda answers before a mapping works,
and before one is gone; this one does both at once.
"""

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from blueprint.mappings import BadMapping, KinesisMapping
from local_stack.lambda_emulator.polling.threads import PollerThreads

# From a function's name, how it is read, and when it begins (epoch seconds), to the running pollers.
Start = Callable[[str, KinesisMapping, float], PollerThreads]


class Refused(Exception):
    """A request that Lambda refuses: HTTP status and error type."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type


@dataclass(frozen=True)
class _Entry:
    function: str
    stream_arn: str
    description: Mapping[str, Any]
    pollers: PollerThreads


class StreamMappings:
    """The mappings of one stream. ``functions``: the names of those that one may be made for."""

    def __init__(self, stream_arn: str, functions: Mapping[str, str], start: Start) -> None:
        self._stream_arn = stream_arn
        self._functions = functions
        self._start = start
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def create(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """CreateEventSourceMapping, at a time of the stream. Raises Refused."""
        function = str(request.get("FunctionName"))
        if function not in self._functions or request.get("EventSourceArn") != self._stream_arn:
            raise Refused(404, "ResourceNotFoundException", "no such function or stream")
        if request.get("StartingPosition") != "AT_TIMESTAMP" or "StartingPositionTimestamp" not in request:
            raise Refused(400, "InvalidParameterValueException", "only AT_TIMESTAMP is known here")
        with self._lock:
            if any(entry.function == function for entry in self._entries.values()):
                raise Refused(409, "ResourceConflictException", "the stream has a mapping for this function already")
            at, id = float(request["StartingPositionTimestamp"]), str(uuid.uuid4())
            description = {
                "UUID": id,
                "EventSourceArn": self._stream_arn,
                "FunctionArn": self._functions[function],
                "StartingPosition": "AT_TIMESTAMP",
                "StartingPositionTimestamp": at,
                "State": "Enabled",
                "LastProcessingResult": "OK",
            }
            pollers = self._start(function, _numbers(request), at)
            self._entries[id] = _Entry(function, self._stream_arn, description, pollers)
        return description

    def listed(self, function: str | None, stream_arn: str | None) -> Mapping[str, Any]:
        """ListEventSourceMappings."""
        with self._lock:
            return {
                "EventSourceMappings": [
                    entry.description
                    for entry in self._entries.values()
                    if function in (None, entry.function) and stream_arn in (None, entry.stream_arn)
                ]
            }

    def get(self, id: str) -> Mapping[str, Any]:
        """GetEventSourceMapping. Raises Refused."""
        with self._lock:
            return self._entry(id).description

    def delete(self, id: str) -> Mapping[str, Any]:
        """DeleteEventSourceMapping. Raises Refused."""
        with self._lock:
            entry = self._entry(id)
            del self._entries[id]
        entry.pollers.stop()
        return {**entry.description, "State": "Deleting"}

    def _entry(self, id: str) -> _Entry:
        if id not in self._entries:
            raise Refused(404, "ResourceNotFoundException", "no such mapping")
        return self._entries[id]


def _numbers(request: Mapping[str, Any]) -> KinesisMapping:
    """Return how the stream is read; a shard has one reader at a time here. Raises Refused."""
    try:
        return KinesisMapping(
            batch_size=request.get("BatchSize", 100),
            maximum_batching_window=request.get("MaximumBatchingWindowInSeconds", 0),
            parallelization_factor=request.get("ParallelizationFactor", 1),
            bisect_batch_on_function_error=request.get("BisectBatchOnFunctionError", False),
            report_batch_item_failures="ReportBatchItemFailures" in request.get("FunctionResponseTypes", ()),
            maximum_retry_attempts=request.get("MaximumRetryAttempts", -1),
            maximum_record_age=request.get("MaximumRecordAgeInSeconds", -1),
        )
    except BadMapping as error:
        raise Refused(400, "InvalidParameterValueException", str(error)) from None
