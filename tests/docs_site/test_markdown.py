"""Anchors, links and lists of Markdown, as GitHub reads them."""

import pytest

from docs_site.markdown import anchors, for_python_markdown, html, links


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("# Two words", "two-words"),
        ("## `personalize-broker-ingest-errors`", "personalize-broker-ingest-errors"),
        ("## Events & users", "events--users"),
        ("### What is *new*, and [why](x.md)?", "what-is-new-and-why"),
        ("Underlined_by_a line\n---", "underlined_by_a-line"),
        ("## Größe", "größe"),
    ],
)
def test_a_headings_anchor_is_that_of_github(heading: str, anchor: str) -> None:
    assert anchors(f"{heading}\n\ntext\n") == {anchor}


def test_headings_of_one_name_are_numbered() -> None:
    assert anchors("## Do\n\n## Do\n\n## Do\n") == {"do", "do-1", "do-2"}


def test_what_stands_in_code_is_neither_heading_nor_link() -> None:
    text = "```sh\n# not a heading\n[not](a-link)\n```\n\n`[nor](this)`\n"

    assert (anchors(text), links(text)) == (set(), [])


def test_anchors_and_links_in_html_count() -> None:
    text = '<a id="here"></a>\n\n<img src="a.svg" alt="a">, and <a href="b.md">b</a> [c](c.md)\n'

    assert anchors(text) == {"here"}
    assert links(text) == ["a.svg", "b.md", "c.md"]


@pytest.mark.parametrize(
    ("page", "adapted"),
    [
        ("Do:\n- this\n- that\n", "Do:\n\n- this\n- that\n"),
        ("1. Run\n\n   ```sh\n   ls\n   ```\n", "1. Run\n\n    ```sh\n    ls\n    ```\n"),
        ("10. Run\n\n    twice\n", "10. Run\n\n    twice\n"),
        ("- one\n  - inner\n    text\n", "- one\n    - inner\n        text\n"),
        ("1. one\n\n   more\n2. two\n", "1. one\n\n    more\n\n2. two\n"),
        ("| a |\n|---|\n| `x \\| y` |\n", "| a |\n|---|\n| `x | y` |\n"),
        ("```\nDo:\n- this\n```\n", "```\nDo:\n- this\n```\n"),
        ("no list\n", "no list\n"),
    ],
)
def test_lists_and_cells_are_written_as_python_markdown_wants_them(page: str, adapted: str) -> None:
    assert for_python_markdown(page) == adapted


def test_lists_that_are_adapted_say_the_same_on_github() -> None:
    page = "Do:\n- this\n  at once\n- that:\n\n  ```\n  ls\n  ```\n\nThen\n\n1. go\n2. on\n"

    assert html(for_python_markdown(page)) == html(page)
