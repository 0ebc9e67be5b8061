"""Rows of a table train only where its consent column says yes; mParticle's exports carry their own consent."""

import json
from pathlib import Path
from typing import Any

import pytest
from broker.interactions import Rules

from personalize_data.consent import Consent
from personalize_data.conversion import Plan
from personalize_data.table import Mapped, MappingError
from tests.personalize_data.conversions import INTERACTIONS, converted, sources
from tests.personalize_data.test_mparticle import batch

NAMED = Rules(consent_purpose="Personalisation")
SHOP = Mapped({"USER_ID": "u", "ITEM_ID": "i", "TIMESTAMP": "t"}, {"EVENT_TYPE": "buy"})
ANSWERS = ("true", "YES ", "1", "1.0", "false", "No", "0", "", "maybe", "2", "granted")


def shop(folder: Path, consent: Consent, rules: Rules = NAMED, dataset: str = "interactions") -> Plan:
    rows = "".join(f"{number},i,1323435000,{answer}\n" for number, answer in enumerate(ANSWERS))
    mapped = SHOP if dataset == "interactions" else Mapped({"USER_ID": "u"} if dataset == "users" else {"ITEM_ID": "u"})
    schema = INTERACTIONS if dataset == "interactions" else None
    return Plan(dataset, sources(folder, f"u,i,t,ok\n{rows}"), schema, mapped, rules=rules, consent=consent)


@pytest.mark.parametrize("rules", [NAMED, Rules(), Rules(consent_purpose="x", consent_unknown="send")])
def test_only_rows_with_a_yes_are_taken_and_the_others_are_counted(tmp_path: Path, rules: Rules) -> None:
    lines, _, summary = converted(shop(tmp_path, Consent("ok"), rules))

    assert [line.partition(",")[0] for line in lines[1:]] == ["0", "1", "2", "3"]
    assert summary.skipped == {"no_consent": 3, "consent_unknown": 4}
    assert "only rows with a yes in ok were taken" in summary.notes


def test_attributes_of_users_without_a_yes_are_not_taken_either_nor_is_the_answer_a_column(tmp_path: Path) -> None:
    lines, schema, summary = converted(shop(tmp_path, Consent("ok"), dataset="users"))

    assert (schema.names, summary.rows, summary.skipped["no_consent"]) == (("USER_ID", "I", "T"), 4, 3)
    assert [line.partition(",")[0] for line in lines[1:]] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("dataset", ["interactions", "users"])
def test_with_a_purpose_a_table_of_customers_needs_consent(tmp_path: Path, dataset: str) -> None:
    with pytest.raises(MappingError, match=r"^broker:consent_purpose is 'Personalisation', .*--consent COLUMN .*given"):
        converted(shop(tmp_path, Consent(), dataset=dataset))


def test_consent_that_is_given_is_told_in_the_report(tmp_path: Path) -> None:
    _, _, summary = converted(shop(tmp_path, Consent(given=True)))

    assert summary.rows == len(ANSWERS)
    assert "--consent-given: consent to 'Personalisation' was taken as given for every row, none was checked" in (
        summary.notes
    )


def test_without_a_purpose_and_without_consent_all_rows_are_taken(tmp_path: Path) -> None:
    _, _, summary = converted(shop(tmp_path, Consent(), Rules()))

    assert (summary.rows, summary.skipped, summary.notes) == (
        len(ANSWERS),
        {},
        ["times were read as seconds since 1970", "columns that were not imported: ok"],
    )


def test_items_are_no_customers(tmp_path: Path) -> None:
    assert converted(shop(tmp_path, Consent(), dataset="items"))[2].rows == len(ANSWERS)
    with pytest.raises(MappingError, match="items need no consent"):
        converted(shop(tmp_path, Consent("ok"), dataset="items"))


@pytest.mark.parametrize(
    ("consent", "message"),
    [
        (Consent("ok", given=True), "give one of them"),
        (Consent("OK"), "--consent OK: file-1 has no such column; it has"),
    ],
)
def test_what_cannot_be_consent_is_refused(tmp_path: Path, consent: Consent, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        converted(shop(tmp_path, consent, Rules()))


def test_another_consent_is_another_import(tmp_path: Path) -> None:
    plans = [shop(tmp_path, consent) for consent in (Consent(), Consent("ok"), Consent(given=True))]
    assert len({plan.identity() for plan in plans}) == 3


def exported(folder: Path, *states: Any, consent: Consent | None = None, rules: Rules = NAMED) -> Plan:
    lines = [json.dumps(batch(mpid=number, consent_state=state)) for number, state in enumerate(states, 1)]
    return Plan(
        "interactions", sources(folder, "\n".join(lines)), INTERACTIONS, rules=rules, consent=consent or Consent()
    )


def test_exports_are_read_by_the_streams_rules_of_consent(tmp_path: Path) -> None:
    yes, no = ({"gdpr": {"personalisation": {"consented": answer}}} for answer in ("true", "false"))
    opt_out = {"ccpa": {"data_sale_opt_out": {"consented": "1"}}}
    lines, _, summary = converted(exported(tmp_path, yes, no, None, opt_out))

    assert [line.partition(",")[0] for line in lines[1:]] == ["1"]
    assert summary.skipped == {"no_consent": 2, "consent_unknown": 1}
    _, _, sent = converted(exported(tmp_path, yes, None, rules=Rules(consent_purpose="x", consent_unknown="send")))
    assert sent.rows == 2


@pytest.mark.parametrize("consent", [Consent("ok"), Consent(given=True)])
def test_exports_take_no_consent_from_the_command_line(tmp_path: Path, consent: Consent) -> None:
    with pytest.raises(MappingError, match="hold each customer's consent themselves"):
        converted(exported(tmp_path, None, consent=consent))
