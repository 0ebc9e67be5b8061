"""Scores our recommenders where others have published results, and writes docs/benchmarks.md: ``make benchmarks``.

python -m bench.published DATA [--only ml-100k] [--page ""]

DATA is a folder with what the reader has downloaded; the rows of data that is missing are left out, which is said.
"""

import argparse
import sys
from pathlib import Path

from bench.libraries.__main__ import with_table
from bench.published import data, page
from bench.published.rows import BENCHMARKS, Benchmark
from evaluation.data import list_files
from evaluation.recommenders.candidates import Candidate, external
from evaluation.request import ComparisonSettings
from evaluation.run import compare
from evaluation.scoring.metrics import PLACES
from evaluation.task import NEW_ITEMS, Task
from recommender_models.record_columns import RecordColumns

PAGE = Path(__file__).resolve().parents[2] / "docs/benchmarks.md"


def main() -> None:
    """Run the benchmarks whose data is there, and write or print their parts of the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.published", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of downloads")
    parser.add_argument("--only", action="append", choices=[one.key for one in BENCHMARKS], help="one of them")
    parser.add_argument("--page", default=str(PAGE), help="the page to write; empty: print")
    options = parser.parse_args()
    parts: dict[str, str] = {}
    scored: set[str] = set()
    for benchmark in BENCHMARKS:
        if options.only and benchmark.key not in options.only:
            continue
        print(benchmark.title, file=sys.stderr)
        try:
            parts[benchmark.key] = scored_part(benchmark, options.data)
            scored.add(benchmark.key)
        except data.NoData as error:
            print(f"left out: {error}; get it with: {benchmark.get}", file=sys.stderr)
            parts[benchmark.key] = page.without_ours(benchmark.published, f"{error}".removeprefix(f"{options.data}/"))
        if benchmark.unless in scored:
            parts[benchmark.key] = f"Not needed: the data of {benchmark.unless} is complete."
    publish(parts, options.page)


def scored_part(benchmark: Benchmark, folder: Path) -> str:
    """Return a benchmark's part of the page. Raises NoData."""
    task = benchmark.read(folder)
    settings = ComparisonSettings(tasks=[NEW_ITEMS])
    result = compare(task, settings, RecordColumns(), given(task, folder / benchmark.key))
    return page.part(benchmark.published, result.leaderboards[NEW_ITEMS])


def given(task: Task, folder: Path) -> list[Candidate]:
    """Return what other frameworks trained here has left in a benchmark's folder: ``NAME.out``."""
    codes = {item: code for code, item in enumerate(task.past.item_ids)}
    return [
        external(path.stem, list_files.fit(list_files.read(path), task.past.user_ids, codes, PLACES))
        for path in sorted(folder.glob("*.out"))
    ]


def publish(parts: dict[str, str], path: str) -> None:
    """Write the parts into the page, or print them."""
    if not path:
        print("\n\n".join(parts.values()))
        return
    text = Path(path).read_text(encoding="utf-8")
    for key, part in parts.items():
        text = with_table(text, key, part)
    Path(path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
