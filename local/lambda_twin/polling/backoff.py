"""How long a poller waits after something failed. AWS does not publish its own numbers, so these are the twin's."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Seconds before the first repetition, the factor from one to the next, and the longest wait."""

    first: float = 0.2
    factor: float = 2.0
    longest: float = 30.0

    def seconds(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row (1: after the first)."""
        # The exponent is bounded, since an unlimited number of retries would overflow a float.
        return min(self.longest, self.first * self.factor ** min(max(failures - 1, 0), 60))
