"""What a page says, as GitHub reads it: its headings' anchors, its links, its lists. No I/O.

GitHub reads `GitHub Flavored Markdown <https://github.github.com/gfm/>`_, a superset of CommonMark.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable("table")
_ID = re.compile(r"""\b(?:id|name)=["']([^"']+)""")
_TARGET = re.compile(r"""\b(?:href|src)=["']([^"']+)""")
_CODE = re.compile(r"`[^`]*`")
_LISTS = ("bullet_list_open", "ordered_list_open")
PYTHON_MARKDOWN_INDENT = 4


def html(text: str) -> str:
    """Return a page as GitHub shows it."""
    return str(_PARSER.render(text))


def anchors(text: str) -> set[str]:
    """Return the anchors of a page: those of its headings, by GitHub's rule, and those written in HTML."""
    seen: Counter[str] = Counter()
    found = set()
    tokens = _PARSER.parse(text)
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            slug = _slug(inline)
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return found | {
        name for token in _all(tokens) if token.type.startswith("html_") for name in _ID.findall(token.content)
    }


def links(text: str) -> list[str]:
    """Return where a page's links and pictures lead, in the page's order."""
    found: list[str] = []
    for token in _all(_PARSER.parse(text)):
        if token.type.startswith("html_"):
            found += _TARGET.findall(token.content)
        elif token.type in ("link_open", "image"):
            found.append(str(token.attrs.get("href") or token.attrs.get("src")))
    return found


def for_python_markdown(text: str) -> str:
    """Return a page such that Python-Markdown, which the site's generator uses, finds the lists and cells that GitHub
    finds.

    It wants a blank line before a list, and four spaces before what belongs to an item
    (https://python-markdown.github.io/#differences). In a table's code it reads a bar as it is.
    """
    lines = text.split("\n")
    indents = [0] * len(lines)
    after_blank = set()
    tokens = _PARSER.parse(text)
    for token, following in pairwise(tokens):
        first, last = token.map or (0, 0)
        if token.type == "list_item_open":
            for number in range(first + 1, last):
                indents[number] += PYTHON_MARKDOWN_INDENT - len(token.info + token.markup) - 1
        if token.type == "tr_open":
            lines[first] = _CODE.sub(lambda code: code[0].replace(r"\|", "|"), lines[first])
        if (token.type in _LISTS and not token.level) or _is_loose_item(token, following):
            after_blank.add(first)
    return "\n".join(_spaced(lines, indents, after_blank))


def _is_loose_item(token: Token, following: Token) -> bool:
    return token.type == "list_item_open" and following.type == "paragraph_open" and not following.hidden


def _spaced(lines: list[str], indents: list[int], after_blank: set[int]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number in after_blank and number and lines[number - 1].strip():
            yield ""
        yield " " * indents[number] + line if line.strip() else line


def _slug(heading: Token) -> str:
    text = "".join(token.content for token in heading.children or [])
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])
