"""Batches of which single entries fail: SQS's SendMessageBatch and its like, and Kinesis's PutRecords."""

import json
from collections.abc import Callable
from typing import Any

FAILED = {"Code": "InternalError", "Message": "failed on purpose", "SenderFault": False}
THROTTLED = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "failed on purpose"}


class Split:
    """A batch request, cut into what goes to the service (``rest``, None for nothing) and what fails."""

    def __init__(self, body: bytes, fails: Callable[[], bool]) -> None:
        """``fails()`` is asked once an entry. Raises ValueError where the body is no batch of either kind."""
        self._request = json.loads(body)
        self._list = next((name for name in ("Entries", "Records") if isinstance(self._request.get(name), list)), "")
        if not self._list:
            raise ValueError("no batch of entries")
        self._fails = [fails() for _ in self._request[self._list]]

    @property
    def rest(self) -> bytes | None:
        """Return the request that is left, None where no entry is."""
        entries = zip(self._request[self._list], self._fails, strict=True)
        left = [entry for entry, fails in entries if not fails]
        return json.dumps(self._request | {self._list: left}).encode() if left else None

    def joined(self, answer: bytes | None) -> bytes:
        """Return the service's answer to the rest with the failures in it."""
        answered = json.loads(answer) if answer else {}
        return json.dumps(self._of_queue(answered) if self._list == "Entries" else self._of_stream(answered)).encode()

    def _of_queue(self, answered: dict[str, Any]) -> dict[str, Any]:
        entries = zip(self._request["Entries"], self._fails, strict=True)
        failed = [{"Id": entry["Id"], **FAILED} for entry, fails in entries if fails]
        return answered | {"Failed": [*answered.get("Failed", []), *failed]}

    def _of_stream(self, answered: dict[str, Any]) -> dict[str, Any]:
        done = iter(answered.get("Records", []))
        records = [THROTTLED if fails else next(done) for fails in self._fails]
        return answered | {"Records": records, "FailedRecordCount": sum("ErrorCode" in one for one in records)}
