"""Batch segment jobs: for each line of the input, the users with the highest affinity to an item or an attribute.

Shapes: Amazon Personalize Developer Guide, "Preparing input data for user segments" and "Batch segment job output
format examples". A line that fails has an ``error``, as in a batch inference job. AWS shows no answer to a line with
``filterValues``: here it repeats them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from personalize_local.errors import InvalidInput, JobFailed
from personalize_local.filters.attributes import items_with
from personalize_local.jobs.allowed_users import AllowedUsers, Mask
from personalize_local.jobs.answer_files import Line, answer_files
from personalize_local.jobs.answering import parsed_line, text_of
from personalize_local.jobs.filter_spec import RecordSnapshot, bind_from, values_of
from recommender_models import models
from recommender_models.interactions import InteractionColumns
from recommender_models.models import UserSegments
from recommender_models.record_columns import Properties
from recommender_models.selection import EventSelection
from recommender_models.training_set import TrainingSet, select

BY_ITEM, BY_ATTRIBUTE = "aws-item-affinity", "aws-item-attribute-affinity"
MAX_EXPRESSION = 2500  # characters, as of a filter's expression


def run(spec: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write ``NAME.out`` below the output location for every input file; return how many lines there were and failed.

    ``spec``: ``version`` (the training's folder), ``recipe``, ``solution``, ``users``, ``items``, ``columns`` (of
    items: column -> Avro types), ``num_results``, perhaps ``users_filter`` (of ``filter_spec``), and what
    ``answer_files`` takes. Raises JobFailed.
    """
    model = models.load(Path(spec["version"]) / "model")
    if not isinstance(model, UserSegments):
        raise JobFailed("The solution version is not one of a recipe for user segments")
    interactions = InteractionColumns.load(Path(spec["version"]) / "interactions")
    _, rows = select(interactions, EventSelection.of(spec["solution"]))
    users, allowed = RecordSnapshot.load(spec["users"]), None
    if spec.get("users_filter"):
        allowed = AllowedUsers(bind_from(spec["users_filter"]), users, interactions, rows.user_ids)
    return answer_files(spec, folder, Segments(model, rows, users, allowed, spec).answers)


@dataclass(frozen=True)
class Question:
    """One line: what it says, as the answer repeats it, the items that it is about, and who may be in the segment."""

    shown: Mapping[str, Any]
    items: list[str]
    allowed: Mask | None = None
    error: str | None = None


class Segments:
    """Answers lines with the users of a training."""

    def __init__(
        self,
        model: UserSegments,
        rows: TrainingSet,
        users: Mapping[str, Properties],
        allowed: AllowedUsers | None,
        spec: Mapping[str, Any],
    ) -> None:
        self._model = model
        self._rows = rows
        self._users = users
        self._allowed = allowed
        self._recipe = spec["recipe"]
        self._columns: Mapping[str, frozenset[str]] = {
            name: frozenset(types) for name, types in spec["columns"].items()
        }
        self._limit: int = spec["num_results"]
        self._items = RecordSnapshot.load(spec["items"])

    def answers(self, lines: Iterable[Line]) -> Iterator[tuple[str, bool]]:
        """Yield the answer to each line, and whether it succeeded; one pass over the users answers all."""
        questions = [self._question(number, line) for number, line in lines]
        if not questions:
            return
        users = [self._users.get(user) for user in self._rows.user_ids]
        affinities = self._model.affinities(self._rows, users, [question.items for question in questions])
        for column, question in enumerate(questions):
            answer = dict(question.shown)
            if question.error is None:
                answer["output"] = {"recommendedUsers": self._best(affinities[:, column], question.allowed)}
            else:
                answer |= {"output": None, "error": question.error}
            yield json.dumps(answer, separators=(",", ":")), question.error is None

    def _best(self, affinities: np.ndarray, allowed: Mask | None) -> list[str]:
        order = np.argsort(-affinities, kind="stable")
        chosen = order if allowed is None else order[allowed[order]]
        return [self._rows.user_ids[user] for user in chosen[: self._limit].tolist()]

    def _question(self, number: int, line: bytes | None) -> Question:
        request: Any = None
        try:
            request = parsed_line(line)
            values = values_of(request, has_filter=self._allowed is not None)
            allowed = self._allowed.mask(values) if self._allowed else None
            if self._recipe == BY_ITEM:
                return Question({"input": request}, [self._item(request)], allowed)
            expression = text_of(request, "itemAttributes", MAX_EXPRESSION)
            shown = {"itemAttributes": expression} | ({"filterValues": values} if values else {})
            return Question(shown, items_with(expression, self._items, self._columns), allowed)
        except InvalidInput as refused:
            return Question({"input": request}, [], error=f"line {number}: {refused}")

    def _item(self, request: Mapping[str, Any]) -> str:
        item = text_of(request, "itemId")
        if item not in self._model.catalogue.code:
            raise InvalidInput("the item is in neither the interactions nor the items of the training")
        return item
