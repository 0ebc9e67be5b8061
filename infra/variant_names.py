"""The names of what a variant has in Personalize: solutions, campaigns and filters."""

import hashlib
import json
from typing import Any

from blueprint.experiment import EXPLORATION, ExperimentPlan, Need

MAX_READABLE = 54  # characters of a name, of 63, before its digest


def variant_name(broker: str, plan: ExperimentPlan, variant: str, need: Need) -> str:
    """Return a name that stays for as long as the resource can: a campaign's exploration can be changed."""
    fixed: list[Any] = [plan.experiment.name, variant, need.kind]
    fixed += [] if need.kind == EXPLORATION else [need.value]
    digest = hashlib.sha256(json.dumps(fixed).encode()).hexdigest()[:8]
    return f"{f'{broker}-{plan.experiment.name}-{variant}'[:MAX_READABLE]}-{digest}"
