"""The results as tables."""

from bench.loop.report import loop_tables, part_tables
from bench.loop.report.results import Results
from bench.loop.report.table import Table


def tables(results: Results) -> list[Table]:
    """Return the tables of what was measured."""
    listed = [loop_tables.rates(results), loop_tables.requests(results), loop_tables.processor(results)]
    if results.shares:
        listed.append(loop_tables.shares(results))
    parts = (
        (part_tables.bad_days, results.bad_days),
        (part_tables.decoding, results.decoding),
        (part_tables.memory, results.memory),
        (part_tables.cold_start, results.cold_start),
        (part_tables.growth, results.growth),
    )
    return listed + [table(rows) for table, rows in parts if rows]
