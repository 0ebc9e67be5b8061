"""``python -m tests.law``: the law over as many histories as wanted, on all cores, with the figures."""

import argparse
import multiprocessing
import os
import resource
import sys
import time

from tests.law.check import search
from tests.law.figures import Figures
from tests.law.themes import THEMES

CHUNK = 200  # histories of one theme and one seed: one search


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.law", description=__doc__)
    parser.add_argument("--histories", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--theme", choices=sorted(THEMES), action="append", help="may be repeated; all if not given")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def main() -> int:
    """Search; print the smallest history that breaks the law, if there is one, and return the exit code."""
    options = arguments()
    began, total, broken = time.monotonic(), Figures(), ""
    with multiprocessing.Pool(options.processes, maxtasksperchild=5) as pool:
        for figures, found in pool.imap_unordered(_search, _searches(options)):
            total += figures
            _show(total, began)
            if found:
                broken = found
                break
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"\n{broken or 'The law holds.'}\n")  # noqa: T201
    each = 1000 * seconds * options.processes / max(1, total.histories)
    figures = [
        *total.lines(),
        f"{seconds:>12,.0f}  seconds, {each:.0f} ms a history and core, {peak} MB at most a process",
    ]
    print("\n".join(figures))  # noqa: T201
    return 1 if broken else 0


def _searches(options: argparse.Namespace) -> list[tuple[str, int, int]]:
    """Return theme, number and seed of each search, the themes in turn."""
    themes = options.theme or list(THEMES)
    starts = range(0, options.histories, CHUNK)
    return [
        (themes[place % len(themes)], min(CHUNK, options.histories - start), options.seed * 1_000_003 + place)
        for place, start in enumerate(starts)
    ]


def _search(wanted: tuple[str, int, int]) -> tuple[Figures, str]:
    return search(*wanted)


def _show(total: Figures, began: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{total.histories} histories, {time.monotonic() - began:.0f} s", end="", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
