"""The job that trains a solution version: interactions in, a model and its metrics out.

It writes ``model/`` (see ``recommender_models.models.load``) and its training data ``interactions/`` into its folder.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from personalize_local.errors import JobFailed
from personalize_local.jobs import training_actions, training_semantic, training_update
from recommender_models.context import lifts
from recommender_models.context.lifts import Lifts
from recommender_models.evaluation import evaluate
from recommender_models.interactions import EMPTY, InteractionColumns, combine
from recommender_models.models import RECIPES, PersonalizedRanking, UserPersonalization
from recommender_models.record_columns import RecordColumns
from recommender_models.search import search
from recommender_models.selection import EventSelection
from recommender_models.settings import Settings
from recommender_models.splits import draw_test_users
from recommender_models.training_set import TrainingSet, select, shortage

Spec = Mapping[str, Any]


def run(spec: Spec, folder: Path) -> dict[str, Any]:
    """Train a model as the spec says.

    Spec: ``recipe`` (name), ``solution`` (as Describe shows it), ``interactions`` (folders of columns), ``users`` and
    ``items`` (paths of records, or None), ``minimums`` (whether the service's apply), ``seed``, and perhaps
    ``item_columns`` (column -> whether it is textual, of those that a training looks at; without it: all),
    ``context_columns`` (of interactions) and
    ``newer_columns`` (dataset type -> columns that are trained on only if the solution includes them). Result: the
    eight ``metrics``, the numbers of ``interactions``, ``users`` and ``items``, and the tuned ``hyperparameters``, if
    any. In the mode UPDATE the spec is that of ``training_update``. Raises JobFailed if there is too little to train
    on.
    """
    if "updated" in spec:
        return training_update.update(spec, folder)
    if spec["recipe"] == training_semantic.RECIPE:
        return training_semantic.train(_items(spec), _interactions(spec), folder)
    rows = _rows(spec, folder)
    if spec["recipe"] == training_actions.RECIPE:
        return training_actions.train(spec, rows, folder)
    users, items = _records(spec, "users"), _items(spec)
    recipe, seed = RECIPES[spec["recipe"]], spec["seed"]
    settings = Settings()
    tuned = bool(spec["solution"].get("performHPO")) and recipe in (UserPersonalization, PersonalizedRanking)
    if tuned:
        # Only on the training users of the metrics, whose test users stay unseen.
        settings = search(rows.take(~draw_test_users(rows, seed)[rows.users]), users, items, seed)
    metrics = evaluate(recipe, rows, users, items, settings, seed)
    model = recipe.fit(rows, users, items, settings)
    if isinstance(model, UserPersonalization | PersonalizedRanking):
        model = model.with_lifts(_lifts(spec, folder))
    model.save(folder / "model")
    counts = {"interactions": len(rows), "users": len(rows.user_ids), "items": len(rows.item_ids)}
    return {"metrics": metrics, **counts, **({"hyperparameters": settings.as_text()} if tuned else {})}


def _lifts(spec: Spec, folder: Path) -> Lifts:
    """Return what the contexts of the interactions that are trained on say."""
    columns = _chosen(spec, "interactions", spec.get("context_columns", ()))
    return lifts.fit(InteractionColumns.load(folder / "interactions"), columns)


def _chosen(spec: Spec, kind: str, names: Iterable[str]) -> list[str]:
    """Return the columns that the solution trains on (CreateSolution, trainingDataConfig)."""
    config, dataset = spec["solution"].get("solutionConfig", {}).get("trainingDataConfig", {}), kind.upper()
    included = config.get("includedDatasetColumns", {}).get(dataset)
    excluded = {*config.get("excludedDatasetColumns", {}).get(dataset, ())}
    excluded |= {*spec.get("newer_columns", {}).get(dataset, ())} - {*(included or ())}
    return [name for name in names if name not in excluded and (included is None or name in included)]


def _records(spec: Spec, kind: str) -> RecordColumns:
    records = RecordColumns.load(spec[kind])
    return replace(records, columns={name: records.columns[name] for name in _chosen(spec, kind, records.columns)})


def _items(spec: Spec) -> RecordColumns:
    items = _records(spec, "items")
    looked_at = spec.get("item_columns", dict.fromkeys(items.columns, False))
    columns = {name: values for name, values in items.columns.items() if name in looked_at}
    return replace(items, columns=columns, textual=[name for name in columns if looked_at[name]])


def _interactions(spec: Spec) -> InteractionColumns:
    """Return all interactions; those of no dataset are none."""
    return combine([EMPTY, *(InteractionColumns.load(Path(path)) for path in spec["interactions"])])


def _rows(spec: Spec, folder: Path) -> TrainingSet:
    selected, rows = select(_interactions(spec), EventSelection.of(spec["solution"]))
    reason = shortage(rows) if spec["minimums"] else None
    if reason or not len(rows):
        raise JobFailed(reason or "There are no interactions to train on that the solution's event types let through.")
    selected.save(folder / "interactions")
    return rows
