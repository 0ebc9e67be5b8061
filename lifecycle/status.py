"""The status of a broker: its resources in Personalize, its newest model, and the next step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle import resource_types, training
from lifecycle.counts import InteractionCounts
from lifecycle.names import Names
from lifecycle.rates import Rates
from lifecycle.resource_types import ResourceType
from lifecycle.resources import Resources, State
from lifecycle.tuning import Difference


@dataclass(frozen=True)
class ResourceState:
    """One resource and its state; ``reason``: the service's reason if it failed."""

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
    """The next step: the stage, the command for it, and the reason in a sentence."""

    stage: str
    command: str
    why: str


RESUME = Next(
    "recommend", "./broker resume", "the broker is paused: it collects and trains, and profiles get no new lists"
)


@dataclass(frozen=True)
class Status:
    """The status of a broker. ``stage`` is ``nothing``, ``collect``, ``train`` or ``recommend``.

    ``differences``: where solutions are not tuned as wanted. ``warnings``: what is paid for and not used.
    """

    name: str
    where: str
    stage: str
    deployed: str | None
    counts: InteractionCounts
    resources: tuple[ResourceState, ...]
    model: Model | None
    next: Next
    rates: Rates | None = None
    paused: bool = False
    differences: tuple[Difference, ...] = ()
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as one JSON object."""
        return {
            "name": self.name,
            "where": self.where,
            "stage": self.stage,
            "deployed_stage": self.deployed,
            "paused": self.paused,
            "interactions": self.counts.as_json(),
            "resources": [vars(resource) for resource in self.resources],
            "model": vars(self.model) if self.model else None,
            "next": vars(self.next),
            "rates": self.rates.as_json() if self.rates else None,
            "differences": [vars(difference) for difference in self.differences],
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class Inventory:
    """The resources in Personalize with a broker's names."""

    group_arn: str | None
    resources: tuple[ResourceState, ...]
    version: State | None
    metrics: dict[str, float]
    newer: tuple[str, ...] = ()
    """Imports that ended after that version's training began: it does not know them."""

    def states(self, resource_type: ResourceType) -> list[str]:
        """Return the states of all resources of a type."""
        return [resource.status for resource in self.resources if resource.kind == resource_type.words]


def inventory(resources: Resources, names: Names) -> Inventory:
    """Return a broker's resources; nothing is created."""
    groups = [
        summary for summary in resources.all(resource_types.DATASET_GROUP) if summary["name"] == names.dataset_group
    ]
    if not groups:
        return Inventory(None, (), None, {})
    group: str = groups[0]["datasetGroupArn"]
    solutions = resources.all(resource_types.SOLUTION, datasetGroupArn=group)
    datasets = resources.all(resource_types.DATASET, datasetGroupArn=group)
    states = [*_found(resource_types.DATASET_GROUP, groups), *_found(resource_types.DATASET, datasets)]
    jobs = [
        job
        for dataset in datasets
        for job in resources.all(resource_types.IMPORT_JOB, datasetArn=dataset["datasetArn"])
    ]
    states += _found(resource_types.IMPORT_JOB, jobs)
    states += _found(resource_types.EVENT_TRACKER, resources.all(resource_types.EVENT_TRACKER, datasetGroupArn=group))
    for solution in solutions:
        states += _found(resource_types.SOLUTION, [solution])
        states += _found(
            resource_types.SOLUTION_VERSION,
            resources.all(resource_types.SOLUTION_VERSION, solutionArn=solution["solutionArn"]),
        )
        states += _found(
            resource_types.CAMPAIGN, resources.all(resource_types.CAMPAIGN, solutionArn=solution["solutionArn"])
        )
    solution_arn = next((summary["solutionArn"] for summary in solutions if summary["name"] == names.broker), None)
    version = training.newest_active(resources, solution_arn) if solution_arn else None
    metrics = training.metrics(resources, version["solutionVersionArn"]) if version else {}
    return Inventory(group, tuple(states), version, metrics, _newer(jobs, version))


def _newer(jobs: Iterable[State], version: State | None) -> tuple[str, ...]:
    if version is None:
        return ()
    began = version["creationDateTime"]
    return tuple(job["jobName"] for job in jobs if job["status"] == "ACTIVE" and job["lastUpdatedDateTime"] > began)


def _found(resource_type: ResourceType, summaries: Iterable[State]) -> list[ResourceState]:
    return [
        ResourceState(
            kind=resource_type.words,
            name=summary.get(resource_type.named) or summary[resource_type.arn].rpartition("/")[2],
            status=summary["status"],
            arn=summary[resource_type.arn],
            reason=" ".join(summary.get("failureReason", "").split()),
        )
        for summary in summaries
    ]


def status(
    names: Names,
    inventory: Inventory,
    counts: InteractionCounts,
    rates: Rates | None = None,
    *,
    where: str,
    local: bool,
    deployed: str | None,
    paused: bool = False,
    differences: Sequence[Difference] = (),
    warnings: Sequence[str] = (),
) -> Status:
    """Return the status of a broker from its inventory. ``deployed``: the stage of the deployed stack, if any."""
    model = None
    if inventory.version:
        created = inventory.version["creationDateTime"].isoformat(timespec="seconds")
        model = Model(inventory.version["solutionVersionArn"], created, inventory.metrics)
    return Status(
        name=names.broker,
        where=where,
        stage=_stage(inventory),
        deployed=deployed,
        counts=counts,
        resources=inventory.resources,
        model=model,
        next=RESUME if paused else due(inventory, counts, local=local, deployed=deployed),
        rates=rates,
        paused=paused,
        differences=tuple(differences),
        warnings=tuple(warnings),
    )


def _stage(inventory: Inventory) -> str:
    if "ACTIVE" in inventory.states(resource_types.CAMPAIGN):
        return "recommend"
    if inventory.version:
        return "train"
    return "collect" if inventory.group_arn else "nothing"


def due(inventory: Inventory, counts: InteractionCounts, *, local: bool, deployed: str | None) -> Next:
    """Return the next step. With a deployed stack it is a deployment of the next stage, otherwise a command."""
    pending = [
        resource for resource in inventory.resources if resource.status in ("CREATE PENDING", "CREATE IN_PROGRESS")
    ]
    if not inventory.group_arn:
        command = "./broker backfill FILE" if local else "make deploy"
        return Next("collect", command, "there is nothing to collect into yet")
    if pending:
        return Next(
            _stage(inventory), "./broker status", f"{pending[0].kind} {pending[0].name} is under way: look again later"
        )
    missing = counts.missing()
    if not inventory.version and missing:
        why = f"too little to train on: {'; '.join(missing)}. Bring history, or wait for customers"
        return Next("collect", "./broker backfill FILE", why)
    if not inventory.version:
        command = "make deploy STAGE=train" if deployed == "collect" else "./broker train"
        why = (
            "there is enough to train on" if counts.interactions is not None else "whether there is enough is not known"
        )
        return Next("train", command, why)
    if "ACTIVE" not in inventory.states(resource_types.CAMPAIGN):
        command = (
            "make deploy STAGE=recommend"
            if deployed in ("collect", "train")
            else "./broker recommend USER --create-campaign"
        )
        return Next(
            "recommend", command, "there is a model, and no campaign that asks it; a campaign costs by the hour"
        )
    if inventory.newer:
        why = f"the newest model was trained before the import {inventory.newer[-1]} ended, and does not know it"
        return Next("recommend", "./broker train", why)
    return Next("recommend", "./broker recommend USER", "all resources are there")
