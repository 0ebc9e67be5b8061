"""AWS's table of answers: which items of a batch a function's answer fails."""

from typing import Any

import pytest

from local_stack.lambda_emulator.invocation import InvokeResult, failed, failed_items

ITEMS = ["1", "2", "3"]
ALL = set(ITEMS)


def failures(*identifiers: Any) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (None, set()),
        ({}, set()),
        ("", set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": None}, set()),
        ({"other": 1}, set()),
        (failures("2"), {"2"}),
        (failures("3", "2", "2"), {"2", "3"}),
        (failures(""), ALL),
        (failures(None), ALL),
        (failures(2), ALL),
        (failures("unknown"), ALL),
        (failures("2", "unknown"), ALL),
        ({"batchItemFailures": [{"itemId": "2"}]}, ALL),
        ({"batchItemFailures": ["2"]}, ALL),
        ({"batchItemFailures": {"itemIdentifier": "2"}}, ALL),
        (["2"], ALL),
        ("done", ALL),
    ],
)
def test_what_an_answer_fails(payload: Any, expected: set[str]) -> None:
    assert set(failed_items(InvokeResult(payload=payload), ITEMS, partial=True)) == expected


def test_a_function_error_fails_everything() -> None:
    assert set(failed_items(failed("ValueError", "no"), ITEMS, partial=True)) == ALL
    assert set(failed_items(failed("ValueError", "no"), ITEMS, partial=False)) == ALL


def test_a_mapping_that_does_not_report_item_failures_ignores_them() -> None:
    assert set(failed_items(InvokeResult(payload=failures("2")), ITEMS, partial=False)) == set()
