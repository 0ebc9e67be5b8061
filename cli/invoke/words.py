"""mParticle's words for event types, product actions and keys, and which of them a misspelt one may mean.

https://docs.mparticle.com/developers/apis/json-reference/
"""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

EVENT_TYPES = (
    *("application_state_transition", "breadcrumb", "commerce_event", "crash_report", "custom_event", "first_run"),
    *("network_performance", "opt_out", "profile", "push_message", "push_reaction", "push_registration"),
    *("screen_view", "session_end", "session_start", "system_notification", "uninstall", "user_attribute_change"),
    "user_identity_change",
)
ACTIONS = (
    *("add_to_cart", "add_to_wishlist", "checkout", "checkout_option", "click", "purchase", "refund"),
    *("remove_from_cart", "remove_from_wish_list", "remove_from_wishlist", "view", "view_detail"),
)
BATCH_KEYS = ("events", "mpid", "environment", "timestamp_unixtime_ms", "consent_state", "user_attributes")
# Keys under which other programs have a product's id, without their separators.
ID_KEYS = frozenset({"sku", "skuid", "productid", "productsku", "itemid", "articleid", "variantid", "productcode"})
LONGEST = 60  # characters of a value that is shown


def meant(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that a misspelt one is nearest to: the same but for case and separators, or almost."""
    plain = {_plain(one): one for one in known}
    close = difflib.get_close_matches(_plain(word), plain, n=1, cutoff=0.75)
    return plain[close[0]] if close else None


def key_meant(holder: Mapping[Any, Any], wanted: str, others: Iterable[str] = ()) -> str | None:
    """Return the key of an object that stands for a missing one; ``others``: plain words that stand for it as well."""
    keys = [key for key in holder if isinstance(key, str) and key != wanted]
    same = [key for key in keys if _plain(key) in others]
    return same[0] if same else meant(wanted, keys)


def shown(value: object) -> str:
    """Return a value as people find it in their file, cut off where it is long."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())
