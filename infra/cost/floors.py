"""What the variants of an experiment cost each month at least: a campaign of a variant's own costs also where idle."""

from collections.abc import Mapping
from decimal import Decimal

from broker.experiment import HOLDOUT

from blueprint.experiment import RECIPE, Need
from infra.cost.prices import UNITS, Prices
from infra.cost.traffic import SECONDS
from infra.settings import Settings

V2 = "-v2"  # these recipes have prices of their own (Personalize, User-Personalization-v2 recipe)
NOTHING, GIVEN = "nothing by the hour", "what the given campaign costs anyway"


def campaign_price(recipe: str, requests: Decimal) -> tuple[str, Decimal]:
    """Return the name of the price of requests to a campaign, and how many of what it is for."""
    return ("personalize_v2_requests", requests) if recipe.endswith(V2) else ("personalize_tps_hour", requests / 3_600)


def recipe_of(need: Need, settings: Settings) -> str:
    """Return the recipe by which what is made for a variant is charged."""
    return str(need.value) if need.kind == RECIPE else settings.personalize.recipe


def floors(settings: Settings, prices: Prices) -> dict[str, str]:
    """Return of each variant, and of the holdout, what it costs at least, in words."""
    plan = settings.experiment
    if plan is None:
        return {}
    holdout = [HOLDOUT] if plan.experiment.holdout else []
    given = {name for name, variant in plan.experiment.variants.items() if variant.campaign_arn}
    given |= {HOLDOUT} if plan.experiment.holdout_campaign_arn else set()
    return {
        name: GIVEN if name in given else _floor(plan.needs.get(name), settings, prices)
        for name in (*plan.experiment.variants, *holdout)
    }


def _floor(need: Need | None, settings: Settings, prices: Prices) -> str:
    if need is None or not need.has_campaign:
        return NOTHING
    name, count = campaign_price(recipe_of(need, settings), Decimal(SECONDS))
    price = prices.of(name)
    usd = "no price known" if price is None else f"{count / UNITS[name].size * price:,.2f} USD"
    solution = ", and a solution, whose trainings cost as well" if need.kind == RECIPE else ""
    return f"a campaign, at least {usd} per month by the example prices of {prices.region}{solution}"


def shares(settings: Settings) -> Mapping[str, Decimal]:
    """Return the share of the refreshes that each variant with a campaign of its own takes; the holdout's, too."""
    plan = settings.running_experiment
    if plan is None:
        return {}
    experiment = plan.experiment
    holdout = Decimal(str(experiment.holdout)) / 100
    total = sum(variant.weight for variant in experiment.variants.values())
    of_variants = {name: (1 - holdout) * each.weight / total for name, each in experiment.variants.items()}
    return of_variants | {HOLDOUT: holdout}
