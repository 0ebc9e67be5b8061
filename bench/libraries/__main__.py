"""Runs all libraries and writes their tables into docs/other_libraries.md: ``make libraries``.

Some of them come with PyTorch, which takes gigabytes. With --page "" the tables are printed only.
"""

import argparse
import sys
from pathlib import Path

from bench.libraries import tables
from bench.libraries.cases import cases
from bench.libraries.library import LIBRARIES, ROOT

PAGE = ROOT / "docs/other_libraries.md"


def main() -> None:
    """Run, and write or print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.libraries", description=__doc__)
    names = [library.name for library in LIBRARIES]
    parser.add_argument("--only", action="append", choices=names, help="run this one; the others' rows stay")
    parser.add_argument("--page", default=str(PAGE), help="the page to write; empty: print")
    options = parser.parse_args()
    played = cases()
    text = Path(options.page or PAGE).read_text(encoding="utf-8")
    rows: dict[str, list[str]] = {"same": [], "differences": [tables.ours_row(played)]}
    for library in LIBRARIES:
        if options.only and library.name not in options.only:
            added = {mark: present_row(text, mark, library.name) for mark in rows}
        else:
            print(library.name, file=sys.stderr)
            added = tables.rows(library, library.answer(played), played)
        for mark, row in added.items():
            rows[mark].append(row)
    for mark, header in (("same", tables.SAME_HEADER), ("differences", tables.DIFFERENCES_HEADER)):
        text = with_table(text, mark, tables.table(header, rows[mark]))
    if options.page:
        Path(options.page).write_text(text, encoding="utf-8")
    else:
        print(text)


def present_row(page: str, mark: str, name: str) -> str:
    """Return a library's row of a page's table. Raises ValueError where there is none."""
    table = page.partition(f"<!-- {mark} -->")[2].partition(f"<!-- end of {mark} -->")[0]
    for line in table.splitlines():
        if line.startswith(f"| {name} "):
            return line
    raise ValueError(f"the page's table {mark} has no row for {name}: run without --only")


def with_table(page: str, mark: str, table: str) -> str:
    """Return a page with another table between a mark's comments."""
    before, begin, rest = page.partition(f"<!-- {mark} -->\n")
    _, end, after = rest.partition(f"<!-- end of {mark} -->")
    if not end:
        raise ValueError(f"the page has no comments around the table {mark}")
    return f"{before}{begin}\n{table}\n\n{end}{after}"


if __name__ == "__main__":
    main()
