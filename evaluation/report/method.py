"""How a result was made, in words: the question that was asked, the data, and everything that another run needs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from evaluation.provenance import Provenance
from evaluation.recommenders.tuning import ValidationFacts
from evaluation.splits import DAY, HoldOut

LATER_KNOWN = (
    "The models know other users' later interactions, which no recommender in use does: the figures are optimistic. "
    "Decide by --hold-out time"
)
HASH = 12  # letters that tell files apart; the JSON has them all
_KIND = {
    "leave-one-out": "each user's last interaction",
    "last-basket": "all interactions of each user's last second",
    "personalize": "the newest tenth of the interactions of a tenth of the users",
}


def knows_later(hold_out: HoldOut) -> bool:
    """Return whether the models know others' interactions that are later than what is to be predicted."""
    return hold_out.kind in ("leave-one-out", "last-basket", "personalize")


def to_be_predicted(how: Provenance, cut: int | None) -> str:
    """Return what is to be predicted."""
    of_type = f", only of type {how.hold_out.event_type}" if how.hold_out.event_type else ""
    if how.hold_out.kind != "time" or cut is None:
        return _KIND.get(how.hold_out.kind, how.hold_out.kind) + of_type
    horizon = how.hold_out.horizon_days
    end = min(how.data.last, int(cut + horizon * DAY)) if horizon else how.data.last
    until = f"for {horizon:g} days" if horizon else f"until the data end ({day(end)})"
    return f"all interactions from {moment(cut)} on, {until}{of_type}"


def data(how: Provenance) -> str:
    """Return which interactions were read."""
    facts = how.data
    return (
        f"{how.source}: {facts.interactions:,} interactions of {facts.users:,} users with {facts.items:,} items, "
        f"{day(facts.first)} to {day(facts.last)}"
    )


def lines(how: Provenance, cut: int | None) -> list[tuple[str, str]]:
    """Return everything that the result depends on, each with its name."""
    sample = f"at most {how.sample_users:,}, drawn by the seed" if how.sample_users else "those of the folder"
    users = f"{sample}; only those of the arm {how.hold_out.arm}" if how.hold_out.arm else sample
    by = "chosen by validation within the training data" if how.tuned else "defaults (--no-tuning)"
    return [
        ("data", data(how)),
        ("to be predicted", to_be_predicted(how, cut)),
        *([("periods", f"{how.cuts}, each as long as this one (--cuts)")] if how.cuts > 1 else []),
        ("users asked about", users),
        ("tasks", ", ".join(how.tasks)),
        ("metric that decides", how.metric),
        ("settings", by),
        *(_validation(how.validation) if how.validation else []),
        ("seed", str(how.seed)),
        ("recommenders", ", ".join(how.recommenders)),
        *((f"recipe of {name}", recipe) for name, recipe in how.recipes.items()),
        *((f"sha256 of {role}", digest) for role, digest in how.sha256.items()),
        *([("evaluated", moment(int(how.evaluated_at)))] if how.evaluated_at is not None else []),
        *([("version", how.version)] if how.version else []),
        *([("computed by", _versions(how.libraries))] if how.libraries else []),
        *([("command", how.command)] if how.command else []),
    ]


def _validation(facts: ValidationFacts) -> list[tuple[str, str]]:
    window = f"{moment(facts.cut)} to {day(facts.last)}" if facts.cut is not None else "each at a moment of their own"
    values = "; ".join(f"{name.replace('_', ' ')} {_numbers(tried)}" for name, tried in facts.values.items())
    return [
        ("validation", f"{facts.users:,} users, {window}"),
        *([("values to choose from", values)] if values else []),
    ]


def _versions(libraries: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in libraries.items())


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def made(how: Provenance) -> str:
    """Return when and by what the result was made, and which file it is of."""
    parts = [
        f"evaluated {day(int(how.evaluated_at))}" if how.evaluated_at is not None else "",
        how.version,
        *(f"sha256 of {role} {digest[:HASH]}…" for role, digest in list(how.sha256.items())[:1]),
    ]
    return " · ".join(filter(None, parts))


def in_short(how: Provenance, cut: int | None) -> list[str]:
    """Return the same in lines for the terminal; the hashes by their first letters."""
    left_out = ("data", "users asked about", "recommenders")
    parts = [f"{name}: {value}" for name, value in lines(how, cut) if name not in left_out and "sha256" not in name]
    hashes = ", ".join(f"{role} {digest[:HASH]}" for role, digest in how.sha256.items())
    return [*parts, f"sha256: {hashes}"]


def day(time: int) -> str:
    """Return a day of UTC."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d}"


def moment(time: int) -> str:
    """Return a moment of UTC, without the time of day at midnight."""
    return day(time) if time % DAY == 0 else f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"
