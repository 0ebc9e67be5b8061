"""The property: whatever happens, and whatever goes wrong, the law holds once it is over."""

import os
import random
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.draws import draws
from tests.law.figures import Figures
from tests.law.histories import History
from tests.law.themes import THEMES
from tests.law.verdict import judged, report
from tests.law.world.loop import Loop

HISTORIES = int(os.environ.get("BROKER_LAW_HISTORIES", draws(all_of_them=600, part=20)))
SETTINGS = settings(
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    print_blob=False,
    report_multiple_bugs=False,
)


def check(history: History) -> Loop:
    """Play a history; fail with the whole of it where the law does not hold."""
    loop, problems = judged(history)
    if problems:
        raise AssertionError(report(history, loop, problems))
    return loop


def law_holds(theme: str) -> Callable[[], None]:
    """Return a test of so many histories about a theme, the same ones each time."""

    def law(history: History) -> None:
        check(history)

    # A derandomised test draws by its name: each theme its own.
    law.__name__ = f"law_about_{theme}"
    return settings(SETTINGS, max_examples=HISTORIES, derandomize=True)(given(THEMES[theme])(law))


def search(theme: str, number: int, first: int) -> tuple[Figures, str]:
    """Play so many histories about a theme, of a seed; return the figures and, if there is one, what breaks the law."""
    figures = Figures()

    def one(history: History) -> None:
        figures.add(check(history))

    random.seed(first)
    try:
        seed(first)(settings(SETTINGS, max_examples=number)(given(THEMES[theme])(one)))()
    except AssertionError as broken:
        return figures, str(broken)
    return figures, ""
