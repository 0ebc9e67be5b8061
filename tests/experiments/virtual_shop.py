"""Trials of the made-up shop as the events of an analysis: impressions, activity and purchases, each at its time."""

import numpy as np
import polars as pl
from broker.experiment import Experiment, Variant

from experiments.events import ACTIVITY, IMPRESSION, PURCHASE, SCHEMA, Events, events
from local_stack.items4u.trial import Trial

START_MS = 1_792_972_800_000  # midnight, UTC
DAYS, DAY_MS = 14, 86_400_000
LATER_MS = 60_000  # of what a visit ends with


def halves(name: str) -> Experiment:
    """Return an experiment of a list and a holdout, half of the customers each."""
    return Experiment(name, {"recommended": Variant(1)}, holdout=50, began=START_MS // 1000)


def shop_events(trial: Trial, seed: int) -> Events:
    """Return a trial's visits as events, at times of day that no two visits of a customer share."""
    rng = np.random.default_rng((seed, 1))
    offset = rng.integers(0, DAY_MS - LATER_MS, len(trial.day))
    visit = pl.DataFrame(
        {
            "user": pl.Series(trial.mpid).cast(pl.String).gather(trial.customer),
            "time": START_MS + trial.day * DAY_MS + offset,
            "sees": trial.sees_slot,
            "value": trial.revenue,
            "quantity": trial.units.astype(float),
        }
    )
    bought = visit.filter(pl.col("quantity") > 0).with_columns(pl.col("time") + LATER_MS)
    rows = [
        visit.select("user", "time", kind=pl.lit(ACTIVITY)),
        visit.filter("sees").select("user", "time", kind=pl.lit(IMPRESSION)),
        bought.select("user", "time", "value", "quantity", kind=pl.lit(PURCHASE)),
    ]
    frame = pl.concat(rows, how="diagonal").with_columns(credited=pl.lit(value=False))
    missing = [pl.lit(None, kind).alias(name) for name, kind in SCHEMA.items() if name not in frame.columns]
    return events(frame.with_columns(missing).select(SCHEMA.names()).cast(dict(SCHEMA)))
