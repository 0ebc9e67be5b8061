"""The clock that every system module is given, so that a test or a simulation can put its own in its place."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """The time in epoch seconds, a pause in seconds, and a random number from 0 to 1 for jitter."""

    now: Callable[[], float]
    sleep: Callable[[float], None]
    jitter: Callable[[], float]
