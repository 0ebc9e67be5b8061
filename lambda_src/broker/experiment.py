"""An experiment: its variants, the holdout that gets no list, and which of them each user is in.

A user's variant follows from hashes of their mpid: nothing is drawn or stored, and two processes never disagree. The
holdout has a hash of its own, so that a change of the variants' weights moves nobody into it or out of it. The other
variants share the rest by weighted rendezvous hashing: a raised weight moves users to that variant only, and the fewest
that reach the new shares (Schindelhauer and Schomaker, Weighted Distributed Hash Tables, SPAA 2005).
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from broker.json_values import mapping

HOLDOUT = "holdout"  # the name of the variant
NONE, POPULAR = HOLDOUT_LISTS = ("none", "popular")
MAX_VARIANTS = 20  # of at most 100 sources that a metric attribution counts (Amazon Personalize quotas)
MAX_WEIGHT = 1_000_000
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True)
class Variant:
    """One way to recommend. ``campaign_arn`` and ``filter_arn`` are None where they are those of all users."""

    weight: int
    campaign_arn: str | None = None
    filter_arn: str | None = None


@dataclass(frozen=True)
class EarlierEpoch:
    """The variants' weights from ``began``, in epoch seconds, until the next epoch began."""

    began: int
    weights: Mapping[str, int]


@dataclass(frozen=True)
class Experiment:
    """``holdout``: the percentage of users in it; ``holdout_list``: what they get, ``none`` or ``popular``.

    ``epoch``: from 1; it grows whenever a weight changes. ``holdout_campaign_arn``: of the popular list. ``began``:
    when the weights of now began, in epoch seconds; ``earlier``: those before them, oldest first. Only the analysis
    needs these two.
    """

    name: str
    variants: Mapping[str, Variant]
    holdout: float = 0.0
    holdout_list: str = NONE
    epoch: int = 1
    holdout_campaign_arn: str | None = None
    began: int | None = None
    earlier: Sequence[EarlierEpoch] = ()

    def variant_of(self, mpid: int) -> str:
        """Return the name of a user's variant."""
        if _uniform(self.name, HOLDOUT, mpid) * 100 < self.holdout:
            return HOLDOUT
        return max(self.variants, key=lambda name: self._score(name, mpid))

    def list_of(self, variant: str) -> Variant | None:
        """Return what decides on the lists of a variant, the holdout's too; None for a holdout without lists."""
        if variant != HOLDOUT:
            return self.variants[variant]
        return None if self.holdout_list == NONE else Variant(0, self.holdout_campaign_arn)

    def source_of(self, mpid: int) -> str:
        """Return what a metric attribution credits a user's events to.

        The experiment is part of it: a report adds up by source, and the next experiment may have the same variants.
        """
        return f"{self.name}/{self.variant_of(mpid)}"

    def _score(self, name: str, mpid: int) -> tuple[float, str]:
        # Of exponential variables with these rates, the smallest is each one's as often as its weight says.
        return self.variants[name].weight / -math.log(_uniform(self.name, f"variant {name}", mpid)), name


def experiment_from(value: object) -> Experiment:
    """Read an experiment from parsed JSON. Raises ValueError, which says what to write.

    ``{"name": "autumn", "holdout": 10, "holdout_list": "none", "epoch": 1, "variants": {"control": {"weight": 50},
    "fresh": {"weight": 40, "campaign_arn": "arn:…", "filter_arn": "arn:…"}}}``. After a change of weights also
    ``"from": "2026-11-16", "earlier": [{"from": "2026-11-02", "weights": {"control": 60, "fresh": 30}}]``.
    """
    given = _object(value, 'must be an object like {"name": "autumn", "variants": {"control": {"weight": 1}}}')
    known = {"name", "variants", "holdout", "holdout_list", "holdout_campaign_arn", "epoch", "from", "earlier"}
    _refuse_unknown("an experiment", given, known)
    variants = {name: _variant(name, each) for name, each in mapping(given.get("variants")).items()}
    holdout: Any = given.get("holdout", 0)
    earlier = _earlier(given.get("earlier", []), set(variants))
    epoch: Any = given.get("epoch", len(earlier) + 1)
    holdout_list = given.get("holdout_list", NONE)
    if not 1 <= len(variants) <= MAX_VARIANTS:
        raise ValueError(f"must have 1 to {MAX_VARIANTS} variants, not {len(variants)}")
    if not _is_number(holdout) or not 0 <= holdout < 100:
        raise ValueError(f"holdout must be a percentage from 0 to below 100, not {holdout!r}")
    if holdout_list not in HOLDOUT_LISTS:
        raise ValueError(f"holdout_list must be {' or '.join(HOLDOUT_LISTS)}, not {holdout_list!r}")
    if not _is_whole(epoch) or not 1 <= epoch <= 1000:
        raise ValueError(f"epoch must be a whole number from 1 to 1000, not {epoch!r}")
    if earlier and epoch != len(earlier) + 1:
        raise ValueError(f"epoch must be {len(earlier) + 1} after {len(earlier)} earlier, not {epoch}")
    began = None if given.get("from") is None else _moment("from", given["from"])
    _in_order(earlier, began)
    popular = _arn("the holdout", given, "campaign", "holdout_campaign_arn")
    name = _named("name", given.get("name"))
    return Experiment(name, variants, float(holdout), holdout_list, epoch, popular, began, earlier)


def _earlier(value: object, names: set[str]) -> tuple[EarlierEpoch, ...]:
    if not isinstance(value, list):
        raise ValueError('earlier must be a list of objects like {"from": "2026-11-02", "weights": {"control": 50}}')  # noqa: TRY004
    return tuple(_earlier_epoch(each, names) for each in value)


def _earlier_epoch(value: object, names: set[str]) -> EarlierEpoch:
    given = _object(value, 'earlier must have objects like {"from": "2026-11-02", "weights": {"control": 50}}')
    _refuse_unknown("an earlier epoch", given, {"from", "weights"})
    weights = mapping(given.get("weights"))
    if set(weights) != names:
        raise ValueError(f"an earlier epoch must have a weight for each of {', '.join(sorted(names))}, and no other")
    return EarlierEpoch(
        _moment("from", given.get("from")), {name: _weight(name, each) for name, each in weights.items()}
    )


def _in_order(earlier: Sequence[EarlierEpoch], began: int | None) -> None:
    if earlier and began is None:
        raise ValueError("earlier needs from: when the weights of now began")
    moments = [*(epoch.began for epoch in earlier), *([] if began is None else [began])]
    if sorted(set(moments)) != moments:
        raise ValueError("earlier must be oldest first, and all of it before from")


def _variant(name: str, value: object) -> Variant:
    if _named("a variant's name", name) == HOLDOUT:
        raise ValueError(f"a variant must not be called {HOLDOUT}: holdout is a percentage of its own")
    given = _object(value, f'variant {name} must be an object like {{"weight": 50}}')
    _refuse_unknown(f"variant {name}", given, {"weight", "campaign_arn", "filter_arn"})
    of_variant = f"variant {name}"
    campaign, filter_ = (_arn(of_variant, given, kind, f"{kind}_arn") for kind in ("campaign", "filter"))
    return Variant(_weight(name, given.get("weight")), campaign, filter_)


def _weight(name: str, weight: Any) -> int:
    if not _is_whole(weight) or not 1 <= weight <= MAX_WEIGHT:
        raise ValueError(f"variant {name}: weight must be a whole number from 1 to {MAX_WEIGHT}, not {weight!r}")
    return int(weight)


def _moment(name: str, value: object) -> int:
    """Return a date or a moment of ISO 8601, in UTC where it has no zone, as epoch seconds."""
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f"{name} must be a date like 2026-11-02, or 2026-11-02T09:00Z, not {value!r}") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _object(value: object, otherwise: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(otherwise)  # noqa: TRY004 - one kind of error for all wrong values
    return value


def _arn(whose: str, value: Mapping[str, Any], kind: str, key: str) -> str | None:
    arn = value.get(key)
    if arn is not None and not re.fullmatch(rf"arn:\S+:personalize:\S+:{kind}/\S+", str(arn)):
        raise ValueError(f"{whose}: {key} must be an ARN of a {kind}, not {arn!r}")
    return arn


def _named(what: str, value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError(f"{what} must be at most 40 small letters, digits, hyphens and underscores, not {value!r}")
    return value


def _refuse_unknown(what: str, value: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(value.keys() - known)
    if unknown:
        raise ValueError(f"{what} has no {', '.join(unknown)}; it may have {', '.join(sorted(known))}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _uniform(experiment: str, salt: str, mpid: int) -> float:
    """Return a number between 0 and 1, both left out, that anybody computes again from the same three."""
    key = f"{experiment}|{salt}|{mpid}".encode()
    return (int.from_bytes(hashlib.sha256(key).digest()[:6]) + 0.5) / 2**48
