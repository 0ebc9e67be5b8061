"""mParticle's ids: signed 64-bit integers and UUIDs, always the same for the same seed and parts."""

import hashlib
import uuid


class Ids:
    """Makes ids from a seed, so that a run is repeatable in whatever order its requests arrive."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def number(self, *parts: object) -> int:
        """Return a signed 64-bit id: negative half of the time and nearly always beyond 2^53, as in mParticle."""
        return int.from_bytes(self._digest(parts)[:8], "big", signed=True)

    def uuid(self, *parts: object) -> str:
        """Return a version 4 shaped UUID."""
        return str(uuid.UUID(bytes=self._digest(parts), version=4))

    def _digest(self, parts: tuple[object, ...]) -> bytes:
        text = "\x1f".join(map(str, (self._seed, *parts)))
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
