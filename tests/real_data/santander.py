"""Real customers of a bank as the wide table that banks keep: a row a customer and month, a 0/1 column a product.

The source has who acquired something, and what each had the month before; so a customer's months have gaps, and a month
before one with an acquisition is known, too.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tests.real_data import data_folder

FILE = "interactions/santander_acquirers_2016.csv.gz"


def acquired(file: Path) -> pl.DataFrame:
    """Return month (the first of it), customer, and the lists ``owned`` (the month before) and ``acquired``."""
    rows = pl.read_csv(file, infer_schema=False)
    products = {"owned": "owned_prev_month", "acquired": "acquired"}
    lists = [pl.col(there).fill_null("").str.split("|").alias(here) for here, there in products.items()]
    month = (pl.col("month") + "-01").str.to_date().alias("month")
    return rows.select(month, pl.col("ncodpers").alias("customer"), *lists)


def wide(file: Path) -> pl.DataFrame:
    """Return the table: month, customer, and ``owns_…`` for each product."""
    rows = acquired(file)
    after = rows.select("month", "customer", pl.col("owned").list.concat("acquired"), rank=1)
    before = rows.select(pl.col("month").dt.offset_by("-1mo"), "customer", "owned", rank=0)
    # What the next row says of a month goes before what this one's changes amount to.
    known = pl.concat([before, after.rename({"owned": "owned"})]).unique(["month", "customer", "rank"])
    states = known.sort("rank").unique(["month", "customer"], keep="first", maintain_order=True)
    products = sorted(set(states["owned"].explode()) - {"", None})
    owns = [pl.col("owned").list.contains(name).cast(pl.Int8).alias(f"owns_{name}") for name in products]
    return states.sort("customer", "month").select(pl.col("month").dt.strftime("%Y-%m-28"), "customer", *owns)


@dataclass(frozen=True, eq=False)
class Customers:
    """Customers by products: what each ``had`` in April 2016 and ``has`` in May, nothing given up."""

    ids: Sequence[str]
    products: Sequence[str]
    had: npt.NDArray[np.bool_]
    has: npt.NDArray[np.bool_]

    def popular_last(self) -> npt.NDArray[np.int64]:
        """Return a list each that nothing was learned for: what they have, then all else, the popular first."""
        popular = self.had.sum(axis=0)
        return np.argsort(-(self.had * 1e6 + popular), axis=1, kind="stable")

    def log(self, has: npt.NDArray[np.bool_], before: int, after: int) -> pl.DataFrame:
        """Return interactions: what each had at a time, and ``has`` at another (epoch seconds)."""
        return pl.concat([self._rows(self.had, before), self._rows(has, after)])

    def every(self, nth: int) -> "Customers":
        """Return each n-th of them."""
        return Customers(self.ids[::nth], self.products, self.had[::nth], self.has[::nth])

    def _rows(self, owned: npt.NDArray[np.bool_], time: int) -> pl.DataFrame:
        users, items = np.nonzero(owned)
        named = {"USER_ID": np.array(self.ids)[users], "ITEM_ID": np.array(self.products)[items]}
        return pl.DataFrame(named).with_columns(TIMESTAMP=pl.lit(time))


def from_april_to_may(file: Path) -> Customers:
    """Return all who acquired something in April."""
    rows = acquired(file)
    products = sorted({*rows["owned"].explode(), *rows["acquired"].explode()} - {""})
    month = pl.col("month").dt.month()
    april = rows.filter(month == 4).sort("customer")
    may = rows.filter(month == 5).select("customer", later="acquired")
    april = april.join(may, on="customer", how="left", maintain_order="left")

    def marked(column: str) -> npt.NDArray[np.bool_]:
        holds = [pl.col(column).list.contains(name).fill_null(False).alias(name) for name in products]
        return april.select(holds).to_numpy()

    had = marked("owned") | marked("acquired")
    return Customers(april["customer"].to_list(), products, had, had | marked("later"))


def main() -> None:
    """Write it as CSV."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_data.santander", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.csv")
    wide(data_folder() / FILE).write_csv(parser.parse_args().out)


if __name__ == "__main__":
    main()
