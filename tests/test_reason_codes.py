"""docs/reasons.md explains exactly the codes and metrics that the functions write."""

import re

import pytest
from broker.metric_names import Metric
from broker.reasons import Omission, QuarantineReason, SkipReason

from tests.real_data import ROOT

PAGE = (ROOT / "docs" / "reasons.md").read_text("utf-8")


def explained(*headings: str) -> set[str]:
    """Return the codes in the first column of the tables below second-level headings."""
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
    return {code for heading in headings for code in re.findall(r"^\| `(\w+)` \|", sections[heading], re.MULTILINE)}


@pytest.mark.parametrize(
    ("headings", "codes"),
    [
        (["Skipped"], SkipReason),
        (["Incomplete"], Omission),
        (["Quarantine"], QuarantineReason),
        (
            [
                "Outcomes of `ingest`",
                "Outcomes of `refresh`",
                "Outcomes of `put_metadata`",
                "Findings of the daily check",
            ],
            Metric,
        ),
    ],
    ids=["skipped", "incomplete", "quarantine", "outcomes"],
)
def test_the_page_has_every_code_and_no_other(
    headings: list[str], codes: type[SkipReason] | type[Omission] | type[QuarantineReason] | type[Metric]
) -> None:
    assert explained(*headings) == set(codes)
