"""The days within which an action must be taken, for aws-next-best-action.

https://docs.aws.amazon.com/personalize/latest/dg/native-recipe-next-best-action.html, "Properties and hyperparameters".
"""

from collections.abc import Mapping
from typing import Any

from personalize_local.errors import InvalidInput

DEFAULT, FEWEST, MOST = 14, 7, 28


def days_of(solution: Mapping[str, Any]) -> int:
    """Return a solution's ``action_optimization_period``. Raises InvalidInput outside 7 to 28 days."""
    parameters = solution.get("solutionConfig", {}).get("featureTransformationParameters", {})
    text = parameters.get("action_optimization_period", str(DEFAULT))
    if not text.isascii() or not text.isdecimal() or not FEWEST <= int(text) <= MOST:
        raise InvalidInput(f"action_optimization_period must be {FEWEST} to {MOST}, in days")
    return int(text)
