"""Batch inference: one output line per line of the input files, by a trained version, without a campaign."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personalize_local.data.history import Imported
from personalize_local.errors import InvalidInput, JobFailed
from personalize_local.exploration import exploration_of
from personalize_local.jobs.answer_files import answer_files
from personalize_local.jobs.answering import Batch, Select
from personalize_local.jobs.filter_spec import RecordSnapshot, bind_from
from personalize_rules.recipes import PREFIX
from recommender_models import models
from recommender_models.selection import EventSelection

DEFAULT_RESULTS, MOST_RESULTS = 25, 500


def run(spec: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write ``NAME.out`` below the output location for every input file; return how many lines there were and failed.

    ``spec``: ``version`` (the training's folder), ``data_location``, ``output_location``, ``s3_endpoint``,
    ``num_results``, ``filter``, ``users``, ``items``, and perhaps ``columns`` (dataset type -> column -> Avro types, by
    which the filter's values are checked), ``config`` (the job's, which may say how much lists explore) and
    ``solution``, whose events' weights are used: without it all weights are equal. An invalid line gets an error and
    does not fail the job. Raises JobFailed.
    """
    model = models.load(Path(spec["version"]) / "model")
    if isinstance(model, models.UserPersonalization):
        recipe = spec.get("solution", {}).get("recipeArn", "").removeprefix(PREFIX)
        model = model.with_exploration(exploration_of(recipe, spec.get("config", {})))
    return run_with(model, spec, folder)


def run_with(model: Any, spec: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Run the job with a loaded model."""
    batch = _batch(model, spec)
    return answer_files(spec, folder, lambda lines: (batch.answer(number, line) for number, line in lines))


def _batch(model: Any, spec: Mapping[str, Any]) -> Batch:
    limit = spec.get("num_results") or DEFAULT_RESULTS
    if not 0 < limit <= MOST_RESULTS:
        raise JobFailed(f"numResults must be 1 to {MOST_RESULTS}")
    try:
        weigh = EventSelection.of(spec.get("solution") or {}).weigh
        select = _select(spec, RecordSnapshot.load(spec["items"])) if spec.get("filter") else None
    except (InvalidInput, ValueError) as error:
        raise JobFailed(str(error)) from error
    history = Imported(Path(spec["version"])).for_user
    return Batch(model, limit, history, weigh, RecordSnapshot.load(spec.get("users")), select)


def _select(spec: Mapping[str, Any], items: RecordSnapshot) -> Select:
    bind = bind_from(spec)
    return lambda values, own, user, item: bind(values).select(items, own, user, current_item=item)
