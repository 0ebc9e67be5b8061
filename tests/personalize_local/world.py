"""A local Personalize in virtual time: requests go through the wire's own checks, answers are checked the same way."""

import itertools
import json
import tempfile
from pathlib import Path
from typing import Any

from personalize_local.jobs.runner import Done, InlineJobs, Job, Outcome
from personalize_local.operations import Durations
from personalize_local.region import DEFAULT
from personalize_local.service import Personalize
from personalize_local.toggles import Toggles
from personalize_local.wire.api import Api
from personalize_local.wire.protocol import WireProtocol
from personalize_local.wire.validation import compile_shape

API = Api()
OPERATIONS = {operation.name: operation for operation in (*API.by_target.values(), *API.by_path.values())}
TARGETS = {operation.name: target for target, operation in API.by_target.items()}
RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
START = 1_790_000_000.0


def schema(*extra: dict[str, Any], name: str = "Interactions", drop: str = "") -> str:
    """Return an Avro schema for interactions, with fields added or one dropped."""
    fields = [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
        *extra,
    ]
    kept = [field for field in fields if field["name"] != drop]
    return json.dumps({"type": "record", "name": name, "namespace": "com.amazonaws.personalize.schema", "fields": kept})


class Refused(Exception):
    """An error answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message


class HeldJobs:
    """Jobs that end when the test says so, and as it says."""

    def __init__(self) -> None:
        self.started: list[tuple[Job, Done]] = []

    def start(self, job: Job, done: Done) -> None:
        """Keep the job."""
        self.started.append((job, done))

    def stop(self, job: Job) -> None:
        """Forget the job."""
        self.started = [(each, done) for each, done in self.started if each is not job]

    def end(self, outcome: Outcome) -> None:
        """End the oldest job."""
        self.started.pop(0)[1](outcome)

    def close(self) -> None:
        """Nothing runs."""


class World:
    """The service, its clock, the region of the next requests, and the number of ids given out.

    Nothing is throttled, unless the options say so.
    """

    def __init__(self, lag: float = 1.0, now: float = START, **options: Any) -> None:
        self.now = now
        self.region = DEFAULT
        self.journal = options.get("journal")
        ids = (f"{number:08x}-0000-4000-8000-000000000000" for number in itertools.count(options.pop("ids_from", 1)))
        self._folder = tempfile.TemporaryDirectory()
        settings = {
            "jobs": InlineJobs(),
            "folder": Path(self._folder.name),
            "durations": Durations(creating=3, importing=3, training=30, deploying=6, deleting=3),
            "toggles": Toggles(throttling=False),
            **options,
        }
        self.service = Personalize(clock=lambda: self.now, lag=lambda: lag, new_id=lambda: next(ids), **settings)
        self.wire = WireProtocol(self.service.handlers, new_id=lambda: "request", api=API)
        self._events = itertools.count(1)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call an operation as it goes over the wire. Raises Refused."""
        return self.post(operation, json.dumps(request).encode())

    def post(self, operation: str, body: bytes) -> dict[str, Any]:
        """Send a body to an operation, check the answer against the service model. Raises Refused."""
        found = OPERATIONS[operation]
        answer = self.wire.answer("POST", found.called_by[1], TARGETS.get(operation), body, self.region)
        said = json.loads(answer.body) if answer.body else {}
        if answer.status != 200:
            code = answer.headers.get("x-amzn-ErrorType") or said["__type"]
            raise Refused(answer.status, code, said["message"])
        check_answer(operation, said)
        return said

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def ready_to_collect(self, avro: str | None = None, name: str = "shop") -> str:
        """Create schema, dataset group, dataset and tracker; return the tracking id."""
        made = self.call("CreateSchema", name=f"{name}-interactions", schema=avro or schema())["schemaArn"]
        group = self.call("CreateDatasetGroup", name=name)["datasetGroupArn"]
        self.wait(3)
        self.call("CreateDataset", name="all", schemaArn=made, datasetGroupArn=group, datasetType="Interactions")
        tracker = self.call("CreateEventTracker", name=f"{name}-events", datasetGroupArn=group)
        self.wait(3)
        return str(tracker["trackingId"])

    def put(self, tracking: str, *events: dict[str, Any], user: str | None = "u", session: str = "s") -> None:
        """Put events; unless they say otherwise: views at the present second, each with an id of its own."""
        filled = [
            {"eventType": "view", "sentAt": int(self.now), "eventId": f"e{next(self._events)}", **event}
            for event in events
        ]
        who = {"userId": user} if user else {}
        self.call("PutEvents", trackingId=tracking, sessionId=session, eventList=filled, **who)

    def fill(self, tracking: str, users: int = 40, each: int = 30, items: int = 20) -> None:
        """Put a shop's worth of events: odd users view odd items, even users even ones; user u0 views item i0."""
        for user in range(users):
            for start in range(0, each, 10):
                seen = [2 * ((user + start + step) % (items // 2)) + user % 2 for step in range(min(10, each - start))]
                sent = int(self.now) - each + start
                events = [{"itemId": f"i{item}", "sentAt": sent + step} for step, item in enumerate(seen)]
                self.put(tracking, *events, user=f"u{user}", session=f"s{user}")

    def solution(self, name: str = "shop", **options: Any) -> str:
        """Create a solution for the dataset group of that name and wait until it is ACTIVE."""
        group = f"arn:aws:personalize:{self.region}:123456789012:dataset-group/{name}"
        made = {"name": name, "datasetGroupArn": group, "recipeArn": RECIPE, **options}
        arn = self.call("CreateSolution", **made)["solutionArn"]
        self.wait(3)
        return str(arn)

    def trained(self, solution: str) -> str:
        """Train a version, wait, and return its ARN."""
        arn = self.call("CreateSolutionVersion", solutionArn=solution)["solutionVersionArn"]
        self.wait(30)
        return str(arn)

    def campaign(self, version: str, name: str = "shop", **options: Any) -> str:
        """Deploy a version, wait, and return the campaign's ARN."""
        arn = self.call("CreateCampaign", name=name, solutionVersionArn=version, **options)["campaignArn"]
        self.wait(6)
        return str(arn)

    def compact(self) -> None:
        """Take a snapshot."""
        self.service.snapshot_soon()
        self.service.tick()

    def recommended(self, campaign: str, user: str, results: int = 5) -> list[str]:
        """Return the recommended items' ids."""
        answer = self.call("GetRecommendations", campaignArn=campaign, userId=user, numResults=results)
        return [item["itemId"] for item in answer["itemList"]]

    def counts(self) -> dict[str, Any]:
        """Return the counts of the only dataset group."""
        (group,) = self.service.status()["datasetGroups"]
        return dict(group)


def check_answer(operation: str, answer: dict[str, Any]) -> None:
    """Fail unless the service model allows the answer, names and types included."""
    shape = OPERATIONS[operation].output_shape
    problems: list[str] = []
    if shape is not None:
        compile_shape(shape)(answer, "", problems)
        # The model gives a role the pattern of Personalize's own ARNs in answers, and IAM's in requests.
        problems = [problem for problem in problems if "roleArn'" not in problem]
    elif answer:
        problems.append("an answer where the model has none")
    assert not problems, f"{operation}: {problems}"
