"""mParticle's Profile API without HTTP: profiles by mpid or by customer id, and the tokens that open it.

Source: docs.mparticle.com/developers/profile-api/. Two things are not documented there and follow the services that
mParticle names: a refused token request has the form of OAuth 2.0 (RFC 6749, section 5.2), and an identity that is not
immutable is answered 400.
"""

import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any

from local_stack.mparticle.core import ENVIRONMENTS, MParticle
from local_stack.mparticle.identities import NAME_OF
from local_stack.mparticle.profiles import FIELDS

CLIENT_ID, CLIENT_SECRET = "profile-api", "profile-api-secret"
"""The only credentials; they open nothing but the local mParticle."""
AUDIENCE = "https://api.mparticle.com"
TOKEN_SECONDS = 28_800
MOST_TOKENS = 1000
IMMUTABLE = "customer_id"
"""The identity that never changes hands in the local workspace, the only one that a profile can be resolved by."""


class Problem(Exception):
    """A refusal, with its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ProfileApi:
    """The two ways to a profile. Thread-safe; ``clock()`` is in epoch seconds.

    The real API needs a token. Here a request without one is answered too, for a quick look; a token that was not
    issued here, or that has expired, is refused.
    """

    def __init__(self, workspace: MParticle, clock: Callable[[], float]) -> None:
        self._workspace = workspace
        self._clock = clock
        self._lock = threading.Lock()
        self._expires: dict[str, float] = {}

    def token(self, content: Any) -> tuple[int, dict[str, Any]]:
        """Return the status and the body for a request for a token."""
        if not isinstance(content, Mapping) or content.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type"}
        if content.get("audience") != AUDIENCE:
            return 400, {"error": "invalid_request", "error_description": f"audience must be {AUDIENCE}"}
        if (content.get("client_id"), content.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        return 200, {"access_token": self._issue(), "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}

    def by_mpid(
        self, authorization: str | None, mpid: str, fields: str, environment: str = ENVIRONMENTS[0]
    ) -> dict[str, Any]:
        """Return a profile. ``fields`` is a list with commas. Raises Problem."""
        self._authorise(authorization)
        try:
            number = int(mpid)
        except ValueError:
            raise Problem(400, "the mpid is not an integer") from None
        return self._profile(number, fields, environment)

    def by_identity(self, authorization: str | None, content: Any, fields: str) -> dict[str, Any]:
        """Return the profile of an immutable identity; the environment is in the content. Raises Problem."""
        self._authorise(authorization)
        identity = content.get("identity") if isinstance(content, Mapping) else None
        if not isinstance(identity, Mapping) or not identity.get("value"):
            raise Problem(400, "identity needs a type and a value")
        if NAME_OF.get(str(identity.get("type"))) != IMMUTABLE:
            raise Problem(400, f"identity.type must be an immutable identity: {IMMUTABLE}")
        environment = str(content.get("environment_type"))
        return self._profile(self._workspace.find(environment, IMMUTABLE, str(identity["value"])), fields, environment)

    def _profile(self, mpid: int | None, fields: str, environment: str) -> dict[str, Any]:
        names = tuple(filter(None, fields.split(",")))
        if not names or not set(names) <= set(FIELDS):
            raise Problem(400, f"fields must be some of {', '.join(FIELDS)}")
        if environment not in ENVIRONMENTS:
            raise Problem(400, f"environment_type must be {' or '.join(ENVIRONMENTS)}")
        profile = None if mpid is None else self._workspace.profile(mpid, names, environment)
        if profile is None:
            raise Problem(404, "no such profile")
        return profile

    def _issue(self) -> str:
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._expires[token] = self._clock() + TOKEN_SECONDS
            while len(self._expires) > MOST_TOKENS:
                del self._expires[next(iter(self._expires))]
        return token

    def _authorise(self, authorization: str | None) -> None:
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return
        with self._lock:
            if self._clock() >= self._expires.get(token, 0.0):
                raise Problem(401, "the token was not issued here or has expired")
