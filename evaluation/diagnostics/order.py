"""Diagnostic of whether the order of a history matters: the lists for shuffled histories beside the true ones.

The check is that of Klenitskiy et al., "Does It Look Sequential?" (RecSys 2024): where a recommender that lives by the
order loses nothing without it, there is nothing in the order for a sequential model to find.
"""

from evaluation.diagnostics.data import ENOUGH_USERS
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import score
from evaluation.scoring.uncertainty import Values, mean
from evaluation.task import Pairs
from recommender_models.training_set import Codes

NEXT_TO_NOTHING = 0.2  # of the mean: where the interval reaches further, too little is known


def order_carries_nothing(values: Values, shuffled_lists: Codes, truth: Pairs, metric: Metric) -> str | None:
    """Shuffled histories score as well. ``values``: of the true histories, for each user with a truth."""
    shuffled = score(shuffled_lists, truth, (metric.k,)).values[metric]
    own, fall = float(values.mean()), mean(values - shuffled)
    if len(values) < ENOUGH_USERS or own == 0 or fall.low > 0 or fall.high > NEXT_TO_NOTHING * own:
        return None
    between = f"{fall.mean:+.4f}, {fall.low:+.4f} to {fall.high:+.4f}"
    numbers = f"({metric} {own:.4f} against {shuffled.mean():.4f} shuffled: {between})"
    return f"each user's history shuffled, it scores as well {numbers}: the order carries nothing to learn"
