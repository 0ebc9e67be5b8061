"""What a seeding will do, how long it takes and what it costs: said before it begins, and with what it did after."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from infra.cost.bill import READ_UNITS, V2, WRITE_UNITS, Item, money
from infra.cost.prices import UNITS, Prices
from seeding.jobs import SeedJob
from seeding.progress import Progress
from seeding.targets import Target

HOUR = 3_600
LIFE = (
    "each write prolongs the life of a profile in mParticle, which deletes those of users without data for a while "
    "(docs/use.md)"
)
CHARGES = "not included: what mParticle charges for batches or users by your contract"
REASONS = {
    "inactive": "no activity within --active-days",
    "no_consent": "no consent",
    "consent_unknown": "no clear answer to the consent",
    "suppressed": "on the suppression list",
    "holdout": "in the holdout",
    "newer_list": "the profile has a list that is as new, or newer",
    "no_recommendations": "the model has nothing for them",
    "no_answer": "the batch inference job has no answer",
    "other_variant": "in another variant by now",
    "refused": "mParticle refuses the upload",
}


@dataclass
class Part:
    """The users of one target, their job, and how far it came; ``done``: None before it was begun."""

    target: Target
    job: SeedJob
    users: Sequence[int]
    done: Progress | None = None

    def outcome(self) -> dict[str, Any]:
        """Return it as JSON, without users' ids."""
        counts = Counter(self.done.counts) if self.done else Counter[str]()
        written = counts.pop("written", 0)
        return {
            "job": self.job.job.name,
            "variants": list(self.target.variants),
            "recipe": self.target.recipe,
            "trained_at": _text(self.target.trained_at),
            "filter_arn": self.target.filter_arn,
            "goes_on": self.job.is_there,
            "users": len(self.users),
            "lists": self.done.done if self.done else 0,
            "written": written,
            "not_written": dict(counts),
        }


@dataclass
class SeedPlan:
    """All parts; ``rate``: batches per second. ``left_out``: users, ``unread``: rows and batches, by reason.

    ``estimate`` says how long the rest takes (``hours``), and what it costs (``items``).
    """

    place: str
    parts: list[Part]
    rate: float
    active_days: float
    left_out: Mapping[str, int]
    unread: Mapping[str, int]
    consent: Mapping[str, Any]
    prices: Prices
    experiment: str | None = None
    notes: list[str] = field(default_factory=list)
    hours: float = 0.0
    items: tuple[Item, ...] = ()

    @property
    def users(self) -> int:
        """Return how many get a list."""
        return sum(len(part.users) for part in self.parts)

    def estimate(self) -> None:
        """Note how long the uploads take at least that are not done yet, and what is paid for them."""
        left = sum(max(0, len(part.users) - (part.done.done if part.done else 0)) for part in self.parts)
        self.hours, self.items = left / self.rate / HOUR, tuple(self._costs(left))

    def _costs(self, left: int) -> Iterator[Item]:
        """Yield what is paid for; a job that is there was paid for already."""
        asked: dict[str, int] = {}
        for part in self.parts:
            if not part.job.is_there:
                name = "personalize_v2_requests" if part.target.recipe.endswith(V2) else ""
                asked[name] = asked.get(name, 0) + len(part.users)
        for name, users in asked.items():
            yield self._item("Personalize, batch inference", name, Decimal(users))
        yield self._item("DynamoDB, reads", "dynamodb_read_units", left * READ_UNITS)
        yield self._item("DynamoDB, writes", "dynamodb_write_units", Decimal(left * WRITE_UNITS))

    def _item(self, name: str, price_name: str, count: Decimal) -> Item:
        size = UNITS[price_name].size if price_name else 1
        return Item(name, price_name, count / size, self.prices.of(price_name))

    def outcome(self, *, dry_run: bool) -> dict[str, Any]:
        """Return it as JSON, without users' ids."""
        costs = [item.usd for item in self.items]
        return {
            "place": self.place,
            "experiment": self.experiment,
            "active_days": self.active_days,
            "users": self.users,
            "left_out": dict(self.left_out),
            "unread": dict(self.unread),
            "consent": dict(self.consent),
            "batches_per_second": self.rate,
            "hours": round(self.hours, 2),
            "usd": f"{sum((usd for usd in costs if usd is not None), Decimal()):.2f}",
            "usd_complete": None not in costs,
            "jobs": [part.outcome() for part in self.parts],
            "dry_run": dry_run,
        }

    def said(self) -> Iterator[str]:
        """Yield the lines that are shown before anything is done."""
        yield f"{self.users:,} users get a list, {self.rate:g} a second: {_duration(self.hours)} of uploads"
        for reason, number in sorted(self.left_out.items()):
            yield f"left out: {number:,} {reason} ({REASONS.get(reason, reason)})"
        for reason, number in sorted(self.unread.items()):
            yield f"not read: {number:,} rows or batches, {reason}"
        for part in self.parts:
            yield _of_part(part)
        for item in self.items:
            yield f"{item.name}: {'no price' if item.usd is None else money(item.usd) + ' USD'}"
        costs = [item.usd for item in self.items]
        total = money(sum((usd for usd in costs if usd is not None), Decimal()))
        prices = f"prices of {self.prices.region}, the oldest of {self.prices.oldest}"
        yield f"together {'at least ' if None in costs else ''}{total} USD ({prices}); {CHARGES}"
        yield LIFE
        yield from self.notes


def report(outcome: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was done, for people."""
    if outcome["dry_run"]:
        yield "dry run: nothing was asked, and nothing written"
        return
    for job in outcome["jobs"]:
        of = "" if job["variants"] == ["all"] else f" of {', '.join(job['variants'])}"
        yield f"written: {job['written']:,} lists{of}, by job {job['job']}"
        for reason, number in sorted(job["not_written"].items()):
            yield f"not written: {number:,} {reason} ({REASONS.get(reason, reason)})"


def _of_part(part: Part) -> str:
    variants = "" if part.target.variants == ("all",) else f"{', '.join(part.target.variants)}: "
    state = "goes on with" if part.job.is_there else "a new"
    model = f"{part.target.recipe}, trained {_text(part.target.trained_at)}"
    return f"{variants}{len(part.users):,} users, {state} job {part.job.job.name} ({model})"


def _duration(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.0f} minutes"


def _text(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
