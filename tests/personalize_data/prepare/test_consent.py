"""`./broker prepare` takes only rows with a yes; where the settings name a purpose, one must say how that is known."""

from pathlib import Path

import polars as pl
import pytest

from tests.personalize_data.prepare.prepared import prepare, run, table, written

LOG = """u,i,t,type,zip,ok
a,x,1700000000,view,01,true
a,y,1700000001,view,02,No
b,x,1700000002,view,03,
c,x,,view,04,false
d,x,1700000003,view,05,perhaps
e,x,1700000004,view,06, YES
"""
EVENTS = ("--user", "u", "--item", "i", "--time", "t", "--type", "type")
PURPOSE = ("-c", "broker:consent_purpose=Personalisation")


@pytest.mark.parametrize("settings", [(), PURPOSE, (*PURPOSE, "-c", "broker:consent_unknown=send")])
def test_rows_without_a_yes_are_dropped_counted_and_part_of_nothing(tmp_path: Path, settings: tuple[str, ...]) -> None:
    file = table(tmp_path, LOG)
    summary = prepare("events", file, *EVENTS, "--attribute", "zip", "--consent", "ok", *settings)

    assert [row["USER_ID"] for row in written(file, "interactions.csv")] == ["a", "e"]
    assert written(file, "users.csv") == [{"USER_ID": "a", "ZIP": "01"}, {"USER_ID": "e", "ZIP": "06"}]
    left_out = {reason: summary["left_out"][reason] for reason in ("no_consent", "consent_unknown")}
    assert left_out == {"no_consent": 2, "consent_unknown": 2}
    purpose = "Personalisation" if settings else None
    assert summary["consent"] == {"purpose": purpose, "column": "ok", "given": False}


FORMS = {
    "events": (
        "events",
        "u,i,t,ok\na,x,1700000000,1\n",
        ("--user", "u", "--item", "i", "--time", "t", "--event-type", "v"),
    ),
    "invoices": ("invoices", "u,i,t,ok\na,x,1700000000,1\n", ("--user", "u", "--item", "i", "--time", "t")),
    "ownership": ("ownership", "u,m,p,ok\na,2016-05,1,1\n", ("--user", "u", "--month", "m", "--product", "p")),
}


@pytest.mark.parametrize("form", FORMS)
def test_with_a_purpose_every_form_needs_consent_and_tells_what_was_given(tmp_path: Path, form: str) -> None:
    name, text, columns = FORMS[form]
    file = table(tmp_path, text)
    result = run(name, file, *columns, *PURPOSE, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "--consent COLUMN names the column with the answers" in result.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == [file]

    assert prepare(name, file, *columns, *PURPOSE, "--consent", "ok")["interactions"] == 1
    result = run(name, file, *columns, *PURPOSE, "--consent-given", "--dry-run")
    assert "--consent-given: consent to 'Personalisation' was taken as given for every row" in result.stdout


def test_without_a_purpose_nothing_is_asked(tmp_path: Path) -> None:
    summary = prepare("events", table(tmp_path, LOG), *EVENTS, "--impute", "t=drop")
    assert (summary["interactions"], summary["consent"]) == (5, {"purpose": None, "column": None, "given": False})
    reasons = {"blank_rows", "broker_probe", "dropped_items", "returns", "other_types", "duplicates"}
    assert set(summary["left_out"]) == reasons


def test_answers_of_a_parquet_file_may_be_booleans_or_fractions(tmp_path: Path) -> None:
    for number, answers in enumerate(([True, False, None], [1.0, 0.0, None], [1, 0, 2])):
        folder = tmp_path / str(number)
        folder.mkdir()
        file = folder / "log.parquet"
        pl.DataFrame({"u": ["a", "b", "c"], "i": ["x"] * 3, "t": [1700000000] * 3, "ok": answers}).write_parquet(file)
        summary = prepare(*FORMS["events"][:1], file, *FORMS["events"][2], "--consent", "ok")
        assert [row["USER_ID"] for row in written(file, "interactions.csv")] == ["a"]
        assert (summary["left_out"]["no_consent"], summary["left_out"]["consent_unknown"]) == (1, 1)


REFUSED = {
    "no such column": (("--consent", "OK"), "--consent OK: "),
    "several columns": (("--consent", "*"), "--consent names one column, not u, i"),
    "both": (("--consent", "ok", "--consent-given"), "give one of them"),
    "no yes": (("--consent", "zip"), "no row has a yes in zip (0 say no, of 6 the answer is not known)"),
    "an answer that is filled": (
        ("--consent", "ok", "--impute", "ok=yes"),
        "--impute ok: this column is not in use here",
    ),
    "wrong settings": (("-c", "broker:consent_unknown=maybe"), "broker:consent_unknown must be one of skip, send"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_consent_is_refused(tmp_path: Path, case: str) -> None:
    arguments, message = REFUSED[case]
    text = LOG.replace(",01,", ",7,").replace(",0", ",8")
    file = table(tmp_path, text)
    result = run("events", file, *EVENTS, *arguments, "--out", tmp_path / "out")
    assert (result.exit_code, message in result.stderr) == (2, True), result.output
    assert list(tmp_path.iterdir()) == [file]
