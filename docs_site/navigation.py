"""The pages of the site, in the order in which it offers them."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CONFIGURATION = Path(__file__).with_name("zensical.toml")


def pages() -> list[str]:
    """Return the pages of the site's navigation, by their paths from the repository's root."""
    return list(_pages(tomllib.loads(CONFIGURATION.read_text("utf-8"))["project"]["nav"]))


def _pages(entry: Any) -> Iterator[str]:
    """Yield the pages of an entry: a page, a list of entries, or entries by their titles."""
    if isinstance(entry, str):
        yield entry
    else:
        for member in entry.values() if isinstance(entry, dict) else entry:
            yield from _pages(member)
