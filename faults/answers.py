"""The refusals of AWS's services: one error code per fault, as JSON with a header for the code, or as S3's XML.

Codes and statuses: the services' "Common Errors" pages; measured with boto3.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from faults.rules import DENIED, INVALID, THROTTLING, UNAVAILABLE, Rule

MESSAGE = "failed on purpose"
_CODES = {
    THROTTLING: (400, "ThrottlingException"),
    UNAVAILABLE: (503, "ServiceUnavailable"),
    INVALID: (400, "InvalidInputException"),
    DENIED: (403, "AccessDeniedException"),
}
_AT_S3 = {
    THROTTLING: (503, "SlowDown"),
    UNAVAILABLE: (503, "ServiceUnavailable"),
    INVALID: (400, "InvalidRequest"),
    DENIED: (403, "AccessDenied"),
}
FAILED = {"Code": "InternalError", "Message": "failed on purpose", "SenderFault": False}
THROTTLED = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "failed on purpose"}


@dataclass(frozen=True)
class Refusal:
    """An answer over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes


def from_aws(rule: Rule, operation: str) -> Refusal:
    """Return the refusal of an AWS service."""
    s3 = operation.startswith("s3.")
    status, code = (_AT_S3 if s3 else _CODES)[rule.fault]
    status = rule.status or status
    if status == 500:
        code = "InternalError" if s3 else "InternalFailure"
    if status == 429:
        code = "TooManyRequestsException"
    headers = {"x-amzn-requestid": "fault"} | retry_after(rule)
    if s3:
        xml = f"<Error><Code>{code}</Code><Message>{MESSAGE}</Message><RequestId>fault</RequestId></Error>"
        return Refusal(status, headers | {"content-type": "application/xml"}, xml.encode())
    # rest-json takes the code from the header, json 1.0 and 1.1 from the body.
    body = json.dumps({"__type": code, "message": MESSAGE}).encode()
    return Refusal(status, headers | {"content-type": "application/json", "x-amzn-errortype": code}, body)


def retry_after(rule: Rule) -> dict[str, str]:
    """Return the Retry-After header of a refusal, if the rule has one."""
    return {} if rule.retry_after is None else {"retry-after": f"{rule.retry_after:g}"}


class SplitBatch:
    """A batch request, split into the entries for the service (``rest``, None for none) and the entries that fail."""

    def __init__(self, body: bytes, fails: Callable[[], bool]) -> None:
        """``fails()`` is called once per entry. Raises ValueError if the body is not a batch."""
        self._request = json.loads(body)
        self._list = next((name for name in ("Entries", "Records") if isinstance(self._request.get(name), list)), "")
        if not self._list:
            raise ValueError("no batch of entries")
        self._fails = [fails() for _ in self._request[self._list]]

    @property
    def rest(self) -> bytes | None:
        """Return the request without the failing entries, None if no entry is left."""
        entries = zip(self._request[self._list], self._fails, strict=True)
        left = [entry for entry, fails in entries if not fails]
        return json.dumps(self._request | {self._list: left}).encode() if left else None

    def joined(self, answer: bytes | None) -> bytes:
        """Return the service's answer to the rest, with the failed entries added."""
        answered = json.loads(answer) if answer else {}
        return json.dumps(
            self._with_failed_messages(answered) if self._list == "Entries" else self._with_failed_records(answered)
        ).encode()

    def _with_failed_messages(self, answered: dict[str, Any]) -> dict[str, Any]:
        entries = zip(self._request["Entries"], self._fails, strict=True)
        failed = [{"Id": entry["Id"], **FAILED} for entry, fails in entries if fails]
        return answered | {"Failed": [*answered.get("Failed", []), *failed]}

    def _with_failed_records(self, answered: dict[str, Any]) -> dict[str, Any]:
        done = iter(answered.get("Records", []))
        records = [THROTTLED if fails else next(done) for fails in self._fails]
        return answered | {"Records": records, "FailedRecordCount": sum("ErrorCode" in record for record in records)}
