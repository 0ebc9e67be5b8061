"""A deployment from its beginning to its end, as docs/deploy.md tells it, with the shop's customers as its traffic.

Personalize is given, since ministack has none: the tracker before the deployment, the campaign before the last stage.
The deployed functions reach it, and mParticle, through variables that ministack's process hands down to them.
"""

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Set
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from blueprint.mappings import LIVE
from infra.paths import ROOT
from infra.settings import Stage
from lifecycle import datasets, training
from lifecycle.names import USER_PERSONALIZATION, Names
from lifecycle.resources import Resources
from local_stack import loopback
from local_stack.audit.reconciliation import Audit, audit
from local_stack.audit.rows import StreamRecord
from local_stack.audit.services import deliveries, holdings, stream_records
from local_stack.aws import ACCOUNT, REGION
from local_stack.aws.session import local_client
from local_stack.items4u.client import Client
from local_stack.items4u.sessions import Shop
from local_stack.ministack import free_port
from local_stack.mparticle.inputs import BROKER_FEED, INPUTS
from local_stack.process import ServiceProcess, start_service
from tests.deploy import cdk
from tests.deploy.account import Account, account
from tests.deploy.for_ministack import make_assembly_for_ministack
from tests.infra.synthesis import synthesise_as_app

NAME = "deployed"
CAMPAIGN = f"arn:aws:personalize:{REGION}:{ACCOUNT}:campaign/{NAME}"
SHOPPERS = 60
MINIMUM = 1_000  # interactions, of different times or properties: what Personalize trains on
ENOUGH_TO_TRAIN = 1_200
SECONDS = 300.0


class Deployment:
    """The account, the services behind the deployed functions, and both stages' assemblies."""

    def __init__(self, folder: Path) -> None:
        self.outputs: dict[str, str] = {}
        self._folder = folder
        self._running = ExitStack()
        self._visits = Shop(1, SHOPPERS).sessions()

    def __enter__(self) -> "Deployment":
        with ExitStack() as starting:
            self.personalize = starting.enter_context(start_service("personalize_local"))
            self._mparticle_port = free_port()
            self.account: Account = starting.enter_context(account(self._reach_of_functions()))
            self._running = starting.pop_all()
        self._model = Resources(local_client("personalize", self.personalize.url))
        self._tracker = datasets.tracker(self._model, Names(NAME))
        self.assemblies = self._synthesise()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def deploy(self, stage: Stage) -> str:
        """Deploy a stage; return what CDK says about the difference afterwards."""
        self.outputs = cdk.deploy(self.account, self.assemblies[stage])
        return cdk.diff(self.account, self.assemblies[stage])

    def connect_mparticle(self) -> None:
        """Start the shop's mParticle, connected to the deployed stream; put its key in the deployed secret."""
        port, stream = str(self._mparticle_port), self.outputs["MParticleStreamName"]
        options = ["--port", port, "--stream", stream, "--kinesis-endpoint", self.account.url]
        self.mparticle: ServiceProcess = self._running.enter_context(start_service("local_stack.mparticle", options))
        feed = INPUTS[BROKER_FEED]
        self.account.client("secretsmanager").put_secret_value(
            SecretId=self.outputs["MParticleSecretArn"],
            SecretString=json.dumps({"key": feed.key, "secret": feed.secret}),
        )

    def visits(self, number: int) -> int:
        """Let customers visit the shop; return how many interactions came of it."""
        sessions = itertools.islice(self._visits, number)
        played = Client(self.mparticle.url).play_all(sessions, concurrency=4)
        return sum(session.interactions for session in played)

    def visits_until_trainable(self) -> None:
        """Let customers visit the shop until there is enough to train on, and wait until it has arrived."""
        made = 0
        while made < ENOUGH_TO_TRAIN:
            made += self.visits(20)
        self.settle()
        _wait(lambda: self._interactions() >= MINIMUM, "Personalize can train on them")

    def train(self) -> str:
        """Train on what was collected; return the ARN of the campaign."""
        what = training.Training(USER_PERSONALIZATION)
        *_, version = training.train(self._model, Names(NAME), self._tracker.dataset_group_arn, what)
        return training.campaign(self._model, NAME, version["solutionVersionArn"])

    def put(self, data: bytes) -> None:
        """Put one record on the deployed stream."""
        name = self.outputs["MParticleStreamName"]
        self.account.client("kinesis").put_record(StreamName=name, Data=data, PartitionKey=str(len(data)))

    def records(self) -> list[StreamRecord]:
        """Return all that was ever put on the stream."""
        return stream_records(self.account.client("kinesis"), self.outputs["MParticleStreamName"])

    def audit(self) -> Audit:
        """Compare what was put on the stream with what is in Personalize, in quarantine and among what was given up."""
        found = holdings(
            deliveries(self.personalize.url),
            self.account.client("s3"),
            quarantine_bucket=self.outputs["QuarantineBucket"],
            on_failure_bucket=self.outputs["OnFailureBucket"],
            still_on_stream=set(),
        )
        return audit(self.records(), found)

    def settle(self) -> None:
        """Wait until mParticle has forwarded everything, and all that is on the stream has arrived."""
        status = f"{self.mparticle.url}/_local/status"
        _wait(lambda: loopback.get(status).json()["waiting"] == 0, "mParticle has forwarded all")
        _wait(lambda: not self.audit().places["lost"], "all of the stream has arrived")

    def wait_for_lists(self, customers: Set[int]) -> None:
        """Wait until the profiles of these customers carry a list, and no customer waits to be refreshed."""
        _wait(lambda: customers <= self.lists().keys(), "the profiles carry lists")
        _wait(lambda: self._waiting() == 0, "no customer waits to be refreshed")

    def checks(self, stage: Stage, *options: str) -> subprocess.CompletedProcess[str]:
        """Ask, as ``make deploy`` does, whether a stage may be deployed over what is there."""
        command = [sys.executable, "-m", "infra.deploy_checks", str(self.assemblies[stage]), *options]
        environment = self.account.environment()
        return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603

    def variables(self, function: str) -> dict[str, str]:
        """Return the environment variables of the version of a deployed function that is invoked."""
        client = self.account.client("lambda")
        (name,) = (
            one["FunctionName"] for one in client.list_functions()["Functions"] if function in one["FunctionName"]
        )
        return dict(client.get_function_configuration(FunctionName=name, Qualifier=LIVE)["Environment"]["Variables"])

    def lists(self) -> dict[int, list[str]]:
        """Return the list on every profile that has one."""
        found: dict[int, list[str]] = {}
        query: dict[str, Any] = {"limit": 1000}
        while query:
            page = loopback.get(f"{self.mparticle.url}/_local/profiles", params=query).json()
            found |= {int(one["mpid"]): one["product_recs"] for one in page["profiles"] if one["product_recs"]}
            query = {} if page["next"] is None else {"limit": 1000, "after": page["next"]}
        return found

    def empty_buckets(self) -> None:
        """Delete what the functions wrote: AWS deletes no bucket that holds something."""
        s3 = self.account.client("s3")
        for bucket in (self.outputs[f"{name}Bucket"] for name in ("Quarantine", "OnFailure", "Import")):
            for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
                s3.delete_object(Bucket=bucket, Key=entry["Key"])

    def _reach_of_functions(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL_PERSONALIZE_EVENTS": self.personalize.url,
            "AWS_ENDPOINT_URL_PERSONALIZE_RUNTIME": self.personalize.url,
            "MPARTICLE_URL": f"http://127.0.0.1:{self._mparticle_port}",
        }

    def _synthesise(self) -> dict[Stage, Path]:
        context = {
            "name": NAME,
            "mparticle_organisation": "5001234",
            "tracking_id": self._tracker.tracking_id,
            "campaign_arn": CAMPAIGN,
            "on_destroy": "delete",
        }
        return {
            stage: make_assembly_for_ministack(synthesise_as_app(stage, context, self._folder / stage))
            for stage in (Stage.COLLECT, Stage.RECOMMEND)
        }

    def _interactions(self) -> int:
        status = loopback.get(f"{self.personalize.url}/_local/status").json()
        return int(status["datasetGroups"][0]["interactions"])

    def _waiting(self) -> int:
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        sqs = self.account.client("sqs")
        answers = [
            sqs.get_queue_attributes(QueueUrl=self.outputs[queue], AttributeNames=names)
            for queue in ("RefreshQueueUrl", "PurchaseQueueUrl")
        ]
        return sum(int(number) for answer in answers for number in answer["Attributes"].values())


def _wait(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end, f"not within {SECONDS:.0f} s: {what}"
        time.sleep(1)  # most of what is asked reads the whole stream
