"""The links between the repository's pages: which lead nowhere, and which files they need. Reads files only."""

import functools
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docs_site.markdown import anchors, links

_anchors = functools.cache(anchors)


def broken(root: Path, pages: Iterable[str]) -> list[str]:
    """Return one line for each link of the pages that leads to no file, or to no anchor of a page."""
    return [
        f"{page}: {link}: {problem}"
        for page in pages
        for link in links((root / page).read_text("utf-8"))
        if (problem := _problem(root, page, link))
    ]


def linked_files(root: Path, pages: Iterable[str]) -> set[str]:
    """Return the files that the pages link to, or show, by their paths from the root: what a copy of them needs."""
    targets = (_target(root, page, link) for page in pages for link in links((root / page).read_text("utf-8")))
    return {target.relative_to(root).as_posix() for target in targets if target and target.is_file()}


def _problem(root: Path, page: str, link: str) -> str:
    target = _target(root, page, link)
    if target is None:
        return ""
    if not target.is_relative_to(root) or not target.exists():
        return "no such file"
    anchor = unquote(urlsplit(link).fragment)
    if anchor and target.suffix == ".md" and anchor not in _anchors(target.read_text("utf-8")):
        return "no such heading"
    return ""


def _target(root: Path, page: str, link: str) -> Path | None:
    """Return the file that a link leads to; None outside of the repository."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    return (root / page).parent.joinpath(unquote(parts.path)).resolve() if parts.path else root / page
