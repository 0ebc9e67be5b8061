"""Made-up exports with every trap, and what one process makes of them."""

import gzip
from itertools import islice
from pathlib import Path

from bench.exports import lines, traps
from personalize_data.conversion import Plan, Source
from personalize_data.import_summary import ImportSummary
from tests.personalize_data.conversions import INTERACTIONS, converted

FILES = 5  # of which one is cut off, and one is no export


def exports(folder: Path) -> Path:
    """Write the files into a new folder, and return it."""
    folder.mkdir()
    every_trap = [*islice(lines(1), 60), *traps(), *islice(lines(2), 60)]
    (folder / "1.jsonl").write_bytes(b"\n".join(every_trap))
    (folder / "2.jsonl.gz").write_bytes(gzip.compress(b"\n".join(islice(lines(3), 200))))
    (folder / "3.jsonl.gz").write_bytes((folder / "2.jsonl.gz").read_bytes()[:-2_000])
    (folder / "4.parquet").write_bytes(b"PAR1\x00\x00")
    (folder / "5.jsonl").write_bytes(b"\n".join(islice(lines(4), 300)))
    return folder


def in_one_process(folder: Path) -> tuple[list[str], ImportSummary]:
    """Return the rows, without a header, sorted, and the summary."""
    sources = [Source(str(path), path, path.name) for path in sorted(folder.iterdir())]
    rows, _, summary = converted(Plan("interactions", sources, INTERACTIONS))
    return sorted(rows[1:]), summary


def rows_of(texts: list[str]) -> list[str]:
    """Return the rows of files that begin with a header, sorted."""
    headers = {text.split("\n", 1)[0] for text in texts}
    assert headers == {",".join(INTERACTIONS.names)}
    return sorted(row for text in texts for row in text.removesuffix("\n").split("\n")[1:])
