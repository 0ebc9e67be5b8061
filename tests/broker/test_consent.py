"""Consent fails closed: with a purpose named only a readable yes trains, and any sign of an opt-out keeps data out."""

import json
from typing import Any

import pytest
from broker.batch import Batch, decode
from broker.consent import Answer, answer
from broker.interactions import Rules, extract
from hypothesis import example, given
from hypothesis import strategies as st

from tests.broker.lambda_events import batch, product_event
from tests.broker.stubs import NOW

NAMED = Rules(consent_purpose="Personalisation")
SEND = Rules(consent_purpose="Personalisation", consent_unknown="send")
NO, UNKNOWN, SENT = "no_consent", "consent_unknown", ""
YES_TEXTS = ("true", "True", "TRUE ", " yes", "YES", "y", "t", "1", "1.0", "\tTrue\n")
NO_TEXTS = ("false", "False", "FALSE ", " no", "NO", "n", "f", "0", "0.0")
UNCLEAR = (
    "", " ", "on", "off", "granted", "denied", "accepted", "ja", "si", "null", "none", "undefined", "NaN", "2", "-1",
    "01", "+1", "1e0", "tru\u0435", "\uff34\uff32\uff35\uff25", "ye\u017f", "true,false", "'true'", "not true",
    2, -1, 0.5, 10**400, -(10**18), float("nan"), float("inf"), None, [], [True], {}, {"value": True},
)  # fmt: skip


def outcome(document: Any, rules: Rules = NAMED) -> str:
    """Return why nothing of a batch of one view trains, or nothing where it does."""
    text = document if isinstance(document, str) else json.dumps(document)
    [found] = decode(text.encode(), int(NOW * 1000))
    assert isinstance(found, Batch)
    interactions, skipped = extract(found, rules)
    if interactions:
        assert (len(interactions), skipped[NO], skipped[UNKNOWN]) == (1, 0, 0)
        return SENT
    [(reason, number)] = skipped.items()
    assert number == 1
    return reason


def gdpr(consented: Any, purpose: str = "personalisation") -> Any:
    return {"gdpr": {purpose: {"consented": consented, "document": "privacy-2026"}}}


def ccpa(consented: Any) -> Any:
    return {"ccpa": {"data_sale_opt_out": {"consented": consented}}}


@pytest.mark.parametrize("value", [True, 1, 1.0, *YES_TEXTS])
def test_a_yes(value: Any) -> None:
    assert answer(value) is Answer.YES
    assert outcome(batch(consent_state=gdpr(value))) == SENT
    assert outcome(batch(consent_state=ccpa(value)), Rules()) == NO


@pytest.mark.parametrize("value", [False, 0, 0.0, -0.0, *NO_TEXTS])
def test_a_no(value: Any) -> None:
    assert answer(value) is Answer.NO
    assert outcome(batch(consent_state=gdpr(value))) == NO
    assert outcome(batch(consent_state=gdpr(value)), SEND) == NO, "send never overrides a no"
    assert outcome(batch(consent_state=ccpa(value)), Rules()) == SENT


@pytest.mark.parametrize("value", UNCLEAR, ids=ascii)
def test_what_is_neither_a_yes_nor_a_no(value: Any) -> None:
    assert answer(value) is Answer.UNKNOWN
    assert outcome(batch(consent_state=gdpr(value))) == UNKNOWN
    assert outcome(batch(consent_state=gdpr(value)), SEND) == SENT
    assert outcome(batch(consent_state=ccpa(value)), Rules()) == NO


YES = {"consented": True}
# consent state; without a purpose, with one, and with one where unknown is sent
STATES: list[tuple[Any, str, str, str]] = [
    (None, SENT, UNKNOWN, SENT),
    ({}, SENT, UNKNOWN, SENT),
    ({"gdpr": None, "ccpa": None}, SENT, UNKNOWN, SENT),
    ({"gdpr": {}}, SENT, UNKNOWN, SENT),
    ({"gdpr": []}, SENT, UNKNOWN, SENT),
    ({"gdpr": [{"personalisation": YES}]}, SENT, UNKNOWN, SENT),
    ({"gdpr": {"personalisation": None}}, SENT, UNKNOWN, SENT),
    ({"gdpr": {"personalisation": {}}}, SENT, UNKNOWN, SENT),
    ({"gdpr": {"personalisation": [YES]}}, SENT, UNKNOWN, SENT),
    ({"gdpr": {"personalisation": {"document": "signed", "consented_at": True}}}, SENT, UNKNOWN, SENT),
    ({"gdpr": {"personalisation": {"gdpr": YES}}}, SENT, UNKNOWN, SENT),
    ({"gdpr": {"personalisation": True}}, SENT, UNKNOWN, SENT),
    ({"gdpr": {"personalisation": "no"}}, SENT, NO, NO),
    ({"gdpr": {"personalization": YES}}, SENT, UNKNOWN, SENT),
    ({"gdpr": {"advertising": YES}}, SENT, UNKNOWN, SENT),
    ({"gdpr": {"advertising": {"consented": False}}}, SENT, UNKNOWN, SENT),
    ({"personalisation": YES}, SENT, UNKNOWN, SENT),
    ({"gdpr": {" PERSONALISATION ": YES}}, SENT, SENT, SENT),
    ({" GDPR": {"personalisation": {"Consented ": "Yes"}}}, SENT, SENT, SENT),
    ({"gdpr": {"personalisation": YES, "advertising": {"consented": False}}}, SENT, SENT, SENT),
    ({"gdpr": {"personalisation": YES, "Personalisation": {"consented": False}}}, SENT, NO, NO),
    ({"gdpr": {"personalisation": YES, "Personalisation": {"consented": "?"}}}, SENT, UNKNOWN, SENT),
    ({"gdpr": {"personalisation": YES, "Personalisation": None}}, SENT, UNKNOWN, SENT),
    ({"gdpr": {"personalisation": YES, "Personalisation": YES}}, SENT, SENT, SENT),
    ({"gdpr": {"personalisation": {"consented": True, "CONSENTED": False}}}, SENT, NO, NO),
    ({"gdpr": {"personalisation": YES}, "GDPR": {"personalisation": {"consented": 0}}}, SENT, NO, NO),
    ({"gdpr": {"personalisation": YES}, "GDPR": "?"}, SENT, UNKNOWN, SENT),
    ([], NO, NO, NO),
    ([gdpr(True)], NO, NO, NO),
    ("", NO, NO, NO),
    (json.dumps(gdpr(True)), NO, NO, NO),
    (False, NO, NO, NO),
    (0, NO, NO, NO),
    (float("nan"), NO, NO, NO),
    (gdpr(True) | ccpa(True), NO, NO, NO),
    (gdpr(True) | ccpa(False), SENT, SENT, SENT),
    ({"ccpa": {}}, SENT, UNKNOWN, SENT),
    ({"ccpa": {"data_sale_opt_out": None}}, SENT, UNKNOWN, SENT),
    ({"ccpa": {"other": {"consented": True}}}, SENT, UNKNOWN, SENT),
    ({"ccpa": {"data_sale_opt_out": {}}}, NO, NO, NO),
    ({"ccpa": {"data_sale_opt_out": {"document": "d"}}}, NO, NO, NO),
    ({"ccpa": {"data_sale_opt_out": False}}, NO, NO, NO),
    ({"ccpa": {"data_sale_opt_out": []}}, NO, NO, NO),
    ({"ccpa": []}, NO, NO, NO),
    ({"ccpa": False}, NO, NO, NO),
    ({"ccpa": float("nan")}, NO, NO, NO),
    ({"gdpr": None, " CCPA": {"Data_Sale_Opt_Out": {"CONSENTED": "TRUE"}}}, NO, NO, NO),
    ({"ccpa": {"data_sale_opt_out": {"consented": False, "Consented": True}}}, NO, NO, NO),
    ({"ccpa": {"data_sale_opt_out": {"consented": False}, "Data_Sale_Opt_Out": YES}}, NO, NO, NO),
    (ccpa(False) | {"CCPA": ccpa(True)["ccpa"]}, NO, NO, NO),
]


@pytest.mark.parametrize(("state", "unnamed", "named", "sent"), STATES, ids=lambda cell: ascii(cell)[:60])
def test_what_a_consent_state_comes_to(state: Any, unnamed: str, named: str, sent: str) -> None:
    document = batch(consent_state=state)
    assert [outcome(document, rules) for rules in (Rules(), NAMED, SEND)] == [unnamed, named, sent]


def test_without_a_consent_state_the_answer_is_unknown() -> None:
    assert [outcome(batch(), rules) for rules in (Rules(), NAMED, SEND)] == [SENT, UNKNOWN, SENT]


@pytest.mark.parametrize("state", [[], "yes", 7, float("nan")], ids=ascii)
def test_a_consent_state_that_nobody_can_read_is_not_sent_even_where_ccpa_does_not_count(state: Any) -> None:
    own = {"honour_ccpa": False, "consent_purpose": "Personalisation"}
    document = batch(consent_state=state)
    assert outcome(document, Rules(**own)) == UNKNOWN  # type: ignore[arg-type]
    assert outcome(document, Rules(**own, consent_unknown="send")) == UNKNOWN  # type: ignore[arg-type]
    assert outcome(document, Rules(honour_ccpa=False)) == SENT, "nobody asks for consent"


@pytest.mark.parametrize("state", [ccpa(True), ccpa("?"), {"ccpa": []}])
def test_ccpa_does_not_count_where_it_is_switched_off(state: Any) -> None:
    assert outcome(batch(consent_state=state), Rules(honour_ccpa=False)) == SENT


@pytest.mark.parametrize("purpose", ["personalisation", " PersonaliSation ", "PERSONALISATION"])
def test_the_purpose_that_is_named_may_be_in_any_case_too(purpose: str) -> None:
    assert outcome(batch(consent_state=gdpr(True)), Rules(consent_purpose=purpose)) == SENT
    assert outcome(batch(consent_state=gdpr(False)), Rules(consent_purpose=purpose, consent_unknown="send")) == NO


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ('"consent_state":{"gdpr":{"personalisation":{"consented":false},"personalisation":{"consented":true}}}', NO),
        ('"consent_state":{"gdpr":{"personalisation":{"consented":false,"consented":true}}}', NO),
        ('"consent_state":{"gdpr":{"personalisation":{"consented":true,"consented":true}}}', SENT),
        ('"consent_state":{"gdpr":{"personalisation":{"consented":0}}},"consent_state":null', NO),
        ('"consent_state":{"ccpa":{"data_sale_opt_out":{"consented":1}}},"Consent_State":{"gdpr":{}}', NO),
    ],
)
@pytest.mark.parametrize("spelling", ["consent_state", "Consent_State", "con\u017fent_state", r"\u0063onsent_state"])
def test_a_name_that_is_there_twice_does_not_hide_an_answer(members: str, expected: str, spelling: str) -> None:
    repeated = members.replace("consent_state", spelling)
    assert outcome(json.dumps(batch())[:-1] + f", {repeated}}}") == expected


OPT_OUTS: list[tuple[Any, str]] = [
    ({"event_type": "opt_out", "data": {"is_opted_out": True}}, NO),
    ({"event_type": "opt_out", "data": {"is_opted_out": "TRUE "}}, NO),
    ({"event_type": "opt_out", "data": {"is_opted_out": 1}}, NO),
    ({"event_type": "opt_out", "data": {"is_opted_out": "maybe"}}, NO),
    ({"event_type": "opt_out", "data": {"is_opted_out": None}}, NO),
    ({"event_type": "opt_out", "data": {"is_opted_out": {}}}, NO),
    ({"event_type": "opt_out", "data": {"is_opted_out": False, "Is_Opted_Out": True}}, NO),
    ({"event_type": "opt_out", "data": {}}, NO),
    ({"event_type": "opt_out", "data": None}, NO),
    ({"event_type": "opt_out", "data": []}, NO),
    ({"event_type": "opt_out", "is_opted_out": False}, NO),
    ({"event_type": "opt_out"}, NO),
    ({"event_type": " OPT_OUT ", "data": {"is_opted_out": True}}, NO),
    ({"event_type": "opt_out", "data": {"is_opted_out": False}}, SENT),
    ({"event_type": "opt_out", "data": {"is_opted_out": "false"}}, SENT),
    ({"event_type": "opt_out", "data": {"Is_Opted_Out": 0}}, SENT),
    ({"event_type": "screen_view", "data": {"is_opted_out": True}}, SENT),
]


@pytest.mark.parametrize(("event", "expected"), OPT_OUTS, ids=ascii)
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("rules", [Rules(honour_ccpa=False), SEND], ids=["no purpose", "send"])
def test_a_batch_with_an_opt_out_is_kept_out_whole(event: Any, expected: str, is_first: bool, rules: Rules) -> None:
    events = [event, product_event()] if is_first else [product_event(), event]
    assert outcome(batch(*events, consent_state=gdpr(True)), rules) == expected


def test_who_opts_out_and_in_again_within_a_batch_is_kept_out_with_it() -> None:
    out, back = ({"event_type": "opt_out", "data": {"is_opted_out": said}} for said in (True, False))
    assert outcome(batch(out, back, product_event()), Rules()) == NO


SPELLED_YES = {"true", "yes", "y", "t", "1", "1.0"}
PURPOSES = st.sampled_from(["personalisation", "Personalisation", " PERSONALISATION ", "personalization", "ads", ""])
WORDS = st.sampled_from([*YES_TEXTS, *NO_TEXTS, *(text for text in UNCLEAR if isinstance(text, str))]) | st.text()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
ENTRIES = st.dictionaries(st.sampled_from(["consented", "Consented", "document", "consent"]), JSON, max_size=3)


def laws(names: Any) -> Any:
    return st.dictionaries(names, ENTRIES | JSON, max_size=3) | JSON


CONSENT_STATES = JSON | st.fixed_dictionaries(
    {},
    optional={
        "gdpr": laws(PURPOSES),
        "GDPR": laws(PURPOSES),
        "ccpa": laws(st.sampled_from(["data_sale_opt_out", "Data_Sale_Opt_Out", "other"])),
    },
)
OPT_OUT_EVENTS = st.builds(
    lambda kind, data: {"event_type": kind, "data": data},
    st.sampled_from(["opt_out", "Opt_Out", "screen_view"]),
    st.dictionaries(st.sampled_from(["is_opted_out", "other"]), JSON, max_size=2) | JSON,
)


def may_train(state: Any, events: list[Any]) -> bool:
    """Return whether the strictest reader could let a batch train: a yes to the purpose, no opt-out in plain view."""
    if not isinstance(state, dict):
        return False
    said = [
        entry["consented"] if "consented" in entry else entry["Consented"]
        for law, purposes in state.items()
        if law.lower() == "gdpr" and isinstance(purposes, dict)
        for purpose, entry in purposes.items()
        if purpose.strip().lower() == "personalisation" and isinstance(entry, dict)
        if "consented" in entry or "Consented" in entry
    ]
    sale = state["ccpa"] if isinstance(state.get("ccpa"), dict) else {}
    opted_out = [
        entry["consented"]
        for name, entry in sale.items()
        if name.lower() == "data_sale_opt_out" and isinstance(entry, dict) and "consented" in entry
    ]
    left = [
        event["data"].get("is_opted_out") if isinstance(event["data"], dict) else True
        for event in events
        if event["event_type"].lower() == "opt_out"
    ]
    agreed = any(is_spelled_yes(one) for one in said) and not any(one is False or one == "false" for one in said)
    return agreed and not any(map(is_spelled_yes, [*opted_out, *left])) and None not in left


def is_spelled_yes(value: Any) -> bool:
    return str(value).strip().lower() in SPELLED_YES if isinstance(value, bool | int | float | str) else False


@given(CONSENT_STATES, st.lists(OPT_OUT_EVENTS, max_size=2))
@example(gdpr(True), [])
@example(gdpr("yes ", "PERSONALISATION"), [{"event_type": "opt_out", "data": {"is_opted_out": "no"}}])
@example(gdpr(True) | ccpa("1"), [])
@example(gdpr("false"), [])
@example(gdpr(None), [])
def test_no_spelling_of_anything_trains_without_a_yes(state: Any, events: list[Any]) -> None:
    if outcome(batch(product_event(), *events, consent_state=state)) == SENT:
        assert may_train(state, events)
