"""The UCI online shop's invoices as mParticle batches: one purchase event per invoice, with all its product lines."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from local_stack.audit.rows import Row
from tests.real_data import data_folder, wire

FILE = "interactions/uci_online_retail_2010_2011.parquet"


def cleaned(parquet: Path) -> pl.DataFrame:
    """Return the invoice lines of known customers in time order, one per invoice and item.

    Left out: returns and cancelled invoices (``C…``, quantities below one) and fees (codes that do not begin with five
    digits: postage, bank charges, manual corrections).
    """
    lines = pl.read_parquet(parquet).filter(
        pl.col("CustomerID").is_not_null(),
        ~pl.col("InvoiceNo").str.starts_with("C"),
        pl.col("Quantity") > 0,
        pl.col("StockCode").str.contains(r"^\d{5}"),
    )
    return (
        lines.sort("InvoiceDate", maintain_order=True)
        .group_by("InvoiceNo", "StockCode", maintain_order=True)
        .agg(
            pl.col("CustomerID").first().cast(pl.Int64).cast(pl.String),
            pl.col("InvoiceDate").first().dt.replace_time_zone("UTC"),
            pl.col("Description").first(),
            pl.col("Quantity").sum(),
            (pl.col("Quantity") * pl.col("UnitPrice")).sum().round(2).alias("Amount"),
        )
        .sort("InvoiceDate", maintain_order=True)
    )


def convert(parquet: Path, lines: int = 20_000) -> wire.Converted:
    """Return the newest ``lines`` invoice lines as batches, and the interactions expected of them."""
    newest = cleaned(parquet).tail(lines)
    invoices: dict[str, list[dict[str, Any]]] = {}
    for line in newest.iter_rows(named=True):
        invoices.setdefault(line["InvoiceNo"], []).append(line)
    return wire.Converted([_batch(number, lines) for number, lines in invoices.items()], _expected(newest))


def mpid(customer: str) -> int:
    """Return the customer's mParticle id: any signed 64-bit number, always the same for one customer."""
    return wire.int64("uci customer", customer)


def event_id(invoice: str) -> int:
    """Return mParticle's id for an invoice's purchase event."""
    return wire.int64("uci invoice", invoice)


def _batch(invoice: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    customer, at = lines[0]["CustomerID"], _epoch_s(lines[0]["InvoiceDate"]) * 1000
    products = [
        {
            "id": line["StockCode"],
            "name": line["Description"],
            "quantity": line["Quantity"],
            "total_product_amount": line["Amount"],
        }
        for line in lines
    ]
    purchase = wire.product_event(
        action="purchase",
        products=products,
        event_id=event_id(invoice),
        session=wire.session_uuid("uci", invoice),
        time_ms=at,
    )
    return wire.batch(customer=customer, mpid=mpid(customer), events=[purchase], time_ms=at + 1000)


def _expected(lines: pl.DataFrame) -> set[Row]:
    placed = lines.with_columns(
        pl.int_range(pl.len()).over("InvoiceNo").alias("Index"),
        # Thirty invoices run over a full minute; the event has the time of its first line.
        pl.col("InvoiceDate").first().over("InvoiceNo").dt.epoch("s").alias("Began"),
    )
    columns = placed.select("CustomerID", "StockCode", "Began", "InvoiceNo", "Index")
    return {
        Row(str(mpid(customer)), item, "purchase", began, str(event_id(invoice)), index)
        for customer, item, began, invoice, index in columns.iter_rows()
    }


def _epoch_s(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp())


def main() -> None:
    """Write the batches as NDJSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_data.uci", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.ndjson")
    parser.add_argument("--lines", type=int, default=20_000, help="how many of the newest invoice lines (20000)")
    options = parser.parse_args()
    wire.write_ndjson(options.out, convert(data_folder() / FILE, options.lines).batches)


if __name__ == "__main__":
    main()
