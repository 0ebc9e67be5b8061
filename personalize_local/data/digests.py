"""Digests of what must be recognised when it comes again, in 16 bytes each, and files of them."""

from collections.abc import Collection
from hashlib import blake2b
from pathlib import Path

SIZE = 16


def digest(*parts: object) -> bytes:
    """Return the digest of some values; equal values have equal digests."""
    return blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()


def save(digests: Collection[bytes], path: Path) -> None:
    """Write digests into a file."""
    path.write_bytes(b"".join(digests))


def load(path: Path) -> set[bytes]:
    """Read what ``save`` wrote."""
    content = path.read_bytes()
    return {content[start : start + SIZE] for start in range(0, len(content), SIZE)}
