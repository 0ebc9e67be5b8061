"""What the local mParticle's operations are called, in counts and faults, and the paths that they have."""

import re

IDSYNC = ("Identify", "Login", "Logout", "Modify")
OF_PAGES = {
    "Identify": "/v1/identify",
    "Login": "/v1/login",
    "Logout": "/v1/logout",
    "Modify": "/v1/{mpid}/modify",
    "Alias": "/v1/identity/{key}/Alias",
    "UploadWebEvents": "/v3/JS/{key}/events",
    "GetConfig": "/JS/v2/{key}/config",
}
"""What mParticle's web SDK asks, from any page."""
PREFLIGHT = "Preflight"
"""A browser's question whether a page may ask."""
_PATHS = {
    "UploadEvents": "/v2/events",
    "BulkUploadEvents": "/v2/bulkevents",
    "GetToken": "/oauth/token",
    **OF_PAGES,
}
_PATTERNS = {name: re.compile(re.sub(r"{\w+}", "[^/]+", path)) for name, path in _PATHS.items()}
OPERATIONS = (*_PATHS, "GetProfile", PREFLIGHT)


def operation_of(method: str, path: str) -> str:
    """Return the operation of a request."""
    name = next((name for name, pattern in _PATTERNS.items() if pattern.fullmatch(path)), "GetProfile")
    return PREFLIGHT if method == "OPTIONS" and name in OF_PAGES else name
