"""PutEvents calls per interaction, by browsing speed: what the packing by user and session comes to.

python -m bench.packing [--pause 20]
"""

import argparse
import random

from broker.interactions import Interaction, pack

BATCH_SIZE = 1000  # records per invocation
BATCHES = 20
CASES = ((10, 8, 1), (100, 8, 1), (1000, 8, 1), (1000, 8, 10), (1000, 8, 30), (10_000, 80, 1), (10_000, 80, 10))


def calls_per_interaction(rate: float, readers: int, window: float, pause: float, rng: random.Random) -> float:
    """Return the calls per interaction where each user acts once in ``pause`` seconds, with one product per event.

    ``rate``: interactions per second of all users; ``window``: of the stream's mapping, in seconds.
    """
    users = range(max(1, int(rate * pause / readers)))  # of one reader
    size = max(1, min(BATCH_SIZE, int(rate / readers * window)))
    calls = 0
    for _ in range(BATCHES):
        batch = [Interaction(str(n), "view", "item", str(rng.choice(users)), "session", n, "view") for n in range(size)]
        calls += len(pack(batch))
    return calls / (BATCHES * size)


def main() -> None:
    """Print a line for each rate and window."""
    parser = argparse.ArgumentParser(prog="python -m bench.packing", description=__doc__)
    parser.add_argument("--pause", type=float, default=20, help="seconds between two actions of a user")
    options = parser.parse_args()
    rng = random.Random(1)  # noqa: S311 - a drawn history
    print("interactions/s  readers  window s  calls per interaction  PutEvents/s")
    for rate, readers, window in CASES:
        calls = calls_per_interaction(rate, readers, window, options.pause, rng)
        print(f"{rate:14,}  {readers:7}  {window:8}  {calls:21.2f}  {calls * rate:11,.0f}")


if __name__ == "__main__":
    main()
