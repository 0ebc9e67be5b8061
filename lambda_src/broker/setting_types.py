"""How the texts of environment variables become values. Each function raises ValueError, which says what it must be."""

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from broker.experiment import POPULAR, Experiment, experiment_from
from broker.interactions import CONSENT_UNKNOWN, MAX_ID
from broker.json_values import int64

# mParticle's hosts for server-to-server events, by data-localization pod (mParticle HTTP API and data localization).
POD_URLS = {pod: f"https://s2s.{pod}.mparticle.com" for pod in ("us1", "us2", "eu1", "au1")}
# product_action.action of mParticle's JSON reference; real data spells the wish list's removal in two ways.
ACTIONS = {
    "add_to_cart", "remove_from_cart", "checkout", "checkout_option", "click", "view_detail", "purchase", "refund",
    "add_to_wishlist", "remove_from_wish_list", "remove_from_wishlist",
}  # fmt: skip
MAX_ATTRIBUTE = 256  # characters of an attribute's name (mParticle default service limits)
ADD, MERGE = ITEM_UPDATES = ("add", "merge")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def event_types(text: str) -> dict[str, str]:
    """Return Personalize's event type by mParticle's action, of ``purchase:Purchase, view_detail``."""
    pairs = [entry.strip().partition(":") for entry in text.split(",") if entry.strip()]
    types = {action.strip(): name.strip() or action.strip() for action, _, name in pairs}
    _known(types)
    if any(len(name) > MAX_ID for name in types.values()):
        raise ValueError(f"has an event type of over {MAX_ID} characters")
    return types


def _known(actions: Mapping[str, str] | frozenset[str]) -> None:
    unknown = sorted(set(actions) - ACTIONS)
    if unknown or not actions:
        raise ValueError(f"names no product action of mParticle's: {', '.join(unknown) or '(empty)'}")


def actions_of(event_types: Mapping[str, str]) -> Callable[[str], frozenset[str]]:
    """Return the reader of actions, all of which must be among the reported ones."""

    def parse(text: str) -> frozenset[str]:
        actions = frozenset(action.strip() for action in text.split(",") if action.strip())
        _known(actions)
        if not actions <= set(event_types):
            raise ValueError(
                f"names an action that EVENT_TYPES does not report: {', '.join(actions - set(event_types))}"
            )
        return actions

    return parse


def switch(text: str) -> bool:
    """Return whether a switch is on."""
    if text.lower() in {"on", "true", "1", "yes"}:
        return True
    if text.lower() in {"off", "false", "0", "no"}:
        return False
    raise ValueError(f"must be on or off, not {text!r}")


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return the reader of whole numbers from ``low`` to ``high``."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {text!r}")
        return int(text)

    return parse


def share(text: str) -> float:
    """Return a share from 0 to 1."""
    if not re.fullmatch(r"0(\.[0-9]{1,4})?|1(\.0{1,4})?", text):
        raise ValueError(f"must be a share from 0 to 1, with at most four decimals, not {text!r}")
    return float(text)


def experiment(text: str) -> Experiment:
    """Return an experiment, given as a JSON object."""
    try:
        value = json.loads(text)
    except ValueError:
        raise ValueError(f"must be a JSON object, not {text[:40]!r}") from None
    return experiment_from(value)


def experiment_with_lists(text: str) -> Experiment:
    """Return an experiment that says where the holdout's list comes from, if it has one."""
    found = experiment(text)
    if found.holdout_list == POPULAR and not found.holdout_campaign_arn:
        raise ValueError("has holdout_list popular, but no holdout_campaign_arn")
    return found


def mpid(text: str) -> int:
    """Return an mParticle id."""
    number = int64(text)
    if not number:
        raise ValueError(f"must be an mParticle id, a signed 64-bit integer, not {text!r}")
    return number


def environment(text: str) -> str:
    """Return an mParticle environment."""
    if text.lower() not in {"production", "development"}:
        raise ValueError(f"must be production or development, not {text!r}")
    return text.lower()


def consent_unknown(text: str) -> str:
    """Return what happens to users whose answer is not known."""
    if text.lower() not in CONSENT_UNKNOWN:
        raise ValueError(f"must be skip or send, not {text!r}")
    return text.lower()


def item_updates(text: str) -> str:
    """Return whether the stream changes items that are known."""
    if text.lower() not in ITEM_UPDATES:
        raise ValueError(f"must be add or merge, not {text!r}")
    return text.lower()


def identifier(text: str) -> str:
    """Return an id that Personalize takes."""
    if len(text) > MAX_ID or any(character.isspace() for character in text):
        raise ValueError(f"must be an id of at most {MAX_ID} characters without spaces")
    return text


def attribute(text: str) -> str:
    """Return the name of an attribute of mParticle's."""
    if len(text) > MAX_ATTRIBUTE:
        raise ValueError(f"must have at most {MAX_ATTRIBUTE} characters")
    return text


def bucket(text: str) -> str:
    """Return the name of an S3 bucket."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", text):
        raise ValueError(f"must be the name of an S3 bucket, not {text!r}")
    return text


def table(text: str) -> str:
    """Return the name of a DynamoDB table."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", text):
        raise ValueError(f"must be the name of a DynamoDB table, not {text!r}")
    return text


def arn(service: str, resource: str) -> Callable[[str], str]:
    """Return the reader of ARNs of one service and kind of resource."""

    def parse(text: str) -> str:
        if not re.fullmatch(rf"arn:[\w-]+:{service}:[\w-]+:\d{{12}}:{resource}\S+", text):
            raise ValueError(f"must be an ARN like arn:aws:{service}:REGION:ACCOUNT:{resource}NAME")
        return text

    return parse


def pod(text: str) -> str:
    """Return the URL of an mParticle pod."""
    if text.lower() not in POD_URLS:
        raise ValueError(f"must be one of {', '.join(POD_URLS)}, not {text!r}")
    return POD_URLS[text.lower()]


def url(text: str) -> str:
    """Return a URL without a slash at its end."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a URL")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must be https: only loopback may do without")
    return text.rstrip("/")
