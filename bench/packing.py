"""PutEvents calls per interaction, by browsing speed: what the packing by user and session comes to.

python -m bench.packing [--pause 20] [--view-sample 0.25]
"""

import argparse
import random

from broker.interactions import Interaction, pack
from broker.view_sample import VIEW, is_sampled

BATCH_SIZE = 1000  # records per invocation
BATCHES = 20
OTHER = 10  # one interaction in so many is not a view
CASES = ((10, 8, 1), (100, 8, 1), (1000, 8, 1), (1000, 8, 10), (1000, 8, 30), (10_000, 80, 1), (10_000, 80, 10))


def per_interaction(
    rate: float, readers: int, window: float, pause: float, share: float, rng: random.Random
) -> tuple[float, float]:
    """Return how many interactions are reported, and the calls for them, per interaction on the stream.

    Each user acts once in ``pause`` seconds, with one product per event. ``rate``: interactions per second of all
    users; ``window``: of the stream's mapping, in seconds; ``share``: of the sessions, whose views are reported.
    """
    users = range(max(1, int(rate * pause / readers)))  # of one reader
    size = max(1, min(BATCH_SIZE, int(rate / readers * window)))
    reported = calls = 0
    for _ in range(BATCHES):
        batch = [_interaction(n, rng.choice(users)) for n in range(size)]
        sampled = [interaction for interaction in batch if is_sampled(interaction, share)]
        reported += len(sampled)
        calls += len(pack(sampled))
    return reported / (BATCHES * size), calls / (BATCHES * size)


def _interaction(number: int, user: int) -> Interaction:
    action = VIEW if number % OTHER else "add_to_cart"
    return Interaction(str(number), action, "item", str(user), "session", number, action)


def main() -> None:
    """Print a line for each rate and window."""
    parser = argparse.ArgumentParser(prog="python -m bench.packing", description=__doc__)
    parser.add_argument("--pause", type=float, default=20, help="seconds between two actions of a user")
    parser.add_argument("--view-sample", type=float, default=1.0, help="share of the sessions whose views are reported")
    options = parser.parse_args()
    rng = random.Random(1)  # noqa: S311 - a drawn history
    print("interactions/s  readers  window s  reported/s  calls per interaction  PutEvents/s")
    for rate, readers, window in CASES:
        reported, calls = per_interaction(rate, readers, window, options.pause, options.view_sample, rng)
        shown = f"{rate:14,}  {readers:7}  {window:8}  {reported * rate:10,.0f}"
        print(f"{shown}  {calls:21.2f}  {calls * rate:11,.0f}")


if __name__ == "__main__":
    main()
