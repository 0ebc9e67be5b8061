"""Who takes part: the lists of each recommender for each task, trained here or given from outside."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evaluation.data.item_columns import categories_of
from evaluation.data.list_files import ExternalLists
from evaluation.progress import Advance, Begin, unseen
from evaluation.recommenders import ranked
from evaluation.recommenders.models import models_of
from evaluation.recommenders.ranked import Ranker
from evaluation.recommenders.registry import RecommenderSpec
from evaluation.recommenders.score_blocks import Blocks, lists_by_task
from evaluation.recommenders.trained_models import TrainedModels
from evaluation.recommenders.tuning import Choice, Chosen, Validation, ValidationFacts, defaults
from evaluation.scoring.metrics import PLACES
from evaluation.spark.training import SparkTraining
from evaluation.task import ALL_ITEMS, NEW_ITEMS, TASKS, Pairs, Task
from recommender_models.record_columns import RecordColumns
from recommender_models.training_set import Codes, TrainingSet

TOO_LITTLE = "in the validation, too little came true to learn from"
NO_VALIDATION = "it learns from the validation, which --no-tuning skips"
SAY_NOTHING = "the attributes of known items are not shown to tell who takes them"
UNCHANGED = "lists from outside, taken as they are"


@dataclass(frozen=True, eq=False)
class Candidate:
    """``lists``: by task, users by places. ``settings``: by task, the values used, empty where there are none.

    ``seconds``: for choosing settings, learning and making the lists; ``external``: what is known of lists from
    outside; ``validated``: by task, the NDCG@10 in the validation, empty where there was none; ``choices``: by task,
    how the settings came about; ``shuffled``: by task, the lists for histories in another order, of a recommender that
    lives by the order; ``validation``: who was asked about in it.
    """

    name: str
    description: str
    lists: Mapping[str, Codes]
    baseline: bool = False
    personal: bool = True
    settings: Mapping[str, Mapping[str, float]] | None = None
    seconds: float = 0.0
    external: ExternalLists | None = None
    validated: Mapping[str, float] | None = None
    choices: Mapping[str, Choice] | None = None
    shuffled: Mapping[str, Codes] | None = None
    validation: ValidationFacts | None = None


def train(
    task: Task,
    users: RecordColumns,
    recommenders: Sequence[RecommenderSpec],
    seed: int,
    begin: Begin,
    tune: bool = True,
    like: Sequence[Candidate] = (),
    items: RecordColumns | None = None,
) -> tuple[list[Candidate], list[str]]:
    """Return an entry for each kind, and notes on those left out and on settings. ``begin`` shows how far it is.

    ``tune``: whether settings are chosen by validation; those of baselines always are, as a weak one flatters others.
    ``like``: those of an earlier cut, whose settings and validation hold here, too; whoever is not among them gets the
    defaults. ``items``: the Items dataset; without categories in it nobody takes part who lives by them.
    """
    items = items or RecordColumns()
    known = bool(categories_of(items))
    recommenders = [
        recommender
        for recommender in recommenders
        if (known or not recommender.by_category) and (items.columns or not recommender.by_attributes)
    ]
    left_out = {recommender.name: _why_not(recommender, task) for recommender in recommenders}
    notes = [f"{name} is left out: {why}" for name, why in left_out.items() if why]
    fitting = [recommender for recommender in recommenders if not left_out[recommender.name]]
    # All settings first: what was learned for the validation is gone before the large matrices are learned again.
    chosen, ranker, facts = _validated(task, users, fitting, seed, begin, tune, like, items)
    models = models_of(task, users, seed, items)
    past = task.known_past()
    candidates = []
    for recommender in fitting:
        choices, validated, seconds = chosen.get(recommender.name, (defaults(recommender), {}, 0.0))
        if recommender.learns_order:
            if ranker:
                candidates.append(_ordered(recommender, ranker, task, past, models))
            else:
                notes.append(f"{recommender.name} is left out: {TOO_LITTLE if tune else NO_VALIDATION}")
            continue
        if recommender.by_attributes and models.content(choices[ALL_ITEMS].settings.regularisation) is None:
            notes.append(f"{recommender.name} is left out: {SAY_NOTHING}")
            continue
        entry = _entry(recommender, task, past, models, choices, seconds, begin)
        candidates.append(replace(entry, validated=validated))
    candidates = [replace(candidate, validation=facts) for candidate in candidates]
    return candidates, [*notes, *models.notes(), *_at_end(candidates)]


def _validated(
    task: Task,
    users: RecordColumns,
    recommenders: Sequence[RecommenderSpec],
    seed: int,
    begin: Begin,
    tune: bool,
    like: Sequence[Candidate],
    items: RecordColumns,
) -> tuple[dict[str, tuple[Chosen, dict[str, float], float]], Ranker | None, ValidationFacts | None]:
    """Return what validation chose by name, the order that it taught, if one is to be learned, and whom it asked."""
    to_tune = [
        recommender
        for recommender in recommenders
        if not recommender.learns_order and (tune or (recommender.baseline and recommender.searched))
    ]
    learns_order = tune and any(recommender.learns_order for recommender in recommenders)
    before = next((candidate.validation for candidate in like if candidate.validation), None)
    if not learns_order and (like or not to_tune):
        return _taken(like), None, before
    validation = Validation(task, users, seed, items)
    chosen = _taken(like) if like else _chosen(validation, to_tune, begin)
    ranker = _ranker(validation, chosen, users, items, seed) if learns_order else None
    return chosen, ranker, before or validation.facts(to_tune)


def _chosen(
    validation: Validation, recommenders: Sequence[RecommenderSpec], begin: Begin
) -> dict[str, tuple[Chosen, dict[str, float], float]]:
    """Return by name the settings, what they reach in the validation, and the seconds that this took."""
    settings_by_name: dict[str, tuple[Chosen, dict[str, float], float]] = {}
    for recommender in recommenders:
        trials = validation.to_try(recommender)
        done = begin(f"settings of {recommender.name}", trials) if trials else unseen("", None)
        began = time.perf_counter()
        start = settings_by_name[recommender.like][0] if recommender.like in settings_by_name else None
        chosen = validation.choose(recommender, done, start)
        reached = validation.reached(recommender, chosen)
        settings_by_name[recommender.name] = chosen, reached, time.perf_counter() - began
    return settings_by_name


def _taken(like: Sequence[Candidate]) -> dict[str, tuple[Chosen, dict[str, float], float]]:
    """Return the settings and the validation of candidates that were trained before."""
    return {
        candidate.name: (dict(candidate.choices), dict(candidate.validated or {}), 0.0)
        for candidate in like
        if candidate.choices is not None
    }


def _ranker(
    validation: Validation,
    chosen: Mapping[str, tuple[Chosen, dict[str, float], float]],
    users: RecordColumns,
    items: RecordColumns,
    seed: int,
) -> Ranker | None:
    if validation.task is None or validation.models is None:
        return None
    settings = {
        name: {task_name: choice.settings for task_name, choice in choices.items()}
        for name, (choices, _, _) in chosen.items()
    }
    return ranked.learn(validation.task, validation.models, settings, users, items, seed)


def _ordered(
    recommender: RecommenderSpec, ranker: Ranker, task: Task, past: TrainingSet, models: TrainedModels
) -> Candidate:
    began = time.perf_counter()
    lists_by_task = {task_name: ranker.lists(task, models, past, task_name) for task_name in ranker.orders}
    seconds = time.perf_counter() - began
    settings = {task_name: {"candidates": float(ranked.CANDIDATES), **ranked.TREES} for task_name in lists_by_task}
    return Candidate(
        recommender.name,
        recommender.description,
        lists_by_task,
        settings=settings,
        seconds=seconds,
        validated=ranker.reached,
    )


def external(name: str, external_lists: ExternalLists, description: str = UNCHANGED) -> Candidate:
    """Return the entry of lists from outside: the same lists for every task, as they were given."""
    return Candidate(name, description, dict.fromkeys(TASKS, external_lists.lists), external=external_lists)


def _entry(
    recommender: RecommenderSpec,
    task: Task,
    past: TrainingSet,
    models: TrainedModels,
    chosen: Chosen,
    choosing: float,
    begin: Begin,
) -> Candidate:
    began = time.perf_counter()
    owned = task.owned()
    tasks = [task_name for task_name in TASKS if not (recommender.repeats and task_name == NEW_ITEMS)]
    choices = {task_name: chosen[task_name] for task_name in tasks}
    done = begin(recommender.name, task.users * len({choice.settings for choice in choices.values()}))
    top_lists = _lists(recommender, models, past, choices, owned, done)
    shuffled = None
    if recommender.by_order:
        in_another_order = past.shuffled(np.random.default_rng(models.seed))
        shuffled = _lists(recommender, models, in_another_order, choices, owned)
    settings = {
        task_name: {name: getattr(choice.settings, name) for name in recommender.searched}
        for task_name, choice in choices.items()
    }
    seconds = choosing + time.perf_counter() - began
    return Candidate(
        recommender.name,
        recommender.description,
        top_lists,
        recommender.baseline,
        recommender.personal,
        settings,
        seconds,
        choices=choices,
        shuffled=shuffled,
    )


def _at_end(candidates: Sequence[Candidate]) -> list[str]:
    """Return a note on values at the end of what was tried: a further one might be better still."""
    ends = [
        f"{candidate.name}, {task_name}: {name.replace('_', ' ')} {getattr(choice.settings, name):g} is the {end}"
        for candidate in candidates
        for task_name, choice in (candidate.choices or {}).items()
        for name, end in choice.at_end.items()
    ]
    return [f"settings at the end of what was tried: {'; '.join(ends)}"] if ends else []


def _lists(
    recommender: RecommenderSpec,
    models: TrainedModels,
    past: TrainingSet,
    choices: Chosen,
    owned: Pairs,
    done: Advance = lambda more: None,
) -> dict[str, Codes]:
    """Return the lists by task; what has the same settings is scored once."""
    found: dict[str, Codes] = {}
    for settings in dict.fromkeys(choice.settings for choice in choices.values()):
        names = [task_name for task_name, choice in choices.items() if choice.settings == settings]
        found |= lists_by_task(_counted(recommender.score(models, past, settings), done), names, owned, PLACES)
    return {task_name: found[task_name] for task_name in choices}


def _counted(blocks: Blocks, done: Advance) -> Blocks:
    for block in blocks:
        yield block
        done(len(block))


def _why_not(recommender: RecommenderSpec, task: Task) -> str:
    """Return why a recommender can't take part, or nothing."""
    if recommender.most_items is not None and task.trained_items > recommender.most_items:
        return f"{task.trained_items:,} items are more than the {recommender.most_items:,} that it can take"
    if isinstance(task.train, SparkTraining):
        return "" if recommender.name in task.train.recommenders else "Spark has not counted what it learns from"
    if (recommender.learns_order or recommender.by_attributes) and not isinstance(task.train, TrainingSet):
        return "it learns from all interactions at once, and they are more than --memory holds"
    return ""
