"""Made-up values of users for recommenders that are all equally good, and how often chance may be taken for more."""

from collections.abc import Callable

import numpy as np

from evaluation.recommenders.candidates import Candidate
from evaluation.scoring.uncertainty import Values
from evaluation.task import ALL_ITEMS

EQUALS = 8  # the first half of them count
NAMES, GIVEN = [f"r{number}" for number in range(EQUALS)], "given"
Draw = Callable[[np.random.Generator, int, int], Values]


def light(random: np.random.Generator, number: int, n: int) -> Values:
    return random.normal(0, 0.2, n)


def heavy(random: np.random.Generator, number: int, n: int) -> Values:
    """Return the same as others have for most users; few lose a lot where many win a little, or the other way round."""
    side = (1, -1, 0)[number % 3]
    return side * random.choice([0.0, -0.8, 0.2], n, p=[0.75, 0.05, 0.2]) if side else np.zeros(n)


def equals(random: np.random.Generator, draw: Draw, n: int) -> dict[str, Values]:
    """Return the values of all by name, and of one given; what a user is worth to all of them alike is shared."""
    shared = random.random(n)
    return {name: shared + draw(random, number, n) for number, name in enumerate((*NAMES, GIVEN))}


def candidates(validated: dict[str, Values] | None) -> list[Candidate]:
    """Return one for each, with its mean in a validation."""
    return [
        Candidate(
            name,
            "",
            {},
            baseline=number < EQUALS // 2,
            validated={ALL_ITEMS: float(validated[name].mean())} if validated else None,
        )
        for number, name in enumerate(NAMES)
    ]


def most(times: int, rate: float) -> int:
    """Return the most of so many that come at this rate, 99 times in 100."""
    from scipy.stats import binom  # loads for a second

    return int(binom.ppf(0.99, times, rate))
