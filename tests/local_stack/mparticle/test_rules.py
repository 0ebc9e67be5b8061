"""The compact rules for uploads against mParticle's own published schema, and the limits that the schema omits."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from local_stack.items4u.sessions import Shop
from local_stack.mparticle.rules.accepted import accepted_form
from local_stack.mparticle.rules.batch import check_batch
from local_stack.mparticle.rules.checks import Invalid
from tests.local_stack.mparticle.batches import batch, purchase


@pytest.fixture(scope="module")
def published(test_data: Path) -> jsonschema.Draft7Validator:
    schema = json.loads((test_data / "mparticle" / "schema.mparticle.inbound.eventsapi.json").read_text())
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())


def event(event_type: str, **data: Any) -> dict[str, Any]:
    return {"event_type": event_type, "data": data}


CUSTOMER = {"identity_type": "customerid", "identity": "c", "timestamp_unixtime_ms": 1, "created_this_batch": True}
GOOD: list[dict[str, Any]] = [
    batch(),
    batch(events=None),
    batch(events=...),
    batch(mpid=-(2**63), mp_deviceid=...),
    batch(user_identities={"customer_id": "c", "other_id_10": "x", "email": None}),
    batch(user_attributes={"tag": None, "list": ["a", 1, None], "n": 1.5, "b": True}, deleted_user_attributes=["x"]),
    batch(consent_state={"ccpa": {"data_sale_opt_out": {"consented": True, "timestamp_unixtime_ms": 1}}}),
    batch(source_info={"channel": "server_to_server", "is_historical": False}),
    batch(device_info={"platform": "iOS", "ios_idfv": "0F129DCB-d5b9-450b-9003-a38a7b7e946d"}, sdk_version="8.1"),
    batch(context={"data_plan": {"plan_id": "p", "plan_version": 2}}),
    batch(events=[purchase("A-1", source_message_id="m", session_id=-5, unknown_field={"is": ["ignored"]})]),
    batch(
        events=[
            event("screen_view", screen_name="Home"),
            event("session_start"),
            event("session_end", session_duration_ms=1),
        ]
    ),
    batch(events=[event("custom_event", event_name="x", custom_event_type="other", custom_attributes={"a": 1})]),
    batch(events=[event("commerce_event", promotion_action={"action": "view", "promotions": [{"id": "1"}]})]),
    batch(events=[event("commerce_event", product_impressions=[{"product_impression_list": "s", "products": None}])]),
    batch(events=[event("opt_out", is_opted_out=True)]),
    batch(events=[event("user_attribute_change", user_attribute_name="a", new=["x"], old=None)]),
    batch(events=[event("application_state_transition", application_transition_type="application_exit")]),
    batch(timestamp_unixtime_ms=1.0),
]

OF_AN_SDK: dict[str, dict[str, Any]] = {
    "an mpid as a string": batch(mpid="-9223372036854775808"),
    "customerid": batch(user_identities={"customerid": "c"}),
    "other identities as IDSync names them": batch(user_identities={"other2": "x", "facebookcustomaudienceid": "y"}),
    "a promotion view": batch(events=[event("commerce_event", promotion_action={"action": 1, "promotions": []})]),
    "a crash report without severity": batch(events=[event("crash_report", message="broke", exception_handled=True)]),
    "a list as a custom flag": batch(
        events=[event("custom_event", event_name="x", custom_event_type="other", custom_flags={"a": ["b", "c"]})]
    ),
    "a newer SDK's fields": batch(application_info={"sideloaded_kits_count": 0}, device_info={"fold_state": "open"}),
    "an identity change in IDSync's names": batch(events=[event("user_identity_change", new=CUSTOMER, old=None)]),
}

BAD: dict[str, dict[str, Any]] = {
    "an mpid as a word": batch(mpid="hugo"),
    "an mpid as a string of a float": batch(mpid="1.0"),
    "an mpid as a string with a space": batch(mpid=" 1"),
    "an mpid as a string of other digits": batch(mpid="\u0661\u0662"),
    "an mpid as a float": batch(mpid=1.5),
    "an mpid as a boolean": batch(mpid=True),
    "an unknown field": batch(schema_version=1),
    "an identity of no kind": batch(user_identities={"customer": "c"}),
    "a promotion action of no kind": batch(events=[event("commerce_event", promotion_action={"action": 3})]),
    "a promotion action that is a boolean": batch(events=[event("commerce_event", promotion_action={"action": True})]),
    "a crash report without a message": batch(events=[event("crash_report", severity="error")]),
    "a map as a custom flag": batch(events=[event("screen_view", screen_name="s", custom_flags={"a": {"b": 1}})]),
    "identities as a list": batch(user_identities=[{"identity_type": "email", "identity": "a"}]),
    "an environment in capitals": batch(environment="Production"),
    "a nested attribute": batch(user_attributes={"a": {"b": 1}}),
    "a list in a list": batch(user_attributes={"a": [["b"]]}),
    "deleted attributes as a string": batch(deleted_user_attributes="a"),
    "a device id that is no UUID": batch(mp_deviceid="12345"),
    "events as an object": batch(events={}),
    "an event that is a string": batch(events=["purchase"]),
    "an event without data": batch(events=[{"event_type": "commerce_event"}]),
    "an event without a type": batch(events=[{"data": {}}]),
    "an unknown event type": batch(events=[event("pre_attribution")]),
    "a time as a string": batch(events=[purchase("A", timestamp_unixtime_ms="1700000000000")]),
    "a message id as a number": batch(events=[purchase("A", source_message_id=5)]),
    "an unknown action": batch(events=[event("commerce_event", product_action={"action": "steal"})]),
    "an action with an unknown field": batch(
        events=[event("commerce_event", product_action={"action": "click", "x": 1})]
    ),
    "a product id as a number": batch(
        events=[event("commerce_event", product_action={"action": "click", "products": [{"id": 5}]})]
    ),
    "a custom event without a name": batch(events=[event("custom_event", custom_event_type="other")]),
    "a list as a custom attribute": batch(
        events=[event("custom_event", event_name="x", custom_event_type="other", custom_attributes={"a": ["b"]})]
    ),
    "a screen view without a screen": batch(events=[event("screen_view")]),
    "an opt-out that does not say": batch(events=[event("opt_out")]),
    "a null for all of a regulation": batch(consent_state={"gdpr": None}),
    "consent without a time": batch(consent_state={"gdpr": {"p": {"consented": True}}}),
    "a channel of no kind": batch(source_info={"channel": "pigeon"}),
    "a platform of no kind": batch(device_info={"platform": "fridge"}),
    "a data plan without an id": batch(context={"data_plan": {"plan_version": 1}}),
}


def refuses(value: Any) -> str | None:
    """Return what is wrong with a batch or with the first bad one of its events, None if nothing is."""
    try:
        bad = check_batch(value)
    except Invalid as reason:
        return str(reason)
    return next(map(str, bad.values()), None)


@pytest.mark.parametrize("good", GOOD, ids=range(len(GOOD)))
def test_what_the_published_schema_accepts_is_accepted(good: Any, published: jsonschema.Draft7Validator) -> None:
    assert [each.message for each in published.iter_errors(good)] == []
    assert refuses(good) is None


@pytest.mark.parametrize("name", BAD)
def test_what_the_published_schema_refuses_is_refused(name: str, published: jsonschema.Draft7Validator) -> None:
    assert not published.is_valid(BAD[name])
    assert refuses(BAD[name])


@pytest.mark.parametrize("name", OF_AN_SDK)
def test_what_mparticles_own_sdks_send_is_accepted_though_the_published_schema_refuses_it(
    name: str, published: jsonschema.Draft7Validator
) -> None:
    assert not published.is_valid(OF_AN_SDK[name])
    assert refuses(OF_AN_SDK[name]) is None


@pytest.mark.parametrize("name", OF_AN_SDK)
def test_what_is_accepted_of_an_sdk_then_keeps_the_published_schema(
    name: str, published: jsonschema.Draft7Validator
) -> None:
    form = accepted_form(OF_AN_SDK[name], check_batch(OF_AN_SDK[name]))
    lax = {"a list as a custom flag", "a crash report without severity", "a newer SDK's fields"}
    assert published.is_valid(form) is (name not in lax)


def test_every_batch_of_the_shop_is_valid_by_both(published: jsonschema.Draft7Validator) -> None:
    sessions = Shop(seed=3, shopper_count=30).sessions()
    made = [post.batch for _ in range(20) for post in next(sessions).posts(lambda: 1_800_000_000.0)]
    kinds = {each["event_type"] for one in made for each in one["events"]}
    assert {"commerce_event", "screen_view", "session_start", "session_end", "custom_event"} <= kinds
    for one in made:
        assert refuses(one) is None
        assert published.is_valid(one)


@pytest.mark.parametrize(
    "name", ["01_docs_events_api_sample", "12_mparticle_json_goodbatch", "17_portability_stored_batch"]
)
def test_a_real_batch_is_judged_as_the_published_schema_judges_it(
    name: str, published: jsonschema.Draft7Validator, test_data: Path
) -> None:
    real = json.loads((test_data / "mparticle" / f"{name}.json").read_text())
    real.pop("ip", None)
    real.setdefault("environment", "production")
    assert (refuses(real) is None) == published.is_valid(real)


def test_a_damaged_field_is_judged_as_the_published_schema_judges_it(published: jsonschema.Draft7Validator) -> None:
    """Every scalar of a real-looking batch is replaced in turn by values of other types."""
    sessions = Shop(seed=3, shopper_count=30).sessions()
    made = [post.batch for _ in range(40) for post in next(sessions).posts(lambda: 1_800_000_000.0)]
    whole = min((one for one in made if set(one) >= FULL), key=lambda one: len(json.dumps(one)))
    whole["consent_state"] = {"gdpr": {"ads": {"consented": True, "timestamp_unixtime_ms": 1}}}
    verdicts = {True: 0, False: 0}
    wrong: Any
    for path in _paths(whole):
        for wrong in ("text", 5, None, [], {}):
            damaged = _replaced(whole, path, wrong)
            if not _is_stricter_here(path, wrong):
                assert (refuses(damaged) is None) == published.is_valid(damaged), (path, wrong)
                verdicts[published.is_valid(damaged)] += 1
    assert min(verdicts.values()) > 50


OTHER_VALUES: tuple[Any, ...] = ("text", 5, None, [], {})
FULL = {"user_identities", "user_attributes", "device_info", "mp_deviceid"}


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [each for key, child in pairs for each in [(*path, key), *_paths(child, (*path, key))]]


def _replaced(whole: dict[str, Any], path: tuple[Any, ...], wrong: Any) -> dict[str, Any]:
    damaged = copy.deepcopy(whole)
    inner: Any = damaged
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = wrong
    return damaged


_UNTYPED = ("application_info", "device_info", "product_action", "products", "data", "consent_state", "ads")


def _is_stricter_here(path: tuple[Any, ...], wrong: Any) -> bool:
    """The schema forgets to say that these are objects, and takes any value for them; and it refuses any ip."""
    forgotten = path[-1] in _UNTYPED or path[-2:-1] in (("products",), ("product_impressions",))
    return path[-1] == "ip" or (forgotten and not isinstance(wrong, dict))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (batch(environment=...), "environment: is missing"),
        (batch(mp_deviceid=...), "nothing says whose batch this is"),
        (batch(mp_deviceid=..., user_identities={"email": ""}), "nothing says whose batch this is"),
        (batch(mpid=2**63), "mpid: must be a signed 64-bit integer"),
        (batch(mpid="9223372036854775808"), "mpid: must be a signed 64-bit integer"),
        (batch(user_attributes={f"a{n}": "x" for n in range(101)}), "more than 100 attributes"),
        (batch(user_attributes={"a": "x" * 4097}), "longer than 4096"),
        (batch(user_attributes={"a": ["x"] * 1001}), "more than 1000 entries"),
        (batch(user_attributes={"a": ["x" * 513]}), "more than 512 characters"),
        (batch(user_attributes={"a" * 257: "x"}), "more than 256 characters"),
        (batch(events=[purchase("A", custom_attributes={f"a{n}": "x" for n in range(101)})]), "more than 100"),
    ],
)
def test_a_limit_that_the_schema_omits_is_kept(wrong: Any, reason: str) -> None:
    assert reason in (refuses(wrong) or "accepted")


def test_values_right_at_the_limits_are_accepted() -> None:
    at_limit = {f"a{n}": "x" for n in range(98)} | {"l": ["x" * 512] * 1000, "v": "x" * 4096}
    assert refuses(batch(user_attributes=at_limit)) is None


def test_a_reason_says_where_and_never_what() -> None:
    reason = refuses(batch(events=[purchase("A"), purchase("B", timestamp_unixtime_ms="hugo@example.com")]))
    assert reason == "events.1.data.timestamp_unixtime_ms: must be an integer"


def test_a_bad_event_is_named_by_its_place_and_the_others_are_good() -> None:
    bad = check_batch(
        batch(events=[purchase("A"), purchase("B", timestamp_unixtime_ms="x"), "no event", purchase("C")])
    )
    assert {place: str(reason) for place, reason in bad.items()} == {
        1: "events.1.data.timestamp_unixtime_ms: must be an integer",
        2: "events.2: must be an object",
    }


def test_absurd_nesting_is_refused_and_not_a_crash() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = {"a": deep}
    assert "nested too deeply" in (refuses(batch(events=[purchase("A", extra=deep)])) or "accepted")
