"""Where a command prints a reason code, it names the page that explains it; the page exists and explains the code."""

import re

import pytest
from click.testing import CliRunner

from cli.__main__ import main
from tests.real_data import ROOT


def printed(*arguments: str) -> str:
    return CliRunner().invoke(main, arguments, prog_name="./broker").output


@pytest.mark.parametrize("sample", ["not_a_batch", "malformed", "purchase", "other_actions"])
def test_invoke_names_the_page_exactly_where_it_prints_reasons(sample: str) -> None:
    output = printed("invoke", str(ROOT / "events" / f"{sample}.json"))
    codes = re.findall(r"(?:: bad batch: |^  skipped )(\w+)", output, re.MULTILINE)

    assert output.count("docs/reasons.md") == bool(codes)
    page = (ROOT / "docs" / "reasons.md").read_text("utf-8")
    assert [code for code in codes if f"| `{code}` |" not in page] == []


def test_help_names_pages_that_exist() -> None:
    pages = re.findall(r"docs/\w+\.md", printed("--help"))

    assert pages == ["docs/glossary.md", "docs/reasons.md"]
    assert all((ROOT / page).exists() for page in pages)
