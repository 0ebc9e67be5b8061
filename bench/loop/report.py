"""The results as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.loop.comparison import Spread, of, spread
from bench.loop.quota import SHARES
from bench.loop.results import Results
from bench.loop.tables import Table, number, with_range
from bench.loop.trial import Trial

ADDED = "the broker, both walls added"


def tables(results: Results) -> list[Table]:
    """Return the tables of what was measured."""
    listed = [_rates(results), _requests(results), _processor(results)]
    if results.shares:
        listed.append(_shares(results))
    parts = (
        (_bad_days, results.bad_days),
        (_decoding, results.decoding),
        (_memory, results.memory),
        (_cold_start, results.cold_start),
        (_growth, results.growth),
    )
    return listed + [table(rows) for table, rows in parts if rows]


def rate(results: Results, trials: Sequence[Trial], *, added: bool = False) -> Spread:
    """Return the records per second, with the functions beside each other or one after the other.

    Where a share of a processor was asked for and no cgroup could give it, a function takes at least its processor
    seconds by that share.
    """
    share = results.share if results.share_by == "calculation" else None
    return spread(trial.records / trial.seconds(share, added=added) for trial in trials)


def _rates(results: Results) -> Table:
    names = list(results.titles)
    others = [name for name in names if name != "broker"]
    rows = []
    for workload, latency in results.cells:
        spreads = {
            name: rate(results, of(results.trials, rival=name, workload=workload, latency=latency)) for name in names
        }
        ours = of(results.trials, rival="broker", workload=workload, latency=latency)
        added = rate(results, ours, added=True)
        times = [number(spreads["broker"].median / spreads[name].median) for name in others]
        rows.append([workload, f"{1000 * latency:g} ms", *map(with_range, spreads.values()), with_range(added), *times])
    return Table(
        "Events per second",
        "Records per second: the median of the rounds, and the least and the greatest of them. The broker's two "
        "functions run beside each other when deployed, so the slower one counts. Both walls added stand beside it. The "
        "last columns are the broker's rate over that of another.",
        ["workload", "latency", *results.titles.values(), ADDED, *(f"over {results.titles[name]}" for name in others)],
        rows,
        2,
    )


def _requests(results: Results) -> Table:
    rows = []
    for workload in results.workloads:
        cells = []
        for name in results.titles:
            trials = of(results.trials, rival=name, workload=workload)
            records = sum(trial.records for trial in trials)
            sent, floor = (sum(sum(getattr(t, kind).values()) for t in trials) for kind in ("requests", "floor"))
            cells.append(f"{1000 * sent / records:,.0f} (fewest {1000 * floor / records:,.0f})")
        rows.append([workload, *cells])
    return Table(
        "Requests per 1,000 records",
        "As the stub counted them, and the fewest that the work needs: ten events of one user and session in PutEvents, "
        "ten messages in SQS, one GetRecommendations per user, a hundred profiles in mParticle. The broker also keeps "
        "users' states, a hundred read and claimed at once, and twenty-five written. The article's function sends all "
        "products of an event in one call, of which Personalize refuses more than ten.",
        ["workload", *results.titles.values()],
        rows,
    )


def _processor(results: Results) -> Table:
    rows = []
    for workload in results.workloads:
        cells = [
            with_range(spread(t.processor_ms_per_event for t in of(results.trials, rival=name, workload=workload)))
            for name in results.titles
        ]
        ideals = [_over_ideal(results, workload, latency) for latency in results.latencies if latency]
        rows.append([workload, *cells, *ideals])
    latencies = [f"wall over ideal, {1000 * latency:g} ms" for latency in results.latencies if latency]
    return Table(
        "Processor time per record, and wall time over the ideal",
        "Milliseconds of user and system time per record of all functions, at all latencies. The ideal is nothing but "
        "waiting: each kind of request on 16 connections at once, in the broker's slower function.",
        ["workload", *results.titles.values(), *latencies],
        rows,
    )


def _over_ideal(results: Results, workload: str, latency: float) -> str:
    trials = of(results.trials, rival="broker", workload=workload, latency=latency)
    return number(spread(trial.overlapping / max(trial.ideal) for trial in trials).median)


def _shares(results: Results) -> Table:
    rows = []
    for memory, trials in results.shares.items():
        part = results.at_share(SHARES[memory], trials)
        for workload, latency in part.cells:
            spreads = [rate(part, of(trials, rival=name, workload=workload, latency=latency)) for name in part.titles]
            left = max(trial.left_first for trial in of(trials, rival="broker", workload=workload))
            rows.append([f"{memory:,} MB", workload, *map(with_range, spreads), str(left)])
    latency = next(iter(results.shares.values()))[0].latency
    how = {
        "cgroup": "Each rival ran in a cgroup with that share of one processor.",
        "calculation": "No cgroup could be made: calculated as records by processor seconds over the share.",
    }[results.share_by]
    return Table(
        "By memory, which buys processor time",
        f"Records per second at {1000 * latency:g} ms, by the share of a processor that a function of that memory has. "
        f"{how} The last column is what the broker's first invocation handed back.",
        ["memory", "workload", *results.titles.values(), "left"],
        rows,
        2,
    )


def _bad_days(rows: Sequence[Mapping[str, Any]]) -> Table:
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
        "Seconds for 1,000 events of 1,000 users at 20 ms. A call that hangs is answered after 65 s. Left are the events "
        "and users that the first invocation handed back. Where PutEvents is throttled: new events by what the service "
        "would have accepted in that time, and refused calls by all calls.",
        ["rival", "day", "seconds", "over a good day", "left", "used", "refused"],
        lines,
        2,
    )


def _decoding(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        "Decoding and mapping",
        "Processor milliseconds per record: base64 and JSON alone, and the broker's reading of the same records.",
        ["workload", "base64 and JSON", "the broker", "ratio"],
        [
            [row["workload"], f"{row['floor']:.3f}", f"{row['broker']:.3f}", with_range(Spread(**row["ratio"]))]
            for row in rows
        ],
    )


def _memory(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        "Memory of 10,000 records",
        "The largest resident memory of `ingest`'s process in MiB: after a first small event, and after one of 10,000 "
        "records, ten of each user.",
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


def _cold_start(rows: Sequence[Mapping[str, Any]]) -> Table:
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


def _growth(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        "Growth",
        "Processor milliseconds per record of the broker's two functions, by the records of an invocation.",
        ["workload", "records", "per record"],
        [[row["workload"], f"{row['records']:,}", with_range(Spread(**row["processor_ms_per_event"]))] for row in rows],
    )
