"""The codes that say why something is left out or can never work. ``docs/reasons.md`` explains each of them."""

from enum import StrEnum


class SkipReason(StrEnum):
    """Why a batch, an event or a product line is well understood and not reported to Personalize."""

    # a batch
    NO_EVENTS = "no_events"
    OTHER_ENVIRONMENT = "other_environment"
    NO_CUSTOMER = "no_customer"
    NO_CONSENT = "no_consent"
    CONSENT_UNKNOWN = "consent_unknown"
    SUPPRESSED = "suppressed"
    # an event
    OTHER_EVENT_TYPE = "other_event_type"
    OWN_WRITE_BACK = "own_write_back"
    # an event, or a product line
    BAD_EVENT = "bad_event"
    OTHER_ACTION = "other_action"
    NO_ITEM_ID = "no_item_id"
    ROUNDED_ID = "rounded_id"
    RETURNS = "returns"
    SAMPLED_OUT = "sampled_out"


class Omission(StrEnum):
    """What of an interaction is there and can't be read: Personalize gets the interaction without it."""

    UNREADABLE_AMOUNT = "unreadable_amount"
    UNUSABLE_TIME = "unusable_time"
    UNREADABLE_RECOMMENDATION_ID = "unreadable_recommendation_id"


class QuarantineReason(StrEnum):
    """Why a record, a batch, an interaction or a message can never work."""

    # a record
    MALFORMED_RECORD = "malformed_record"
    CANNOT_UNPACK = "cannot_unpack"
    BASE64_TWICE = "base64_twice"
    NOT_UTF8 = "not_utf8"
    TOO_LARGE = "too_large"
    EXCEPTION = "exception"
    # a batch
    NOT_JSON = "not_json"
    NOT_A_BATCH = "not_a_batch"
    NO_WELL_FORMED_EVENT = "no_well_formed_event"
    UNREADABLE_CUSTOMER = "unreadable_customer"
    # an interaction, or a message of the refresh queue
    REFUSED = "refused"
    REFUSED_UNPROVEN = "refused_unproven"
    NOT_A_MESSAGE = "not_a_message"
