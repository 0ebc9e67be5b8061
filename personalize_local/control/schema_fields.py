"""The fields that Amazon Personalize requires and reserves, by the name of the schema and the domain of its group.

Sources: Amazon Personalize Developer Guide, "Custom dataset and schema requirements", "ECOMMERCE domain dataset and
schema requirements" and "VIDEO_ON_DEMAND domain dataset and schema requirements"; for actions and their interactions
the requirements of those datasets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ECOMMERCE, VIDEO_ON_DEMAND = "ECOMMERCE", "VIDEO_ON_DEMAND"
CATEGORICAL, TEXTUAL = "categorical", "textual"


@dataclass(frozen=True)
class Rule:
    """What a field must be: its type, and whether it is categorical, textual or neither."""

    type: str
    attribute: str | None = None


Rules = Mapping[str, Rule]

TEXT, NUMBER, TIME = Rule("string"), Rule("float"), Rule("long")
CATEGORY, DESCRIPTION = Rule("string", CATEGORICAL), Rule("string", TEXTUAL)
NONE: Rules = MappingProxyType({})

_REQUIRED: Mapping[str, Rules] = {
    "Interactions": {"USER_ID": TEXT, "ITEM_ID": TEXT, "TIMESTAMP": TIME},
    "Users": {"USER_ID": TEXT},
    "Items": {"ITEM_ID": TEXT},
    "Actions": {"ACTION_ID": TEXT},
    "ActionInteractions": {"USER_ID": TEXT, "ACTION_ID": TEXT, "EVENT_TYPE": TEXT, "TIMESTAMP": TIME},
}
_RESERVED: Mapping[str, Rules] = {
    "Interactions": {
        "EVENT_TYPE": TEXT,
        "EVENT_VALUE": NUMBER,
        "IMPRESSION": TEXT,
        "RECOMMENDATION_ID": TEXT,
        "EVENT_ATTRIBUTION_SOURCE": TEXT,
    },
    "Items": {"CREATION_TIMESTAMP": TIME},
    "Actions": {
        "CREATION_TIMESTAMP": TIME,
        "VALUE": TIME,
        "ACTION_EXPIRATION_TIMESTAMP": TIME,
        "REPEAT_FREQUENCY": TIME,
    },
    "ActionInteractions": {"RECOMMENDATION_ID": TEXT, "IMPRESSION": TEXT},
}
_DOMAIN_REQUIRED: Mapping[str, Mapping[str, Rules]] = {
    ECOMMERCE: {"Interactions": {"EVENT_TYPE": TEXT}, "Items": {"PRICE": NUMBER, "CATEGORY_L1": CATEGORY}},
    VIDEO_ON_DEMAND: {"Interactions": {"EVENT_TYPE": TEXT}, "Items": {"GENRES": CATEGORY, "CREATION_TIMESTAMP": TIME}},
}
_DOMAIN_RESERVED: Mapping[str, Mapping[str, Rules]] = {
    ECOMMERCE: {
        "Users": {"MEMBERSHIP_STATUS": CATEGORY},
        "Items": {
            "CATEGORY_L2": CATEGORY,
            "CATEGORY_L3": CATEGORY,
            "PRODUCT_DESCRIPTION": DESCRIPTION,
            "AGE_GROUP": CATEGORY,
            "ADULT": CATEGORY,
            "GENDER": CATEGORY,
        },
    },
    VIDEO_ON_DEMAND: {
        "Users": {"SUBSCRIPTION_MODEL": CATEGORY},
        "Items": {
            "PRICE": NUMBER,
            "DURATION": NUMBER,
            "GENRE_L2": CATEGORY,
            "GENRE_L3": CATEGORY,
            "AVERAGE_RATING": NUMBER,
            "PRODUCT_DESCRIPTION": DESCRIPTION,
            "CONTENT_OWNER": CATEGORY,
            "CONTENT_CLASSIFICATION": CATEGORY,
        },
    },
}
NAMES = tuple(_REQUIRED)
DOMAIN_NAMES = ("Interactions", "Users", "Items")  # a domain dataset group has no actions
NEVER_NULL = frozenset({"EVENT_TYPE", "CREATION_TIMESTAMP"})  # of the reserved fields


def names(domain: str | None) -> tuple[str, ...]:
    """Return the names that a schema may have."""
    return DOMAIN_NAMES if domain else NAMES


def required(name: str, domain: str | None) -> dict[str, Rule]:
    """Return the fields that a schema must have."""
    return {**_REQUIRED[name], **_DOMAIN_REQUIRED.get(domain or "", {}).get(name, NONE)}


def reserved(name: str, domain: str | None) -> dict[str, Rule]:
    """Return the fields that a schema may have in one form only, without the required ones."""
    rules = {**_RESERVED.get(name, NONE), **_DOMAIN_RESERVED.get(domain or "", {}).get(name, NONE)}
    return {field: rule for field, rule in rules.items() if field not in required(name, domain)}
