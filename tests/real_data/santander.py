"""Real customers of a bank as the wide table that banks keep: a row a customer and month, a 0/1 column a product.

The source has who acquired something, and what each had the month before; so a customer's months have gaps, and a month
before one with an acquisition is known, too.
"""

import argparse
from pathlib import Path

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


def main() -> None:
    """Write it as CSV."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_data.santander", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.csv")
    wide(data_folder() / FILE).write_csv(parser.parse_args().out)


if __name__ == "__main__":
    main()
