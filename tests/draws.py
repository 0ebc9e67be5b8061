"""How much is drawn: a part of it in ``make test``, all of it in ``make proofs``."""

import os

ALL = bool(os.environ.get("BROKER_PROOFS"))


def draws(all_of_them: int, part: int) -> int:
    """Return how much to draw in this run."""
    return all_of_them if ALL else part
