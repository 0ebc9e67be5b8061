"""The summary of an import survives the bucket in which it is kept, and holds nobody's id."""

import json
from pathlib import Path

from personalize_data.import_summary import Example, ImportSummary
from tests.personalize_data.conversions import converted
from tests.personalize_data.test_table import shop

ROWS = "Code,At,Customer\na,1323435000,user-7\nb,1323435001,user-7\nc,1323435002\nd,1323435003,\n"


def test_a_summary_is_the_same_after_its_way_through_json_and_knows_its_types(tmp_path: Path) -> None:
    summary = converted(shop(tmp_path, ROWS))[2]

    again = ImportSummary.from_json(json.loads(json.dumps(summary.as_json())))

    assert again == summary
    assert again.examples == [Example("file-1", 4, "broken_row")]
    assert (again.rows, again.users, again.users_with_two, again.skipped) == (2, 1, 1, {"no_user_id": 1})


def test_a_summary_of_another_version_can_be_read() -> None:
    assert ImportSummary.from_json({"dataset": "users", "rows": 3, "of tomorrow": True}) == ImportSummary("users", 3)


def test_a_summary_holds_nobodys_id_and_nothing_that_is_not_known_yet(tmp_path: Path) -> None:
    document = converted(shop(tmp_path, ROWS))[2].as_json()

    assert "user-7" not in json.dumps(document)
    assert {"bytes", "job", "mode", "state"}.isdisjoint(document)
