"""Answers the lines of a batch inference job: a request per line as JSON, and the model's recommendations.

Shapes: Amazon Personalize Developer Guide, "Preparing input data for batch recommendations" and "Batch inference job
output examples"; only recipes for users and for ranking give scores.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from personalize_local.errors import InvalidInput
from personalize_local.jobs.filter_spec import values_of
from recommender_models.interactions import Interaction

MAX_ID = 256  # characters
MAX_RANKED = 500  # items of one line (GetPersonalizedRanking, inputList)
SIMILAR, RANKING, POPULARITY = ("similar-items", "semantic-similarity"), "personalized-ranking", "popularity"

Scored = Sequence[tuple[str, float]]
Properties = Mapping[str, object]
History = list[Interaction]


class ItemFilter(Protocol):
    """The items that a filter allows."""

    def allows(self, item_id: str) -> bool: ...


Select = Callable[[Mapping[str, str], History, Properties | None, str | None], Any]
"""``filterValues``, history, the user's properties, the current item → Selection. Raises InvalidInput."""


@dataclass(frozen=True)
class Batch:
    """The context of all lines of a job. ``limit``: items per answer at most; ``weigh`` gives events their weights."""

    model: Any
    limit: int
    history_for: Callable[[str], History]
    weigh: Callable[[History], Sequence[tuple[Interaction, float]]]
    users: Mapping[str, Properties]
    select: Select | None = None

    def answer(self, number: int, line: bytes | None) -> tuple[str, bool]:
        """Return the answer to a line as one line of JSON, and whether it succeeded; otherwise it holds the error.

        ``line``: None for a line that is too long.
        """
        request: Any = None
        try:
            request = parsed_line(line)
            output, error = self._output(request), None
        except InvalidInput as refused:
            output, error = None, f"line {number}: {refused}"
        document = {"input": request, "output": output, "error": error}
        return json.dumps(document, separators=(",", ":")), error is None

    def _output(self, request: Mapping[str, Any]) -> dict[str, Any]:
        kind = self.model.kind
        if kind in SIMILAR:
            item = text_of(request, "itemId")
            scored = self.model.similar(item, self.limit, selection=self._selection(request, [], None, item))
        elif kind == RANKING:
            scored = self._ranked(request)
        else:
            scored = self._recommended(request)
        output: dict[str, Any] = {"recommendedItems": [item for item, _ in scored]}
        if kind not in (*SIMILAR, POPULARITY):
            output["scores"] = [float(score) for _, score in scored]
        return output

    def _recommended(self, request: Mapping[str, Any]) -> Scored:
        user_id = text_of(request, "userId")
        own, user = self.history_for(user_id), self.users.get(user_id)
        selection = self._selection(request, own, user, None)
        scored: Scored = self.model.recommend(self._events(own), self.limit, user=user, selection=selection)
        return scored

    def _ranked(self, request: Mapping[str, Any]) -> Scored:
        user_id, items = text_of(request, "userId"), _item_list(request)
        own, user = self.history_for(user_id), self.users.get(user_id)
        selection: ItemFilter | None = self._selection(request, own, user, None)
        candidates = [item for item in items if selection is None or selection.allows(item)]
        scored: Scored = self.model.rank(self._events(own), candidates, user=user)
        return scored

    def _events(self, own: History) -> list[tuple[str, float, float]]:
        return [(interaction.item, interaction.time, weight) for interaction, weight in self.weigh(own)]

    def _selection(self, request: Mapping[str, Any], own: History, user: Properties | None, item: str | None) -> Any:
        values = values_of(request, has_filter=self.select is not None)
        return self.select(values, own, user, item) if self.select is not None else None


def parsed_line(line: bytes | None) -> dict[str, Any]:
    """Return the JSON object of a line, None for one that is too long. Raises InvalidInput."""
    if line is None:
        raise InvalidInput("the line is too long")
    try:
        request = json.loads(line)
        json.dumps(request, allow_nan=False)  # the answer repeats it
    except (ValueError, RecursionError) as error:
        raise InvalidInput("not JSON") from error
    if not isinstance(request, dict):
        raise InvalidInput("not a JSON object")
    return request


def text_of(request: Mapping[str, Any], key: str, longest: int = MAX_ID) -> str:
    """Return a member of a line that must be there. Raises InvalidInput."""
    if key not in request:
        raise InvalidInput(f"{key} is missing; the recipe needs it")
    return _checked(request[key], key, longest)


def _item_list(request: Mapping[str, Any]) -> list[str]:
    items = request.get("itemList")
    if not isinstance(items, list) or not 0 < len(items) <= MAX_RANKED:
        raise InvalidInput(f"itemList must be a list of 1 to {MAX_RANKED} items; the recipe needs it")
    return list(dict.fromkeys(_checked(item, "each of itemList") for item in items))


def _checked(value: Any, name: str, longest: int = MAX_ID) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise InvalidInput(f"{name} must be a string of 1 to {longest} characters")
    return value
