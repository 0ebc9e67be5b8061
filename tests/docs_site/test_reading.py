"""What somebody who opens a page gets."""

import pytest

from docs_site.reading import fetched, text


def test_a_pages_text_is_its_words() -> None:
    assert text("<h1>A  <em>b</em></h1><script>no()</script><p>c &amp; d<br>e</p>") == "A bc & de"


def test_only_the_article_is_read_and_not_the_links_beside_its_headings() -> None:
    heading = '<h1>A<a class="headerlink" href="#a">¶</a></h1>'
    page = f"<nav>menu</nav><article>{heading}<img src=x><p>b</article><footer>end</footer>"

    assert text(page, inside="article") == "Ab"


@pytest.mark.parametrize(
    ("element", "found"),
    [
        ('<script src="https://cdn.example/x.js"></script>', ["https://cdn.example/x.js"]),
        ("<link rel=stylesheet href=//fonts.example/css>", ["//fonts.example/css"]),
        ('<img src="http://example.com/x.png">', ["http://example.com/x.png"]),
        ('<link rel="canonical" href="https://example.com/">', []),
        ('<a href="https://example.com/">out</a>', []),
        ('<script src="../bundle.js"></script>', []),
    ],
)
def test_what_a_page_fetches_from_elsewhere_is_found(element: str, found: list[str]) -> None:
    assert fetched(f"<html><head></head><body>{element}</body></html>") == found
