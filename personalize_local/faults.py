"""The local Personalize's faults: what its operations are called, from a request alone."""

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
    """Return the local Personalize with its faults around it."""
    return WithFaults(app, faults, name_of=_name_of, refuse=from_aws)


def _name_of(scope: Scope, headers: Headers, _: bytes) -> str:
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    return f"personalize.{target or _PATHS.get(scope['path'], 'Unknown')}"
