"""The tables of the whole loop, beside its rivals."""

from collections.abc import Callable, Sequence

from bench.loop.comparison import Spread, of, spread
from bench.loop.floor import STATE
from bench.loop.quota import SHARES
from bench.loop.report.results import Results
from bench.loop.report.table import Table, number, with_range
from bench.loop.trial import Trial

ADDED = "the broker, both walls added"


def rate(results: Results, trials: Sequence[Trial], *, added: bool = False) -> Spread:
    """Return the records per second, with the functions beside each other or one after the other.

    Where a share of a processor was asked for and no cgroup could give it, a function takes at least its processor
    seconds by that share.
    """
    share = results.share if results.share_by == "calculation" else None
    return spread(trial.records / trial.seconds(share, added=added) for trial in trials)


def rates(results: Results) -> Table:
    """Return the rates of all rivals, and the broker's over those of the others."""
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
        "functions run beside each other when deployed, so the slower one counts. Both walls added stand beside it. "
        "The last columns are the broker's rate over that of another.",
        ["workload", "latency", *results.titles.values(), ADDED, *(f"over {results.titles[name]}" for name in others)],
        rows,
        2,
    )


def requests(results: Results) -> Table:
    """Return what was sent beside the fewest that would do."""
    rows = []
    for workload in results.workloads:
        ours = of(results.trials, rival="broker", workload=workload)
        fewest = [
            per_thousand(
                ours, lambda trial: sum(trial.floor.values()) - sum(trial.floor.get(name, 0) for name in STATE)
            ),
            per_thousand(ours, lambda trial: sum(trial.floor.values())),
        ]
        sent = [
            per_thousand(of(results.trials, rival=name, workload=workload), lambda trial: sum(trial.requests.values()))
            for name in results.titles
        ]
        rows.append([workload, *fewest, *sent])
    return Table(
        "Requests per 1,000 records",
        "As the stub counted them, and the fewest that an invocation of the broker needs: ten events of one user and "
        "session in PutEvents, ten messages in SQS, one GetRecommendations per user, a hundred profiles in mParticle. "
        "The broker also keeps users' states: a hundred are read, claimed or settled at once. The "
        "article's function sends all products of an event in one call, of which Personalize refuses more than ten.",
        ["workload", "fewest", "fewest with states", *results.titles.values()],
        rows,
    )


def per_thousand(trials: Sequence[Trial], number_of: Callable[[Trial], int]) -> str:
    """Return the mean of a number by 1,000 records."""
    return f"{1000 * sum(map(number_of, trials)) / sum(trial.records for trial in trials):,.0f}"


def processor(results: Results) -> Table:
    """Return processor time, and how far the broker's wall time is from the ideal."""
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


def shares(results: Results) -> Table:
    """Return the rates at the shares of a processor that Lambda gives."""
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
