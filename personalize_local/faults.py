"""Fault injection for the local Personalize: the operation names of its requests."""

from starlette.datastructures import Headers

from faults.answers import from_aws
from faults.faults import Faults
from faults.middleware import App, Scope, WithFaults

# The REST services' paths (botocore's service models); the control plane names the operation in a header.
_PATHS = {
    "/events": "PutEvents",
    "/users": "PutUsers",
    "/items": "PutItems",
    "/actions": "PutActions",
    "/action-interactions": "PutActionInteractions",
    "/recommendations": "GetRecommendations",
    "/personalize-ranking": "GetPersonalizedRanking",
    "/action-recommendations": "GetActionRecommendations",
}


def with_faults(app: App, faults: Faults) -> WithFaults:
    """Return the local Personalize with its fault injection."""
    return WithFaults(app, faults, operation_name=_operation_name, refuse=from_aws)


def _operation_name(scope: Scope, headers: Headers, _: bytes) -> str:
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    return f"personalize.{target or _PATHS.get(scope['path'], 'Unknown')}"
