"""The names of a user's identities. IDSync, batches and mParticle's server SDKs spell some of them in different ways.

Batches: docs.mparticle.com/schema/mparticle.inbound.eventsapi.schema.json. IDSync:
docs.mparticle.com/developers/idsync/http-api/. The server SDKs (PyPI and npm ``mparticle``) write ``customerid`` in
batches, too.
"""

from collections.abc import Mapping
from typing import Any

IDENTITY_TYPES = (
    *("other", "customer_id", "facebook", "twitter", "google", "microsoft", "yahoo", "email", "alias"),
    "facebook_custom_audience_id",
    *(f"other_id_{index}" for index in range(2, 11)),
    *("mobile_number", "phone_number_2", "phone_number_3"),
)
"""The names in batches, under which everything is stored and forwarded."""

_ALSO_SPELLED = {
    "customerid": "customer_id",
    "facebookcustomaudienceid": "facebook_custom_audience_id",
    **{f"other{index}": f"other_id_{index}" for index in range(2, 11)},
}
NAME_OF: dict[str, str] = {name: name for name in IDENTITY_TYPES} | _ALSO_SPELLED
"""Every spelling, and the name in batches that it stands for."""


def named_as_in_batches(identities: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given identities (neither null nor empty) under their names in batches.

    Where two spellings of one name differ, the name in batches wins. Raises KeyError for an unknown name.
    """
    given = {name: value for name, value in identities.items() if value is not None and value != ""}
    renamed = {NAME_OF[name]: value for name, value in given.items()}
    return renamed | {name: value for name, value in given.items() if name in renamed}
