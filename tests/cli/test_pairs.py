"""KEY=VALUE of a repeated option: read alike by every command."""

import click
import pytest

from cli.options import pairs


def test_a_value_may_hold_equals_signs_and_be_empty() -> None:
    assert pairs("--value", ["a=b=c", "d="]) == {"a": "b=c", "d": ""}


@pytest.mark.parametrize("text", ["a", "=b", ""])
def test_another_form_is_refused_with_the_option_and_the_form(text: str) -> None:
    with pytest.raises(click.UsageError, match=f"--column {text}: must be NAME=…"):
        pairs("--column", ["x=y", text], "NAME=…")


@pytest.mark.parametrize("text", ["a=", "a= "])
def test_an_empty_value_is_refused_where_it_has_no_meaning(text: str) -> None:
    with pytest.raises(click.UsageError, match=r"--impute a=.*: must be COLUMN=RULE"):
        pairs("--impute", [text], "COLUMN=RULE", empty=False)


def test_a_key_that_is_given_twice_is_refused_or_the_last_value_counts_as_in_cdk() -> None:
    with pytest.raises(click.UsageError, match="--value a=… is given twice"):
        pairs("--value", ["a=1", "a=2"])
    assert pairs("-c", ["a=1", "a=2"], last_counts=True) == {"a": "2"}
