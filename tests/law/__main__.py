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
BAR = 30  # characters


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
            _show(total, options.histories, began)
            if found:
                broken = found
                break
    seconds = time.monotonic() - began
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = children.ru_utime + children.ru_stime
    print(f"\n{broken or 'The law holds.'}\n")  # noqa: T201
    each = 1000 * processor / max(1, total.histories)
    figures = [
        *total.lines(),
        f"{seconds:>12,.0f}  seconds",
        f"{processor:>12,.0f}  seconds of processor time, {each:.0f} ms a history",
        f"{children.ru_maxrss // 1024:>12,}  MB at most a process",
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


def _show(total: Figures, wanted: int, began: float) -> None:
    if not sys.stderr.isatty():
        return
    seconds, share = time.monotonic() - began, min(1.0, total.histories / wanted)
    bar = ("#" * round(BAR * share)).ljust(BAR, ".")
    left = seconds / share - seconds if share else 0.0
    text = f"\r[{bar}] {total.histories:,} of {wanted:,} histories, {seconds:.0f} s, {left:.0f} s left  "
    print(text, end="", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
