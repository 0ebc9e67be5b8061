"""Tables and wishes that are wrong: one line that says where and what to do, and nothing written."""

from pathlib import Path

import pytest

from tests.personalize_data.prepare.prepared import run, table

BANK = ("ownership", "--user", "who", "--month", "month", "--product", "p_*")
LOG = ("events", "--user", "who", "--item", "item", "--time", "at", "--event-type", "view")
AGES = "month,who,p_a,age\n" + "".join(f"2016-01,u{place},1,{place}\n" for place in range(20))

WRONG = {
    "no product": ("month,who,p_a\n2016-01,1,1\n2016-01,2,\n", BANK, ":3: nothing in p_a: --impute p_a=drop"),
    "no 0 or 1": ("month,who,p_a\n2016-01,1,1\n2016-01,2,7\n", BANK, ":3: p_a is '7', neither 0 nor 1"),
    "a month twice": ("month,who,p_a\n2016-01,1,1\n2016-01-28,1,0\n", BANK, ":3: customer 1 has 2016-01 a second"),
    "no month": ("month,who,p_a\n2016-01,1,1\nmay,2,1\n", BANK, ":3: the time 'may' is no time"),
    "no such product": ("month,who,q_a\n2016-01,1,1\n", BANK, "--product p_*: "),
    "nobody owns": ("month,who,p_a\n2016-01,1,0\n", BANK, "no interactions found"),
    "a word among numbers": (AGES + "2016-01,x,1,?\n", (*BANK, "--attribute", "age"), ":22: age is '?', and a number"),
    "over budget": (AGES, (*BANK, "--attribute", "*", "--max-attributes", "3"), "over the maximum of 3"),
    "a name refused": ("month,who,p_a,no good\n2016-01,1,1,x\n", (*BANK, "--attribute", "no good"), "NAME=no good"),
    "a rule unused": (AGES, (*BANK, "--impute", "age=0"), "--impute age: this column is not in use"),
    "median of words": (
        "month,who,p_a,age\n2016-01,1,1,x\n2016-01,2,1,\n",
        (*BANK, "--attribute", "age", "--impute", "age=median"),
        "--impute age=median: 'x' is no number",
    ),
    "median of what is no number": (
        "month,who,p_a,age\n2016-01,1,1,30\n2016-01,2,1,inf\n2016-01,3,1,\n",
        (*BANK, "--attribute", "age", "--impute", "age=median"),
        "--impute age=median: 'inf' is no number",
    ),
    "mixed units": (
        "who,item,at\n1,a,1700000000\n1,b,1700000000000\n",
        LOG,
        ":3: the time '1700000000000' is in anoth",
    ),
    "no user": ('who,item,at\n1,"a\nb",1700000000\n,b,1700000000\n', LOG, ":4: nothing in who"),
    "no month of the year": ("month,who,p_a\n2025-13,1,1\n", BANK, ":2: the time '2025-13' is no time"),
    "a month that is the user": ("month,who,p_a\n2016-01,1,1\n", (*BANK[:4], "who", *BANK[5:]), "--month: who is"),
    "a product that is the month": ("month,who,p_a\n2016-01,1,1\n", (*BANK[:-1], "*"), "--product: month is the col"),
    "a broken row": ("who,item,at\n1,a,1700000000\n\n1,a,1700000000,x\n", LOG, ":4: a broken row: 4 columns"),
    "a total line": (
        "who,item,at\n1,a,1700000000\nTotal: 1\n",
        LOG,
        ":3: nothing in item (the row has 1 of 3 columns)",
    ),
    "a word for a number": ("who,item,at,n\n1,a,1700000000,x\n", (*LOG, "--value", "n"), ":2: n is 'x'"),
    "a long id": (f"who,item,at\n1,{'a' * 300},1700000000\n", LOG, ":2: item has more than 256 characters"),
    "no rows": ("who,item,at\n", LOG, "has no rows"),
    "a form that takes 24 for a year": (
        "who,item,at\n1,a,31/12/2023\n1,a,31/12/24\n",
        (*LOG, "--time-format", "%d/%m/%Y"),
        ":3: the time '31/12/24' is 0024-12-31 by that form",
    ),
    "days and months the other way round": (
        "who,item,at\n1,a,31/12/2023\n1,a,12/31/2023\n",
        (*LOG, "--time-format", "%d/%m/%Y"),
        ":3: the time '12/31/2023' is not written as %d/%m/%Y",
    ),
    "empty": ("", LOG, "is empty"),
    "too many types": (
        "who,item,at,type\n" + "".join(f"1,a,1700000000,t{place}\n" for place in range(11)),
        (*LOG[:-2], "--type", "type"),
        "11 event types",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_line_with_its_place(tmp_path: Path, case: str) -> None:
    text, (form, *arguments), message = WRONG[case]
    file = table(tmp_path, text)
    result = run(form, file, *arguments, "--out", tmp_path / "out")
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert result.stderr.strip().splitlines()[-1].startswith("Error: ")
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_is_not_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(b"who,item,at\n1,a,1700000000\n1,caf\xe9,1700000000\n")
    result = run(*LOG[:1], file, *LOG[1:], "--out", tmp_path / "out")
    assert (result.exit_code, f"{file}:3: not UTF-8" in result.stderr) == (2, True)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    file = table(tmp_path, "who,item,at\n1,a,1700000000\n")
    result = run(*LOG[:1], file, *LOG[1:], "--out", tmp_path)
    assert result.exit_code == 2
    assert "not empty" in result.stderr
