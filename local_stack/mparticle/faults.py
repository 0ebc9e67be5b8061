"""Fault injection for the local mParticle: the names of its operations, and its refusals.

Statuses: docs.mparticle.com/developers/server/http/.
"""

import json

from starlette.datastructures import Headers

from faults.answers import MESSAGE, Refusal, retry_after
from faults.faults import Faults
from faults.middleware import App, Scope, WithFaults
from faults.rules import DENIED, INVALID, THROTTLING, UNAVAILABLE, Rule

_PATHS = {"/v2/events": "UploadEvents", "/v2/bulkevents": "BulkUploadEvents", "/v1/identify": "Identify"}
_ANSWERS = {
    THROTTLING: (429, "TOO_MANY_REQUESTS"),
    UNAVAILABLE: (503, "SERVICE_UNAVAILABLE"),
    INVALID: (400, "BAD_REQUEST"),
    DENIED: (403, "FORBIDDEN"),
}


def with_faults(app: App, faults: Faults) -> WithFaults:
    """Return the local mParticle with its fault injection."""
    return WithFaults(app, faults, operation_name=_operation_name, refuse=_refuse)


def _operation_name(scope: Scope, _headers: Headers, _body: bytes) -> str:
    return f"mparticle.{_PATHS.get(scope['path'], 'GetProfile')}"


def _refuse(rule: Rule, _: str) -> Refusal:
    status, code = _ANSWERS[rule.fault]
    body = json.dumps({"errors": [{"code": code, "message": MESSAGE}]}).encode()
    return Refusal(rule.status or status, {"content-type": "application/json"} | retry_after(rule), body)
