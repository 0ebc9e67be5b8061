"""How much a search has seen: without these, a search in which nothing ever goes wrong would look like a good one."""

from collections import Counter
from dataclasses import dataclass, field

from local_stack.audit.rows import customer_events
from tests.law.world.loop import Loop


@dataclass
class Figures:
    """Totals over histories: ``seen`` by name; ``seconds`` of virtual time.

    ``latest``: the most seconds from the last failure until the last list was on its profile.
    """

    histories: int = 0
    seconds: float = 0.0
    latest: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def add(self, loop: Loop) -> None:
        """Count one history that is over."""
        self.histories += 1
        self.seconds += loop.time.now - loop.began
        self.latest = max(self.latest, loop.mparticle.written_at - loop.read_at)
        accepted = [delivery["eventId"] for delivery in customer_events(loop.recommender.deliveries())]
        refused = [data.count(b"\n") for key, data in loop.buckets["quarantine"].items() if key.startswith("ingest/")]
        self.seen.update(
            {
                "records": sum(map(len, loop.stream.shards.values())),
                "interactions accepted": len(set(accepted)),
                "deliveries of them": len(accepted),
                "rows in quarantine": sum(refused),
                "objects in the on-failure bucket": len(loop.buckets["on-failure"]),
                "dead letters": sum(len(queue.dead) for queue in loop.queues.values()),
                "calls": loop.services.count.total(),
                "processes killed": loop.services.deaths,
                "invocations failed as misconfigured": loop.ingest.alarms + loop.refresh.alarms,
            }
        )
        self.failed.update(loop.services.failed)

    def __iadd__(self, other: "Figures") -> "Figures":
        self.histories += other.histories
        self.seconds += other.seconds
        self.latest = max(self.latest, other.latest)
        self.seen += other.seen
        self.failed += other.failed
        return self

    def lines(self) -> list[str]:
        """Return the figures to read."""
        shown = {"histories": self.histories, "hours of virtual time": round(self.seconds / 3600), **self.seen}
        shown["calls that failed"] = self.failed.total()
        shown["ways to fail among them"] = len(self.failed)
        shown["seconds at most until the last profile was right"] = round(self.latest)
        return [f"{number:>12,}  {name}" for name, number in shown.items()]
