"""Made-up exports with every trap: lines that programs stumble over, and files that they do."""

import bz2
import gzip
import io
import json
import lzma
import random
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bench.exports import A_TRAP, batch, lines, traps

NEVER = 10**9  # lines from one trap to the next
LEVEL = 6  # of gzip
MARK = b"\xef\xbb\xbf"


def write(folder: Path, size: int, trap_every: int = A_TRAP) -> None:
    """Write files of about ``size`` bytes, as they are when they are unpacked, into a new folder."""
    folder.mkdir(parents=True)
    with (folder / "01-large.jsonl").open("wb") as file:
        file.writelines(line + b"\n" for line in traps())
        file.writelines(line + b"\n" for line in _sized(lines(1, trap_every), size * 45 // 100))
    with (folder / "02-windows.jsonl").open("wb") as file:
        file.writelines(line + b"\r\n" for line in _sized(lines(2, trap_every), size * 15 // 100))
    with gzip.open(folder / "03-packed.jsonl.gz", "wb", LEVEL) as packed:
        packed.writelines(line + b"\n" for line in _sized(lines(3, trap_every), size * 15 // 100))
    # As Amazon Data Firehose writes records: nothing between them. A line that is not UTF-8 would make the file one.
    with (folder / "04-joined").open("wb") as file:
        file.writelines(_sized(lines(4, NEVER), size * 12 // 100))
        file.writelines(trap for trap in traps() if _is_utf8(trap))
    with (folder / "05-members.gz").open("wb") as file:  # and as it packs them: a member for each delivery
        file.writelines(gzip.compress(line, LEVEL) for line in _sized(lines(5, NEVER), size * 8 // 100))
    for number, (name, content) in enumerate(_small().items(), 6):
        (folder / f"{number:02}-{name}").write_bytes(content)


def _sized(endless: Iterator[bytes], size: int) -> Iterator[bytes]:
    for line in endless:
        yield line
        size -= len(line) + 1
        if size <= 0:
            return


def _small() -> dict[str, bytes]:
    """Return small files by name, most of which are no exports, or damaged ones."""
    text = b"\n".join(islice(lines(6, 20), 30))
    batches = [batch(random.Random(seed)) for seed in range(20)]  # noqa: S311 - made-up data
    packed = gzip.compress(b"\n".join(islice(lines(7), 120)), LEVEL)
    wide = batches[0] | {"user_attributes": {f"attribute-{number}": "x" * 90 for number in range(900)}}
    return {
        "empty.jsonl": b"",
        "blank.jsonl": b" \r\n\n\t\n",
        "mark.jsonl": MARK + text,
        "array.json": json.dumps(batches, indent=1).encode(),
        "document.json": json.dumps(batches[0], indent=2).encode(),
        "cut-line.jsonl": text[:-300],
        "long-line.jsonl": json.dumps(wide).encode() + b"\n" + text,
        "cut.jsonl.gz": packed[: len(packed) // 2],
        "changed.jsonl.gz": packed[: len(packed) // 2] + b"\x00\xff" * 8 + packed[len(packed) // 2 + 16 :],
        "wrong-sum.jsonl.gz": packed[:-8] + bytes(4) + packed[-4:],
        "more.jsonl.gz": packed + b"more",
        "padded.jsonl.gz": packed + bytes(512),
        "twice.jsonl.gz": gzip.compress(packed, LEVEL),
        "of-nothing.jsonl.gz": gzip.compress(b""),
        "wrong-name.gz": text,
        "name é +100%25 'a'.jsonl": text,
        "users.json": b'[{"userId": "c00"}, {"userId": "c01"}]',
        "warehouse.jsonl": b'{"eventid": 351939524822094000, "mparticleuserid": -5045766802590845105}\n' * 3,
        "utf-16.jsonl": text.decode("utf-8", "replace").encode("utf-16"),
        "table.parquet": b"PAR1\x15\x04\x15\x00",
        "table.orc": b"ORC\x08\x03\x10",
        "archive.zip": _zipped(text),
        "packed.bz2": bz2.compress(text),
        "packed.xz": lzma.compress(text),
        "packed.zst": b"\x28\xb5\x2f\xfd\x24\x00",
        "page.html": b"<!doctype html><title>exports</title>",
    }


def _zipped(text: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("export.jsonl"), text)
    return file.getvalue()


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
