"""docs/reliability.md lists every mutation of the answer to failures, in order, with a test that exists."""

import re

from tests.law.mutations.table import MUTATIONS
from tests.real_data import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")
# The line of the table is only written where it changes.
ROWS = re.findall(r"^\| (.*?) ?\| (.+?) \| `(\S+?\.py)::(\w+).*` \|$", PAGE, re.MULTILINE)


def test_the_page_lists_every_mutation() -> None:
    assert [what for _, what, _, _ in ROWS] == [mutation.what for mutation in MUTATIONS]
    assert [line for line, *_ in ROWS if line] == list(dict.fromkeys(mutation.line for mutation in MUTATIONS))


def test_the_tests_that_the_page_names_exist() -> None:
    missing = [
        f"{file}::{name}"
        for _, _, file, name in ROWS
        if f"def {name}(" not in (ROOT / "tests" / file).read_text("utf-8")
    ]
    assert missing == []
