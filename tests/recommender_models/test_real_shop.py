"""Quality on a real shop: each customer's last basket predicted from those before it, with the default settings."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from recommender_models import metrics
from recommender_models.models import UserPersonalization
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import Codes, TrainingSet
from tests.real_data import uci
from tests.recommender_models.rows import visits

LONGEST = 500  # GetRecommendations returns no more


def baskets(parquet: Path) -> tuple[TrainingSet, TrainingSet]:
    """Return the older invoices of all customers, and the last one of those who have several."""
    lines = uci.cleaned(parquet).with_columns(
        # Some invoices run over a full minute.
        pl.col("InvoiceDate").min().over("InvoiceNo").dt.epoch("s").alias("Began")
    )
    customer = pl.col("InvoiceNo").sort_by("Began", "InvoiceNo")
    last = (customer.last().over("CustomerID") == pl.col("InvoiceNo")) & (
        customer.first().over("CustomerID") != pl.col("InvoiceNo")
    )
    parts = lines.filter(~last), lines.filter(last)
    older, newest = (part.select("CustomerID", "StockCode", "Began").iter_rows() for part in parts)
    return visits(older), visits(newest)


def ndcg(lists: Codes, users: Codes, items: Codes) -> tuple[float, int]:
    """Return the mean NDCG@10 over the users with anything to predict, and how many they are."""
    hits, relevant = metrics.hits(lists, users, items)
    values = metrics.ndcg(hits, relevant, 10)[relevant > 0]
    return float(values.mean()), len(values)


def test_the_last_basket_is_predicted_as_well_as_the_best_light_models_do(
    test_data: Path, record_property: Callable[[str, object], None]
) -> None:
    older, newest = baskets(test_data / uci.FILE)
    model = UserPersonalization.fit(older, RecordColumns(), RecordColumns(), Settings())
    past = older.for_users(np.isin(older.user_ids, newest.user_ids))
    assert past.user_ids == newest.user_ids
    items = newest.items_in(model.catalogue.code)
    size = len(model.catalogue)
    items = np.where(items < 0, size, items)

    lists = model.lists(past, [None] * len(past.user_ids), LONGEST)
    every, customers = ndcg(lists[:, :10], newest.users, items)
    assert customers == 2829

    bought = np.unique(past.users.astype(np.int64) * (size + 1) + past.items)
    known = np.isin(np.arange(len(lists))[:, None] * (size + 1) + lists, bought)
    # Places with new items first, in their order.
    new = np.take_along_axis(np.where(known, -1, lists), np.argsort(known, axis=1, kind="stable")[:, :10], axis=1)
    again = np.isin(newest.users.astype(np.int64) * (size + 1) + items, bought)
    discovered, explorers = ndcg(new, newest.users[~again], items[~again])

    record_property("NDCG@10, any item", f"{every:.4f} ({customers} customers)")
    record_property("NDCG@10, new items", f"{discovered:.4f} ({explorers} customers)")
    assert every >= 0.25
    assert discovered >= 0.080
