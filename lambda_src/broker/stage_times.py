"""How long the stages of an invocation take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class StageTimes(dict[str, float]):
    """Milliseconds by the name of the stage."""

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time that the block takes to its stage, also where the block raises."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self[stage] = round(self.get(stage, 0.0) + 1000 * (time.perf_counter() - began), 1)
