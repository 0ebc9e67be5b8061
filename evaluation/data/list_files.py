"""Recommendations from a file: what a batch inference job of Amazon Personalize leaves behind, one JSON a line.

{"input": {"userId": "1"}, "output": {"recommendedItems": ["a", "b"], "scores": [0.1, 0.05]}, "error": null}
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from personalize_data import file_kinds
from personalize_data.errors import BadFile
from personalize_data.file_kinds import FileKind
from personalize_data.files import check_whole, lines
from recommender_models.training_set import Codes

NONE = -1
# A broken line is named below, whatever the file looks like as a whole.
READ = (FileKind.JSON_LINES, FileKind.JSON_DOCUMENT, FileKind.TABLE, FileKind.EMPTY)
_NOT_WHOLE = "not a whole JSON object"
_CUT = ": the file seems to be cut off"
_NO_ID = "neither a text nor a whole number"
# What Python says of a text that ends too early, and what is left from there.
_BEGUN = {
    "Unterminated string": r".*",
    "Invalid \\u": r"u?[0-9a-fA-F]{0,4}",
    "Expecting value": r"|-|t|tr|tru|f|fa|fal|fals|n|nu|nul",
    "Expecting ',' delimiter": r"|\.|[eE][+-]?",
    "Expecting": r"",
}


@dataclass(frozen=True, eq=False)
class ExternalLists:
    """Lists as somebody gave them. ``lists``: test users by places, -1 for none, unknown items with codes of their own.

    ``users_without``: test users without a list; ``unknown_users``: users with a list who are not in the test;
    ``unknown_items``: places, within the lists, of items that neither the training, the catalogue nor the truth knows;
    ``repeated``: users with an item twice (later ones are taken as no item). Of ``users_without``, ``refused`` have a
    line with an error, and ``missing`` none at all; the others have an empty list.
    """

    lists: Codes
    users_without: int
    unknown_users: int
    unknown_items: int
    repeated: int
    refused: int
    missing: int = 0


def read(path: Path, step: Callable[[int], None] = lambda size: None) -> dict[str, list[str] | None]:
    """Return each user's items, best first; None for a user whose line has an error. The file may be packed by gzip.

    ``step`` takes the bytes read. Raises BadFile with the line for one that is broken, or a user who comes twice.
    """
    if (kind := file_kinds.kind(path)) not in READ:
        raise BadFile(
            path, f"this is {kind.label}; recommendations are JSON Lines, as a batch inference job writes them"
        )
    try:
        lists = _read(path, step)
    except BadFile:
        check_whole(path)
        raise
    if not lists:
        raise BadFile(path, "there are no recommendations in it")
    return lists


def _read(path: Path, step: Callable[[int], None]) -> dict[str, list[str] | None]:
    lists: dict[str, list[str] | None] = {}
    for number, line in lines(path):
        step(len(line))
        if line.strip():
            user, items = _parsed(path, number, line)
            if user in lists:
                raise BadFile(path, f"user {user} comes a second time", number)
            lists[user] = items
    return lists


def fit(
    lists_by_user: Mapping[str, Sequence[str] | None], users: Sequence[str], items: Mapping[str, int], places: int
) -> ExternalLists:
    """Return lists for the test users. ``lists_by_user``: see ``read``; ``items``: code of each known item."""
    lists = np.full((len(users), places), NONE, dtype=np.int64)
    unknown: dict[str, int] = {}
    unknown_items = repeated = without = 0
    for line, user in enumerate(users):
        head = list((lists_by_user.get(user) or ())[:places])
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
    strangers = sum(user not in known for user in lists_by_user)
    missing = sum(user not in lists_by_user for user in users)
    refused = sum(user in lists_by_user and lists_by_user[user] is None for user in users)
    return ExternalLists(lists, without, strangers, unknown_items, repeated, refused, missing)


def _once(codes: Iterable[int]) -> list[int]:
    earlier: set[int] = set()
    return [code if not (code in earlier or earlier.add(code)) else NONE for code in codes]  # type: ignore[func-returns-value]


def _parsed(path: Path, number: int, line: bytes) -> tuple[str, list[str] | None]:
    row = _json(path, number, line)
    user = _at(row, "input", "userId")
    if not _is_id(user):
        raise BadFile(path, "no input.userId" if user is None else f"input.userId is {_NO_ID}", number)
    if _at(row, "error"):
        return str(user), None
    items = _at(row, "output", "recommendedItems")
    if not isinstance(items, list):
        raise BadFile(path, "no list output.recommendedItems", number)
    for position, item in enumerate(items, start=1):
        if not _is_id(item):
            raise BadFile(path, f"item {position} of output.recommendedItems is {_NO_ID}", number)
    return str(user), [str(item) for item in items]


def _is_id(value: Any) -> bool:
    """Return whether a value is text or a whole number; ``true`` is neither, though Python counts it as one."""
    return type(value) in (str, int)


def _json(path: Path, number: int, line: bytes) -> Any:
    ended = line.endswith(b"\n")
    try:
        return json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        reason = _NOT_WHOLE + _CUT if not ended and error.reason == "unexpected end of data" else "not UTF-8"
    except json.JSONDecodeError as error:
        reason = _NOT_WHOLE + _CUT if not ended and _ends_early(error) else _NOT_WHOLE
        reason = "it holds a NUL character, which JSON can't" if b"\0" in line else reason
    except ValueError:  # from 4,300 digits on, Python reads none
        reason = "it holds a number with too many digits"
    except RecursionError:
        reason = "its brackets are nested too deeply"
    raise BadFile(path, reason, number)


def _ends_early(error: json.JSONDecodeError) -> bool:
    """Return whether a text is all right as far as it goes: the end of a file that has been cut off."""
    rest = error.doc[error.pos :].rstrip()
    begun = next((form for message, form in _BEGUN.items() if error.msg.startswith(message)), None)
    return begun is not None and re.fullmatch(begun, rest, re.DOTALL) is not None


def _at(row: Any, *names: str) -> Any:
    for name in names:
        row = row.get(name) if isinstance(row, dict) else None
    return row
