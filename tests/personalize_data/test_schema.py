"""Schemas: what Personalize would refuse is refused here; what is derived holds every value."""

import json

import pytest

from personalize_data.schema import BadValue, Column, SchemaError, SchemaInference, check, read_schema


def avro(name: str, *fields: tuple[str, object]) -> str:
    return json.dumps({"type": "record", "name": name, "fields": [{"name": n, "type": t} for n, t in fields]})


@pytest.mark.parametrize(
    ("text", "dataset", "message"),
    [
        ("{", "users", "not an Avro record"),
        ("[]", "users", "not an Avro record"),
        (avro("Items", ("ITEM_ID", "string")), "users", "must be Users, not Items"),
        (avro("Users", ("AGE", "int")), "users", "needs USER_ID string"),
        (avro("Interactions", ("USER_ID", "string"), ("ITEM_ID", "string")), "interactions", "needs TIMESTAMP long"),
        (avro("Users", ("USER_ID", "string"), ("AGE", "bytes")), "users", "does not know"),
    ],
)
def test_a_schema_that_personalize_refuses_is_refused_in_one_line(text: str, dataset: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message) as refused:
        read_schema(text, dataset)
    assert "\n" not in str(refused.value)


def derived(*values: str) -> dict[str, object]:
    inference = SchemaInference("users", ["USER_ID", "X"])
    for value in values:
        inference.see({"USER_ID": "1", "X": value})
    field = json.loads(inference.schema().text)["fields"][1]
    assert field.pop("name") == "X"
    return dict(field)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-20"], "long"),
        (["1", "2.5"], "double"),
        (["2.5", "1"], "double"),
        (["1e3"], "double"),
    ],
)
def test_numbers_get_the_narrowest_type_that_holds_all(values: list[str], kind: str) -> None:
    assert derived(*values) == {"type": kind}


@pytest.mark.parametrize("values", [["a"], ["1", "a"], ["01234"], ["12", "007"], ["1.5", "x", "2"], ["1" * 30, "nan"]])
def test_all_else_is_categorical_text_codes_with_leading_zeros_too(values: list[str]) -> None:
    assert derived(*values) == {"type": "string", "categorical": True}


def test_a_column_with_gaps_may_be_empty() -> None:
    assert derived("1", "") == {"type": ["null", "long"]}
    assert derived("", "a") == {"type": ["null", "string"], "categorical": True}


@pytest.mark.parametrize(
    ("names", "message"),
    [(["USER_ID"], "1 to 25"), ([f"C{n}" for n in range(26)], "not 26"), (["post code"], "cannot be a column's name")],
)
def test_columns_that_personalize_refuses_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        SchemaInference("users", names)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Column("A", "string"), ""),
        (Column("A", "long"), "1.0"),
        (Column("A", "float"), "nan"),
        (Column("A", "float"), "1,5"),
        (Column("A", "boolean"), "yes"),
        (Column("A", "string"), "\udcff"),
    ],
)
def test_a_value_that_does_not_fit_its_column_is_refused(column: Column, value: str) -> None:
    with pytest.raises(BadValue):
        check(column, value)


def test_values_that_fit_stay_as_they_are() -> None:
    columns = [Column("A", "string", nullable=True), Column("A", "int"), Column("A", "float"), Column("A", "boolean")]

    assert [check(*pair) for pair in zip(columns, ["", "-3", "1e-05", "True"], strict=True)] == [
        "",
        "-3",
        "1e-05",
        "True",
    ]
