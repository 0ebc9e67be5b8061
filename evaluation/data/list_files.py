"""Recommendations from a file: what a batch inference job of Amazon Personalize leaves behind, one JSON a line.

{"input": {"userId": "1"}, "output": {"recommendedItems": ["a", "b"], "scores": [0.1, 0.05]}, "error": null}
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.data.broken import opened
from evaluation.failure import BadFile
from personalize_local.learning.training_set import Codes

NONE = -1


@dataclass(frozen=True, eq=False)
class Given:
    """Lists as somebody gave them. ``lists``: test users by places, -1 for none, unknown items with codes of their own.

    ``users_without``: test users without a list; ``unknown_users``: users with a list who are not in the test;
    ``unknown_items``: places, within the lists, of items that neither the training, the catalogue nor the truth knows;
    ``repeated``: users with an item twice (later ones are taken as no item); ``refused``: lines with an error.
    """

    lists: Codes
    users_without: int
    unknown_users: int
    unknown_items: int
    repeated: int
    refused: int


def read(path: Path, step: Callable[[int], None] = lambda size: None) -> dict[str, list[str]]:
    """Return each user's items, best first; an empty list for a user whose line has an error.

    ``step`` takes the bytes read. Raises BadFile with the line for one that is broken, or a user who comes twice.
    """
    found: dict[str, list[str]] = {}
    number = 0
    try:
        with opened(path) as file:
            for number, line in enumerate(file, start=1):
                step(len(line))
                if line.strip():
                    user, items = _parsed(path, number, line)
                    if user in found:
                        raise BadFile(path, f"user {user} comes a second time", number)
                    found[user] = items
    except EOFError:
        raise BadFile(path, "the compressed file is cut off", number + 1) from None
    except OSError as error:
        raise BadFile(path, error.strerror or "can't be read") from None
    if not found:
        raise BadFile(path, "there are no recommendations in it")
    return found


def fit(found: Mapping[str, Sequence[str]], users: Sequence[str], items: Mapping[str, int], places: int) -> Given:
    """Return lists for the test users. ``items``: code of each known item."""
    lists = np.full((len(users), places), NONE, dtype=np.int64)
    unknown: dict[str, int] = {}
    unknown_items = repeated = without = 0
    for line, user in enumerate(users):
        given = found.get(user, ())
        head = list(given[:places])
        without += not head
        codes = [items.get(item, -1) for item in head]
        unknown_items += codes.count(-1)
        codes = [
            code if code >= 0 else unknown.setdefault(item, len(items) + len(unknown))
            for item, code in zip(head, codes, strict=True)
        ]
        once = _once(codes)
        repeated += once != codes
        lists[line, : len(once)] = once
    known = set(users)
    strangers = sum(user not in known for user in found)
    refused = sum(user in found and not found[user] for user in users)
    return Given(lists, without, strangers, unknown_items, repeated, refused)


def _once(codes: Iterable[int]) -> list[int]:
    seen: set[int] = set()
    return [code if not (code in seen or seen.add(code)) else NONE for code in codes]  # type: ignore[func-returns-value]


def _parsed(path: Path, number: int, line: bytes) -> tuple[str, list[str]]:
    try:
        row = json.loads(line)
    except ValueError:
        cut = "" if line.endswith(b"\n") else ": the file seems to be cut off"
        raise BadFile(path, f"not a whole JSON object{cut}", number) from None
    user = _at(row, "input", "userId")
    if not isinstance(user, str | int):
        raise BadFile(path, "no input.userId", number)
    if _at(row, "error"):
        return str(user), []
    items = _at(row, "output", "recommendedItems")
    if not isinstance(items, list) or not all(isinstance(item, str | int) for item in items):
        raise BadFile(path, "no list output.recommendedItems", number)
    return str(user), [str(item) for item in items]


def _at(row: Any, *names: str) -> Any:
    for name in names:
        row = row.get(name) if isinstance(row, dict) else None
    return row
