"""How often aws-trending-now evaluates the interactions of a dataset group.

https://docs.aws.amazon.com/personalize/latest/dg/native-recipe-trending-now.html, "Properties and hyperparameters".
"""

from collections.abc import Mapping
from typing import Any

from personalize_local.errors import InvalidInput

HOUR = 3600.0
FREQUENCIES = {"30 minutes": HOUR / 2, "1 hour": HOUR, "2 hours": 2 * HOUR, "3 hours": 3 * HOUR, "1 day": 24 * HOUR}
DEFAULT = "2 hours"


def interval(solution: Mapping[str, Any]) -> float:
    """Return the seconds of a solution's ``trend_discovery_frequency``. Raises InvalidInput for another word."""
    parameters = solution.get("solutionConfig", {}).get("featureTransformationParameters", {})
    word = parameters.get("trend_discovery_frequency", DEFAULT)
    if word not in FREQUENCIES:
        raise InvalidInput(f"trend_discovery_frequency must be one of {', '.join(FREQUENCIES)}")
    return FREQUENCIES[word]
