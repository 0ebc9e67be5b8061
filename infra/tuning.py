"""What is wanted of each solution of a stack, from its settings, and the file by which a deployment knows it."""

import json
from collections.abc import Sequence
from pathlib import Path

from blueprint.experiment import RECIPE
from infra.settings import Settings, Stage
from infra.tuning_settings import EventWeight, Tuning
from infra.variant_names import variant_name
from lifecycle.tuning import OFF, Event, Wanted

FILE = "tuning.json"


def wanted(settings: Settings) -> list[Wanted]:
    """Return what is wanted of the solution, and of those of an experiment's variants; nothing by default."""
    tuning, plan, name = settings.tuning, settings.experiment, settings.name
    recipes = {name: settings.personalize.recipe}
    if plan:
        needs = {variant: need for variant, need in plan.needs.items() if need.kind == RECIPE}
        recipes |= {variant_name(name, plan, variant, need): str(need.value) for variant, need in needs.items()}
    found = [_wanted(solution, tuning.of(recipe)) for solution, recipe in recipes.items()]
    return [one for one in found if one.events is not None or one.schedule is not None]


def write_tuning(folder: Path, settings: Settings) -> None:
    """Write it beside a synthesised template; before there is a solution, nothing is wanted."""
    found = [] if settings.stage is Stage.COLLECT else wanted(settings)
    values = [one.as_json() for one in found]
    (folder / FILE).write_text(json.dumps({"stack": settings.name, "solutions": values}), "utf-8")


def read_tuning_file(folder: Path) -> tuple[str, Sequence[Wanted]]:
    """Return the stack, and what is wanted; nothing where something else than ``app.py`` synthesised."""
    path = folder / FILE
    if not path.exists():
        return "", []
    value = json.loads(path.read_text("utf-8"))
    return value["stack"], [Wanted.from_json(one) for one in value["solutions"]]


def _wanted(solution: str, tuning: Tuning) -> Wanted:
    events = None if tuning.events is None else tuple(map(_event, tuning.events))
    if tuning.days is None:
        return Wanted(solution, events)
    plural = "" if tuning.days == 1 else "s"
    return Wanted(solution, events, f"rate({tuning.days} day{plural})" if tuning.days else OFF)


def _event(event: EventWeight) -> Event:
    threshold = {} if event.threshold is None else {"eventValueThreshold": event.threshold}
    return {"eventType": event.event_type, "weight": event.weight, **threshold}
