"""How much a shop sends, and what the settings make of it: the inputs of the formula, each with where it is from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal

from broker.profile_state import ProfileState
from broker.refresh_budget import due, refreshed
from broker.view_sample import VIEW

from blueprint.environments import FunctionConfig
from infra.cost import processor_time
from infra.settings import Settings
from lifecycle.rates import Rates

HOURS = 730  # of a month, as AWS's price calculator counts
SECONDS = HOURS * 3_600
DEFAULT = "default"


@dataclass(frozen=True)
class Shop:
    """What people know of their shop, and guess of the rest."""

    events_per_second: Decimal = Decimal(10)
    actions_per_visit: int = 10
    seconds_between_actions: int = 20
    views_share: Decimal = Decimal("0.9")


@dataclass(frozen=True)
class Traffic:
    """The inputs of the formula. An event is an interaction, a product line; per event is per event on the stream.

    ``sources``: where each input is from, for those that are no defaults.
    """

    events_per_second: Decimal
    reported_per_event: Decimal
    refreshes_per_event: Decimal
    writes_per_event: Decimal | None = None
    records_per_event: Decimal = Decimal("1.2")
    record_kb: Decimal = Decimal("3.4")
    processor_ms: Decimal = field(default_factory=lambda: processor_time.milliseconds()[processor_time.USUAL])
    wait_ms: Decimal = Decimal(200)
    trained_interactions: Decimal | None = None
    training_hours: Decimal = Decimal(1)
    impressions_per_event: Decimal = Decimal("0.2")
    changes_per_event: Decimal = Decimal("0.1")
    sources: Mapping[str, str] = field(default_factory=dict)

    def having(self, values: Mapping[str, Decimal | None], source: str) -> "Traffic":
        """Return it with those of the values that are known, and where they are from."""
        known = {name: value for name, value in values.items() if value is not None}
        return replace(self, **known, sources={**self.sources, **dict.fromkeys(known, source)})  # type: ignore[arg-type]

    @property
    def events(self) -> Decimal:
        """Return the events of a month."""
        return self.events_per_second * SECONDS

    def inputs(self) -> dict[str, tuple[Decimal, str]]:
        """Return the inputs by name: their values, and where each is from."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "sources"}
        values |= {"trained_interactions": self.trained, "writes_per_event": self.writes}
        return {name: (value, self.sources.get(name, DEFAULT)) for name, value in values.items()}

    @property
    def writes(self) -> Decimal:
        """Return the profiles written per event: by default one per refresh, as if each list had changed."""
        return self.refreshes_per_event if self.writes_per_event is None else self.writes_per_event

    @property
    def trained(self) -> Decimal:
        """Return the interactions that a training reads: by default those that a month reports."""
        return self.events * self.reported_per_event if self.trained_interactions is None else self.trained_interactions


def traffic(shop: Shop, settings: Settings) -> Traffic:
    """Return what a shop's traffic comes to with these settings."""
    options = settings.options
    others, views = 1 - shop.views_share, shop.views_share * Decimal(options.view_sample)
    if not _has_views(options.event_types):
        views = Decimal(0)
    if _has_views(options.refresh_actions) and views:
        refreshes = (others + views) * refreshes_per_action(shop, options)
    else:
        refreshes = others  # they are rare, so each has a refresh of its own
    return Traffic(
        events_per_second=shop.events_per_second,
        reported_per_event=others + views,
        refreshes_per_event=refreshes,
    )


def of_rates(now: Rates) -> dict[str, Decimal | None]:
    """Return the inputs that a period has counted, None for those that are not known."""

    def per_event(rate: float | None) -> Decimal | None:
        return None if rate is None or not now.interactions else Decimal(str(rate)) / Decimal(str(now.interactions))

    return {
        "events_per_second": Decimal(str(now.interactions)),
        "records_per_event": per_event(now.records),
        "reported_per_event": per_event(now.reported),
        "refreshes_per_event": per_event(now.get_recommendations.per_second),
        "writes_per_event": per_event(now.profiles_written),
    }


def _has_views(actions: str | None) -> bool:
    return actions is None or VIEW in (action.partition(":")[0].strip() for action in actions.split(","))


def refreshes_per_action(shop: Shop, options: FunctionConfig) -> Decimal:
    """Return the refreshes per action of a visit without a purchase, by the rule of ``refresh`` itself.

    A user has one visit a day, for the daily cap.
    """
    state, waits_until, refreshes = ProfileState(), None, 0
    for place in range(shop.actions_per_visit):
        now = 86_400.0 * 365 + place * shop.seconds_between_actions
        if waits_until is not None and now <= waits_until:
            continue  # the refresh that waits takes this action into account
        waits_until = due(state, now, is_purchase=False, per_day=options.refreshes_per_day)
        if waits_until is None:
            break
        state, refreshes = refreshed(state, waits_until, ""), refreshes + 1
    return Decimal(refreshes) / shop.actions_per_visit
