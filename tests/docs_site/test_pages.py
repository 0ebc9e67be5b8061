"""The pages of this repository: each is on the site, and no link leads nowhere."""

import subprocess
from pathlib import Path

import pytest

from docs_site.links import broken, linked_files
from docs_site.navigation import pages
from tests.real_data import ROOT

FIRST = """# First

[the second](docs/second.md#what-it-is) ![drawn](docs/drawn.svg)
"""


@pytest.fixture
def two_pages(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "first.md").write_text(FIRST)
    (tmp_path / "docs/second.md").write_text(
        "## What *it* is\n\n[back](../first.md#first), [out](https://example.com/x.md#y)\n"
    )
    (tmp_path / "docs/drawn.svg").write_text("<svg/>")
    return tmp_path


def test_every_page_of_the_repository_is_once_in_the_sites_navigation() -> None:
    tracked = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607

    assert sorted(pages()) == sorted(tracked.stdout.split())


def test_every_link_of_every_page_leads_to_a_file_and_every_anchor_to_a_heading() -> None:
    assert broken(ROOT, pages()) == []


def test_links_that_lead_somewhere_are_no_problem(two_pages: Path) -> None:
    assert broken(two_pages, ["first.md", "docs/second.md"]) == []


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("docs/third.md", "no such file"),
        ("docs/second.md#what-it-was", "no such heading"),
        ("#second", "no such heading"),
        ("../first.md", "no such file"),
        ("/docs/second.md", "no such file"),
    ],
)
def test_a_link_that_leads_nowhere_is_named_with_its_page(two_pages: Path, link: str, problem: str) -> None:
    (two_pages / "first.md").write_text(f"# First\n\n[wrong]({link})\n")

    assert broken(two_pages, ["first.md"]) == [f"first.md: {link}: {problem}"]


def test_a_copy_of_the_pages_needs_the_files_that_they_link_to_and_show(two_pages: Path) -> None:
    assert linked_files(two_pages, ["first.md"]) == {"docs/second.md", "docs/drawn.svg"}
