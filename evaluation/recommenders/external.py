"""Candidates from outside: lists in files, and what a live campaign answers."""

from collections.abc import Mapping, Sequence

from evaluation.data import list_files
from evaluation.progress import Begin
from evaluation.recommenders.candidates import UNCHANGED, Candidate, external
from evaluation.request import EvaluationRequest
from evaluation.scoring.metrics import PLACES
from evaluation.task import Task

ListsByUser = Mapping[str, Sequence[str] | None]


def read(request: EvaluationRequest, task: Task, begin: Begin) -> list[Candidate]:
    """Return a candidate for each file, and for the campaign. Raises BadFile, and what the campaign raises."""
    lists: dict[str, ListsByUser] = {
        name: list_files.read(path, begin(f"reading {path}", path.stat().st_size))
        for name, path in request.recommendations.items()
    }
    campaign = request.campaign
    if campaign:
        lists[campaign.name] = campaign.recommend(task.past.user_ids, begin)
    codes = {item: code for code, item in enumerate(task.past.item_ids)}
    descriptions = {campaign.name: campaign.description} if campaign else {}
    return [
        external(
            name,
            list_files.fit(lists_by_user, task.past.user_ids, codes, PLACES),
            descriptions.get(name, UNCHANGED),
        )
        for name, lists_by_user in lists.items()
    ]


def notes(candidates: Sequence[Candidate]) -> list[str]:
    """Return what is to be known of lists that are not simply taken as they are."""
    return [
        f"{candidate.name}: {candidate.description}" for candidate in candidates if candidate.description != UNCHANGED
    ]
