"""The tables of the loop's parts, and of its bad days."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.loop.comparison import Spread
from bench.loop.report.table import Table, number, with_range


def bad_days(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the days, those of one rival below each other."""
    lines = []
    for row in rows:
        good = row["days"]["a good day"]["seconds"]
        for name, day in row["days"].items():
            share = [f"{day[key]:.0%}" if day[key] is not None else "" for key in ("used", "refused")]
            lines.append(
                [
                    row["rival"],
                    name,
                    number(day["seconds"]),
                    number(day["seconds"] / good),
                    str(day["left_first"]),
                    *share,
                ]
            )
    return Table(
        "Bad days",
        "Seconds for 1,000 events of 1,000 users at 20 ms. A call that hangs is answered after 65 s. Left are the "
        "events and users that the first invocation handed back. Where PutEvents is throttled: new events by what the "
        "service would have accepted in that time, and refused calls by all calls.",
        ["rival", "day", "seconds", "over a good day", "left", "used", "refused"],
        lines,
        2,
    )


def decoding(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the broker's reading beside the least that reading is."""
    return Table(
        "Decoding and mapping",
        "Processor milliseconds per record: base64 and JSON alone, and a broker's reading of the same records.",
        ["workload", "rival", "base64 and JSON", "all of it", "ratio"],
        [
            [
                row["workload"],
                row["rival"],
                f"{row['least']:.3f}",
                f"{row['broker']:.3f}",
                with_range(Spread(**row["ratio"])),
            ]
            for row in rows
        ],
        2,
    )


def memory(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the largest memory of each rival."""
    return Table(
        "Memory of 10,000 records",
        "The largest resident memory of `ingest`'s process in MiB: after a first small event, and after one of 10,000 "
        "records, the most that a Kinesis mapping hands in at once. They are small ones, ten of each user.",
        ["rival", "Lambda's event as JSON", "before", "peak", "growth over the event"],
        [
            [
                row["rival"],
                *(number(row[name]) for name in ("payload", "before", "peak")),
                number((row["peak"] - row["before"]) / row["payload"]),
            ]
            for row in rows
        ],
    )


def cold_start(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the parts of a start."""
    parts = list(rows[0]["parts"])
    return Table(
        "Cold start",
        "Processor milliseconds of a new process by part, with bytecode, all calls over TLS on the loopback.",
        ["rival", "function", *parts],
        [
            [row["rival"], row["function"], *(with_range(Spread(**row["parts"][part])) for part in parts)]
            for row in rows
        ],
        2,
    )


def growth(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the time per record by the size of an invocation."""
    return Table(
        "Growth",
        "Processor milliseconds per record of the broker's two functions, by the records of an invocation.",
        ["workload", "records", "per record"],
        [[row["workload"], f"{row['records']:,}", with_range(Spread(**row["processor_ms_per_event"]))] for row in rows],
    )
