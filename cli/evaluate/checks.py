"""What can be refused before anything is read: names, prices, gates, and options that the split was not made with."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from cli.options import given
from evaluation.data import splits_folder
from evaluation.recommenders.registry import BY_NAME, RECOMMENDERS
from evaluation.scoring import gate as gates
from evaluation.scoring.gate import Gate
from evaluation.task import NEW_ITEMS
from personalize_data.errors import BadFile, InvalidRequest

OF_THE_SPLIT = {"hold_out": "kind", "at": "at", "horizon_days": "horizon_days", "target": "event_type", "arm": "arm"}
CAMPAIGN = "campaign"  # the name of what --campaign answers


def of_folder(folder: Path, context: click.Context) -> None:
    """Refuse options that ``folder`` was not split with. Raises BadFile and InvalidRequest."""
    if not splits_folder.is_split(folder):
        raise InvalidRequest(f"{folder} is not a folder that ./broker prepare or ./broker evaluate split has written")
    hold_out_options = _made_with(folder)
    for parameter in given(context):
        value = context.params[str(parameter.name)]
        if parameter.name in OF_THE_SPLIT and hold_out_options.get(OF_THE_SPLIT[parameter.name]) != value:
            split_value = hold_out_options.get(OF_THE_SPLIT[parameter.name])
            difference = "without it" if split_value is None else f"with {parameter.opts[0]} {split_value}"
            raise InvalidRequest(
                f"{parameter.opts[0]} {value}: {folder} is split already, {difference}: ./broker evaluate split again"
            )
        if parameter.name == "sample_users" and value < (users := _users(folder)):
            raise InvalidRequest(
                f"{parameter.opts[0]} {value}: {folder} asks about {users:,}: ./broker evaluate split again"
            )


def taking_part(
    tasks: Sequence[str], recommendations: Sequence[tuple[str, Any]], *, campaign: bool, items: bool = True
) -> dict[str, list[str]]:
    """Return the names by task. Raises InvalidRequest for a given one that is another's.

    ``items``: whether there is an Items dataset.
    """
    external = [name for name, _ in recommendations] + ([CAMPAIGN] if campaign else [])
    for name, times in Counter(external).items():
        if name in BY_NAME:
            raise InvalidRequest(f"--recommendations {name}=…: {name} is trained here: give it another name")
        if times > 1:
            whose = " (--campaign is one)" if campaign and name == CAMPAIGN else ""
            raise InvalidRequest(f"--recommendations {name}=…: two are named {name}{whose}: give it another name")
    kinds = [kind for kind in RECOMMENDERS if items or not kind.by_items]
    return {
        task: [kind.name for kind in kinds if not (kind.repeats and task == NEW_ITEMS)] + external for task in tasks
    }


def conditions(texts: Sequence[str], names_by_task: Mapping[str, Sequence[str]]) -> list[Gate]:
    """Return the gates. Raises InvalidRequest for one that no data could answer."""
    requirements = [gates.parse(text, list(names_by_task)) for text in texts]
    for requirement in requirements:
        gates.answerable(requirement, names_by_task)
    return requirements


def read_files(file: Path | None, recommendations: Sequence[tuple[str, str]], *others: Path | None) -> list[Path]:
    """Return all files that will be read; of a folder, all in it. Raises InvalidRequest if lists are missing."""
    lists = [Path(path) for _, path in recommendations]
    for path in lists:
        if not path.exists() or path.is_dir():
            raise InvalidRequest(f"--recommendations {path}: there is no such file")
    data_files = [*file.iterdir()] if file is not None and file.is_dir() else [file]
    return [path for path in (*data_files, *lists, *others) if path is not None]


def _made_with(folder: Path) -> dict[str, Any]:
    about = folder / splits_folder.ABOUT
    try:
        hold_out_options: dict[str, Any] = json.loads(about.read_text(encoding="utf-8"))["hold_out"]
        return dict(hold_out_options)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise BadFile(about, "it doesn't say how the folder was split: it may be cut off") from None


def _users(folder: Path) -> int:
    return sum(1 for line in (folder / splits_folder.USERS).read_bytes().split(b"\n") if line)
