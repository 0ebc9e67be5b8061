"""Where a result comes from: everything that another run needs to give the same figures."""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import numpy as np

from evaluation.data import splits_folder
from evaluation.recommenders.tuning import ValidationFacts
from evaluation.request import EvaluationRequest
from evaluation.splits import HoldOut
from recommender_models.training_set import TrainingSet

COMPUTING = ("numpy", "scipy", "scikit-learn")


@dataclass(frozen=True)
class DataFacts:
    """The interactions that were read. ``first`` and ``last``: epoch seconds.

    ``from_lists``: those that name the list they came from, by the column ``list_column``.
    """

    interactions: int
    users: int
    items: int
    first: int
    last: int
    from_lists: int = 0
    list_column: str = ""

    @classmethod
    def of(cls, *parts: TrainingSet) -> "DataFacts":
        """Count the interactions of parts that have none in common. An id is one user or item in all of them."""
        times = np.concatenate([part.times for part in parts])
        users = set().union(*(_present(part.user_ids, part.users) for part in parts))
        items = set().union(*(_present(part.item_ids, part.items) for part in parts))
        return cls(len(times), len(users), len(items), int(times.min()), int(times.max()))


@dataclass(frozen=True)
class Provenance:
    """Everything that a result depends on. ``source``: the file or folder, with the folder that it is in.

    ``sha256``: of each file read, by the role it has. ``recipes``: of Amazon Personalize, by the name of the lists,
    where it is known. ``cuts``: periods predicted. ``evaluated_at``: epoch seconds. ``validation``: by what settings
    were chosen; with several cuts, at the oldest. ``command``: as it was typed. ``libraries``: versions of what
    computes. The settings of the recommenders stand with their scores.
    """

    source: str
    data: DataFacts
    hold_out: HoldOut
    sample_users: int | None
    sha256: Mapping[str, str]
    tasks: Sequence[str]
    metric: str
    tuned: bool
    seed: int
    recommenders: Sequence[str]
    cuts: int = 1
    recipes: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    evaluated_at: float | None = None
    validation: ValidationFacts | None = None
    command: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict)


def provenance(request: EvaluationRequest, data: DataFacts, validation: ValidationFacts | None = None) -> Provenance:
    """Return where the result of a request comes from. Reads its files once more, for their hashes."""
    settings, campaign, file = request.settings, request.campaign, request.file
    hold_out = splits_folder.hold_out(file) if file.is_dir() else request.hold_out
    return Provenance(
        source="/".join(file.resolve().parts[-2:]),
        data=data,
        hold_out=hold_out,
        sample_users=None if file.is_dir() else request.sample_users,
        sha256={role: _sha256(path) for role, path in _files(request).items()},
        tasks=list(settings.tasks),
        metric=str(settings.main),
        tuned=settings.tune,
        seed=settings.seed,
        recommenders=[
            recommender.name
            for recommender in settings.recommenders
            if request.items_file is not None or not recommender.by_items
        ],
        cuts=request.cuts,
        recipes={campaign.name: campaign.recipe} if campaign and campaign.recipe else {},
        version=request.version,
        evaluated_at=request.now if np.isfinite(request.now) else None,
        validation=validation,
        command=request.command,
        libraries={"Python": platform.python_version()} | {name: metadata.version(name) for name in COMPUTING},
    )


def _files(request: EvaluationRequest) -> dict[str, Path]:
    folder = request.file.is_dir()
    data = {name: request.file / name for name in (splits_folder.TRAIN, splits_folder.TRUTH)} if folder else {}
    others = {"users": request.users_file, "items": request.items_file}
    named = {role: path for role, path in others.items() if path is not None}
    return (data or {"interactions": request.file}) | named | dict(request.recommendations)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _present(ids: Sequence[str], codes: np.ndarray) -> set[str]:
    return {ids[code] for code in np.flatnonzero(np.bincount(codes, minlength=len(ids))).tolist()}
