"""Where a broker is: which of its resources there are in Personalize, its newest model, and what is due next."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lifecycle import resource_types, training
from lifecycle.counts import Counts
from lifecycle.names import Names
from lifecycle.resource_types import Kind
from lifecycle.resources import Resources, State


@dataclass(frozen=True)
class Found:
    """One resource and its state; ``reason``: the service's own, where it failed."""

    kind: str
    name: str
    status: str
    arn: str
    reason: str = ""


@dataclass(frozen=True)
class Model:
    """The newest ACTIVE version of a solution, and its offline metrics."""

    arn: str
    created: str
    metrics: dict[str, float]


@dataclass(frozen=True)
class Next:
    """What is due: the stage, the command for it, and why in a sentence."""

    stage: str
    command: str
    why: str


@dataclass(frozen=True)
class Status:
    """All of it. ``stage``: how far the broker is (``nothing``, ``collect``, ``train``, ``recommend``)."""

    name: str
    where: str
    stage: str
    deployed: str | None
    counts: Counts
    resources: tuple[Found, ...]
    model: Model | None
    next: Next

    def as_json(self) -> dict[str, Any]:
        """Return it as one JSON object."""
        return {
            "name": self.name,
            "where": self.where,
            "stage": self.stage,
            "deployed_stage": self.deployed,
            "interactions": self.counts.as_json(),
            "resources": [vars(found) for found in self.resources],
            "model": vars(self.model) if self.model else None,
            "next": vars(self.next),
        }


@dataclass(frozen=True)
class Inventory:
    """What there is in Personalize under a broker's names."""

    group_arn: str | None
    found: tuple[Found, ...]
    version: State | None
    metrics: dict[str, float]
    newer: tuple[str, ...] = ()
    """Imports that ended after that version's training began: it does not know them."""

    def states(self, kind: Kind) -> list[str]:
        """Return the states of all resources of a kind."""
        return [one.status for one in self.found if one.kind == kind.words]


def inventory(resources: Resources, names: Names) -> Inventory:
    """Look for a broker's resources; nothing is created."""
    groups = [one for one in resources.all(resource_types.DATASET_GROUP) if one["name"] == names.dataset_group]
    if not groups:
        return Inventory(None, (), None, {})
    group: str = groups[0]["datasetGroupArn"]
    solutions = resources.all(resource_types.SOLUTION, datasetGroupArn=group)
    datasets = resources.all(resource_types.DATASET, datasetGroupArn=group)
    found = [*_found(resource_types.DATASET_GROUP, groups), *_found(resource_types.DATASET, datasets)]
    jobs = [
        job
        for dataset in datasets
        for job in resources.all(resource_types.IMPORT_JOB, datasetArn=dataset["datasetArn"])
    ]
    found += _found(resource_types.IMPORT_JOB, jobs)
    found += _found(resource_types.EVENT_TRACKER, resources.all(resource_types.EVENT_TRACKER, datasetGroupArn=group))
    for solution in solutions:
        found += _found(resource_types.SOLUTION, [solution])
        found += _found(
            resource_types.SOLUTION_VERSION,
            resources.all(resource_types.SOLUTION_VERSION, solutionArn=solution["solutionArn"]),
        )
        found += _found(
            resource_types.CAMPAIGN, resources.all(resource_types.CAMPAIGN, solutionArn=solution["solutionArn"])
        )
    own = next((one["solutionArn"] for one in solutions if one["name"] == names.broker), None)
    version = training.newest_active(resources, own) if own else None
    metrics = training.metrics(resources, version["solutionVersionArn"]) if version else {}
    return Inventory(group, tuple(found), version, metrics, _newer(jobs, version))


def _newer(jobs: Iterable[State], version: State | None) -> tuple[str, ...]:
    if version is None:
        return ()
    began = version["creationDateTime"]
    return tuple(job["jobName"] for job in jobs if job["status"] == "ACTIVE" and job["lastUpdatedDateTime"] > began)


def _found(kind: Kind, summaries: Iterable[State]) -> list[Found]:
    return [
        Found(
            kind=kind.words,
            name=one.get(kind.named) or one[kind.arn].rpartition("/")[2],
            status=one["status"],
            arn=one[kind.arn],
            reason=" ".join(one.get("failureReason", "").split()),
        )
        for one in summaries
    ]


def status(names: Names, there: Inventory, counts: Counts, *, where: str, local: bool, deployed: str | None) -> Status:
    """Return where a broker is, from what there is. ``deployed``: the stack's stage, where there is one."""
    model = None
    if there.version:
        created = there.version["creationDateTime"].isoformat(timespec="seconds")
        model = Model(there.version["solutionVersionArn"], created, there.metrics)
    return Status(
        name=names.broker,
        where=where,
        stage=_stage(there),
        deployed=deployed,
        counts=counts,
        resources=there.found,
        model=model,
        next=due(there, counts, local=local, deployed=deployed),
    )


def _stage(there: Inventory) -> str:
    if "ACTIVE" in there.states(resource_types.CAMPAIGN):
        return "recommend"
    if there.version:
        return "train"
    return "collect" if there.group_arn else "nothing"


def due(there: Inventory, counts: Counts, *, local: bool, deployed: str | None) -> Next:
    """Return what comes next. With a deployed stack its stages lead; else the commands do it alone."""
    pending = [one for one in there.found if one.status in ("CREATE PENDING", "CREATE IN_PROGRESS")]
    if not there.group_arn:
        command = "./broker backfill FILE" if local else "make deploy"
        return Next("collect", command, "there is nothing to collect into yet")
    if pending:
        return Next(
            _stage(there), "./broker status", f"{pending[0].kind} {pending[0].name} is under way: look again later"
        )
    missing = counts.missing()
    if not there.version and missing:
        why = f"too little to train on: {'; '.join(missing)}. Bring history, or wait for customers"
        return Next("collect", "./broker backfill FILE", why)
    if not there.version:
        command = "make deploy STAGE=train" if deployed == "collect" else "./broker train"
        why = (
            "there is enough to train on" if counts.interactions is not None else "whether there is enough is not known"
        )
        return Next("train", command, why)
    if "ACTIVE" not in there.states(resource_types.CAMPAIGN):
        command = (
            "make deploy STAGE=recommend"
            if deployed in ("collect", "train")
            else "./broker recommend USER --create-campaign"
        )
        return Next(
            "recommend", command, "there is a model, and no campaign that asks it; a campaign costs by the hour"
        )
    if there.newer:
        why = f"the newest model was trained before the import {there.newer[-1]} ended, and does not know it"
        return Next("recommend", "./broker train", why)
    return Next("recommend", "./broker recommend USER", "all is there")
