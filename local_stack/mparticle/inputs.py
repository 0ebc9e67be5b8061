"""The inputs of the Items4U workspace, with their keys and secrets."""

import base64
import binascii
from dataclasses import dataclass


@dataclass(frozen=True)
class Input:
    """An input of the workspace: a platform or a custom feed.

    The key and the secret are fixed dummies; they open nothing but the local mParticle. ``feed`` is the feed's display
    name, None for a platform; ``channel`` is what mParticle reports as ``source_info.channel`` of its batches.
    """

    name: str
    channel: str
    feed: str | None = None

    @property
    def key(self) -> str:
        return f"{self.name}-key"

    @property
    def secret(self) -> str:
        return f"{self.name}-secret"

    @property
    def limit_scope(self) -> str:
        """The value of ``X-mp-rate-limit-exceeded`` when this input exceeds the rate limit."""
        return "feed" if self.feed else "app"


BROKER_FEED = "broker-feed"
INPUTS: dict[str, Input] = {
    each.name: each
    for each in (
        Input("web", "javascript"),
        Input("ios", "native"),
        Input("android", "native"),
        Input("till", "server_to_server"),
        Input(BROKER_FEED, "server_to_server", feed="Personalize Broker"),
    )
}
_BY_KEY = {each.key: each for each in INPUTS.values()}


class MissingCredentials(Exception):
    """The request has no Basic credentials (mParticle answers 401)."""


class WrongCredentials(Exception):
    """The key or the secret belongs to no input (mParticle answers 403)."""


def by_key(key: str | None) -> Input | None:
    """Return the input of a key, None if there is none."""
    return _BY_KEY.get(key or "")


def of_pages(key: str) -> Input:
    """Return the input of web pages, which have its key and no secret. Raises WrongCredentials for another key."""
    candidate = _BY_KEY.get(key)
    if candidate is None or candidate.channel != "javascript":
        raise WrongCredentials
    return candidate


def authenticate(authorization: str | None) -> Input:
    """Return the input of an ``Authorization`` header.

    Raises MissingCredentials and WrongCredentials. Source: docs.mparticle.com/developers/server/http/ (authentication).
    """
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic" or not encoded:
        raise MissingCredentials
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise WrongCredentials from error
    candidate = _BY_KEY.get(key)
    if candidate is None or candidate.secret != secret:
        raise WrongCredentials
    return candidate
