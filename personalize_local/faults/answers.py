"""How AWS's services word a refusal: one error code for each fault, as JSON with the code's header, or as S3's XML.

Codes and statuses: the services' "Common Errors" pages; measured with boto3.
"""

import json
from dataclasses import dataclass

from personalize_local.faults.rules import DENIED, INVALID, THROTTLING, UNAVAILABLE, Rule

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


@dataclass(frozen=True)
class Refusal:
    """An answer over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes


def of_aws(rule: Rule, operation: str) -> Refusal:
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
    """Return the header by which a service says when to come again, if it does."""
    return {} if rule.retry_after is None else {"retry-after": f"{rule.retry_after:g}"}
