"""Trains in the mode UPDATE: the model of an earlier training, which takes the items that are new since into its lists.

https://docs.aws.amazon.com/personalize/latest/dg/API_CreateSolutionVersion.html, trainingMode: not a retraining.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personalize_local.data.history import link_or_copy
from recommender_models import models
from recommender_models.record_columns import RecordColumns


def update(spec: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write ``model/`` and ``interactions/`` into the folder; return what the earlier training has found out.

    Spec: ``updated`` (a folder with both of that training), ``trained`` (its result), ``items`` (path of records, or
    None).
    """
    earlier = Path(spec["updated"])
    model = models.load(earlier / "model")
    assert isinstance(model, models.UserPersonalization)  # noqa: S101 - no other recipe has this mode
    model.with_new_items(RecordColumns.load(spec["items"]).properties()).save(folder / "model")
    shutil.copytree(earlier / "interactions", folder / "interactions", copy_function=link_or_copy)
    return dict(spec["trained"])
