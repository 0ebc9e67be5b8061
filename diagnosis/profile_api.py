"""mParticle's Profile API: what a profile has, and nothing else. It reads.

docs.mparticle.com/developers/profile-api/: OAuth 2.0 client credentials, a token for eight hours, 15 requests a second.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import requests
from broker.users import ENVIRONMENTS

AUDIENCE = "https://api.mparticle.com"
AUTH_URL, API_URL = "https://sso.auth.mparticle.com", "https://api.mparticle.com"
TIMEOUT = (5.0, 20.0)  # seconds to connect, seconds to answer
PRODUCTION = ENVIRONMENTS[0]


class ProfileApiError(Exception):
    """The Profile API does not answer, or refuses; the message names no profile."""


class ProfileApi:
    """One workspace (``ORG/ACCOUNT/WORKSPACE``) by one client's credentials."""

    def __init__(
        self,
        session: requests.Session,
        client_id: str,
        client_secret: str,
        workspace: str,
        *,
        auth_url: str = AUTH_URL,
        api_url: str = API_URL,
    ) -> None:
        self._session = session
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._workspace = workspace
        self._auth_url = auth_url
        self._api_url = api_url
        self._token = ""

    def profile(self, mpid: int, environment: str) -> Mapping[str, Any] | None:
        """Return a profile with its user attributes, None if there is none. Raises ProfileApiError."""
        self._token = self._token or self._new_token()
        parameters = {"fields": "user_attributes"}
        if environment != PRODUCTION:
            parameters["environment_type"] = environment
        url = f"{self._api_url}/userprofile/v1/{quote(self._workspace)}/{mpid}"
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = self._request("GET", url, params=parameters, headers=headers)
        if answer.status_code == 404:
            return None
        return _object(answer, "a profile")

    def _new_token(self) -> str:
        body = {**self._client, "audience": AUDIENCE, "grant_type": "client_credentials"}
        token = _object(self._request("POST", f"{self._auth_url}/oauth/token", json=body), "a token").get(
            "access_token"
        )
        if not isinstance(token, str) or not token:
            raise ProfileApiError("the Profile API's answer to the request for a token has none")
        return token

    def _request(self, method: str, url: str, **request: Any) -> requests.Response:
        try:
            return self._session.request(method, url, timeout=TIMEOUT, allow_redirects=False, **request)
        except requests.RequestException as error:
            raise ProfileApiError(f"the Profile API does not answer: {type(error).__name__}") from None


def _object(answer: requests.Response, what: str) -> Mapping[str, Any]:
    if answer.status_code in (401, 403):
        raise ProfileApiError(
            f"the Profile API answers {answer.status_code}: are client id, secret and workspace right?"
        )
    if answer.status_code != 200:
        raise ProfileApiError(f"the Profile API answers {answer.status_code} to a request for {what}")
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ProfileApiError(f"the Profile API's answer to a request for {what} is no JSON object")
    return found
