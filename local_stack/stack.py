"""The local stack: the deployed stack's functions on local services, started in the same three stages.

collect: stream → ingest → Personalize. train: a model of what was collected. recommend: a campaign, the refresh
queues, and refresh → profiles.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from broker.settings import SuppressionSettings

from blueprint import environments, sizing
from blueprint.capacity import Capacity
from blueprint.mappings import KinesisMapping
from lifecycle import datasets, resource_types, training
from lifecycle.names import USER_PERSONALIZATION, Names
from lifecycle.resources import Resources
from local_stack import loopback
from local_stack.archiver import ArchiverThread
from local_stack.aws.resources import ResourceSettings, create_resources, messages_in
from local_stack.aws.session import local_client
from local_stack.items4u.catalogue import catalogue
from local_stack.items_dataset import import_catalogue
from local_stack.lambda_emulator.polling.threads import PollerThreads, QueueThreads, StreamThreads
from local_stack.lambda_emulator.runtime.function import Function
from local_stack.log_lines import LogLines
from local_stack.metrics_log import INTERVAL, MetricsLog
from local_stack.mparticle.inputs import BROKER_FEED, INPUTS
from local_stack.process import NotStarted, ServiceProcess, begin_service
from local_stack.settings import STREAM, LocalMetadata, LocalStackSettings
from local_stack.variants import make_variants
from personalize_local.shell import PortInUse, listen

LAMBDA_SRC = Path(__file__).resolve().parents[1] / "lambda_src"
NAME = "items4u"
NAMES, SECOND_NAMES = Names(NAME), Names(f"{NAME}-second")
ARCHIVE_BUCKET = f"{NAME}-archive"
ATTRIBUTION_ROLE = "arn:aws:iam::123456789012:role/local"  # roles are not checked here
OPTIONS = environments.FunctionConfig(capacity=Capacity(parallelization_factor=STREAM.parallelization_factor))

OF_METADATA = ("METADATA_TABLE", "METADATA_QUEUE_URL")

Log = Callable[[str], None]


class Stack:
    """Services, functions and pollers. ``with Stack(settings) as stack`` starts the first stage, ``collect``."""

    def __init__(self, settings: LocalStackSettings, log: Log = lambda line: None) -> None:
        self.settings = settings
        self.metrics = MetricsLog()
        self.lines = LogLines()
        self.campaign_arn: str | None = None
        self._version_arn = ""
        self.experiment: str | None = None
        self.experiment_began: int | None = None
        self.second_tracker: datasets.Tracker | None = None
        self.put_directly = 0
        self._began = time.time()
        self.functions: dict[str, Function] = {}
        self.queue_pollers: list[QueueThreads] = []
        self._log = log
        self._running = ExitStack()

    def __enter__(self) -> "Stack":
        with ExitStack() as starting:
            self._running = starting
            self._start()
            self._running = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def train(self) -> Iterator[Mapping[str, Any]]:
        """The second stage: yield the solution version until it is ACTIVE. Raises CreationFailed."""
        configuration = training.Training(USER_PERSONALIZATION)
        for version in training.train(self._model, NAMES, self.tracker.dataset_group_arn, configuration):
            self._version_arn = version["solutionVersionArn"]
            yield version

    def recommend(self) -> None:
        """The third stage: a campaign on the newest version; ``ingest`` gets the queues, and ``refresh`` starts.

        It has a process for purchases, and others for views: a backlog of views holds up no purchase.
        """
        self.campaign_arn = training.campaign(self._model, NAME, self._version_arn)
        if self.settings.profile_columns:
            training.give_columns(self._model, self.campaign_arn)
        self._make_experiment()
        of_views, environment = self.settings.refresh_processes, self._refresh_environment(self.campaign_arn)
        refresh = self._function("refresh", environment, instances=of_views + 1)
        for url, arn, processes in (
            (self.resources.queue_url, self.resources.queue_arn, of_views),
            (self.resources.purchase_queue_url, self.resources.purchase_queue_arn, 1),
        ):
            pollers = QueueThreads(
                self.settings.queue,
                endpoint=self.aws.url,
                queue_url=url,
                queue_arn=arn,
                invoke=refresh.invoke,
                pollers=processes,
                poll_interval=self.settings.queue_poll,
            )
            self.queue_pollers.append(pollers)
            self._run(pollers)
        self.ingest.update_environment(
            self._ingest_environment(self.resources.queue_url, self.resources.purchase_queue_url)
        )
        self.experiment_began = int(time.time()) if self.experiment else None

    def _make_experiment(self) -> None:
        """Make what the variants need; from now on both functions know the experiment."""
        plan = self.settings.experiment
        if plan:
            group = self.tracker.dataset_group_arn
            columns = bool(self.settings.profile_columns)
            arns = make_variants(self._model, NAME, group, self._version_arn, plan, gives_columns=columns)
            self.experiment = plan.variable(arns)

    def write_second_tracker(self, begin: float | None = None) -> None:
        """Fill a second dataset group beside the first: a second ``ingest`` reads what arrives from ``begin`` on.

        ``begin``: epoch seconds; without it, all that the stream has. ``rewind`` writes there, too, from now on. Its
        counts are not among ``metrics``.
        """
        self.second_tracker = datasets.tracker(self._model, SECOND_NAMES)
        environment = {**self.ingest.environment, "TRACKING_ID": self.second_tracker.tracking_id}
        for name in ("REFRESH_QUEUE_URL", "PURCHASE_QUEUE_URL", "CORRELATION_TABLE", *OF_METADATA):
            environment.pop(name, None)
        second = self._made("second-ingest", environment, handler="ingest", log=self._log)
        self._running.enter_context(second).start()
        self.second_pollers = self._stream_threads(self.settings.stream, second, begin)
        self._run(self.second_pollers)
        self.rewind.update_environment(self._rewind_environment())

    @property
    def stage(self) -> str:
        """Return the stage, by the name that it has in the settings."""
        if self.campaign_arn:
            return "recommend"
        return "train" if self._version_arn else "collect"

    @property
    def solution_arn(self) -> str:
        """Return what was trained: the ARN of a version is that of its solution, and an id. Nothing before that."""
        return self._version_arn.rpartition("/")[0]

    def client(self, service: str) -> Any:
        """Return a boto3 client of one of the AWS services of the local stack."""
        return local_client(service, self.aws.url)

    def recent_counts(self, minutes: int) -> dict[str, Any]:
        """Return what the functions counted in the last minutes, for ``lifecycle.rates``; times in epoch seconds."""
        until = int(time.time()) // INTERVAL * INTERVAL
        since = max(until - 60 * minutes, int(self._began) // INTERVAL * INTERVAL)
        variables = [variable for function in self.functions.values() for variable in function.environment.items()]
        return {
            "since": since,
            "until": until,
            "sums": self.metrics.between(since, until),
            "variables": {name: value for name, value in variables if name.endswith("_PER_SECOND")},
            "refreshes": "refresh" in self.functions,
            "stage": self.stage,
        }

    def positions(self) -> dict[str, str | None]:
        """Return the last record of each shard that ``ingest`` is done with."""
        return {poller.shard_id: poller.checkpoint for poller in self.stream_pollers.pollers}

    def read_again(self, mapping: KinesisMapping, begin: float) -> StreamThreads:
        """Let ``rewind`` read the stream from a time on (epoch seconds); return the pollers, which run."""
        pollers = self._stream_threads(mapping, self.rewind, begin)
        self._run(pollers)
        return pollers

    def is_idle(self) -> bool:
        """Return whether everything that mParticle accepted is processed: stream read to its end, queues empty."""
        return self.stream_is_read() and self.messages_waiting() == 0

    def messages_waiting(self) -> int:
        """Return how many messages the queues hold, delayed and in-flight ones included."""
        urls = [self.resources.queue_url, self.resources.purchase_queue_url]
        urls += [self.resources.metadata_queue_url] if self.settings.metadata else []
        return sum(messages_in(self._sqs, url) for url in urls)

    def stream_is_read(self) -> bool:
        """Return whether everything that mParticle accepted is on the stream and has been processed."""
        mparticle = loopback.get(f"{self.mparticle.url}/_local/status").json()
        on_stream = mparticle["forwarded"] + mparticle["copies"] + self.put_directly
        done = sum(counts.records_done + counts.records_given_up for counts in self.stream_pollers.counts().values())
        return mparticle["waiting"] == 0 and done >= on_stream

    def _check_ports(self) -> None:
        """Try the named ports, which takes no time, unlike a start. Raises NotStarted."""
        for port in (self.settings.aws_port, self.settings.personalize_port, self.settings.mparticle_port):
            try:
                listen(port).close()
            except PortInUse as error:
                raise NotStarted(str(error)) from None

    def _start(self) -> None:
        self._check_ports()
        self.aws = self._service("local_stack.aws", "--port", str(self.settings.aws_port))
        self.aws.wait_until_ready()
        ports = "--port", str(self.settings.personalize_port), "--seed", str(self.settings.seed)
        self.personalize = self._service("personalize_local", *ports, "--s3-endpoint", self.aws.url)
        self.resources = create_resources(self.aws.url, self._resource_settings())
        self.mparticle = self._start_mparticle()
        for service in (self.personalize, self.mparticle):
            service.wait_until_ready()
        self._sqs = self.client("sqs")
        self._model = Resources(local_client("personalize", self.personalize.url))
        self.tracker = datasets.tracker(self._model, NAMES)
        self._make_datasets()
        if self.settings.profile_columns:
            import_catalogue(self._model, self.client("s3"), NAMES, catalogue(self.settings.seed))
        if self.settings.metric_attribution:
            self._attribute()
        self.ingest = self._function("ingest", self._ingest_environment())
        self.rewind = self._running.enter_context(self._made("rewind", self._rewind_environment()))
        self.stream_pollers = self._stream_threads(self.settings.stream, self.ingest)
        self._run(self.stream_pollers)
        if self.settings.archive:
            self._archive()
        if self.settings.metadata:
            self._put_metadata()

    def _stream_threads(self, mapping: KinesisMapping, function: Function, begin: float | None = None) -> StreamThreads:
        return StreamThreads(
            mapping,
            endpoint=self.aws.url,
            stream_arn=self.resources.stream_arn,
            shard_ids=self.resources.shard_ids,
            function_arn=function.arn,
            invoke=function.invoke,
            on_failure_bucket=self.resources.on_failure_bucket,
            begin=begin,
            poll_interval=self.settings.shard_poll,
        )

    def _make_datasets(self) -> None:
        """Make the Users and the Items dataset, where they have a schema."""
        wanted = self.settings.metadata or LocalMetadata()
        schemas = {"users": wanted.users_schema, "items": wanted.items_schema}
        self.dataset_arns = {
            name: datasets.dataset(self._model, NAMES, name, schema) for name, schema in schemas.items() if schema
        }

    def _put_metadata(self) -> None:
        """Let ``put_metadata`` work off the queue of users and items, one process for each of them."""
        function = self._function("put_metadata", self._put_metadata_environment(), instances=2)
        self.metadata_pollers = QueueThreads(
            sizing.METADATA_QUEUE,
            endpoint=self.aws.url,
            queue_url=self.resources.metadata_queue_url,
            queue_arn=self.resources.metadata_queue_arn,
            invoke=function.invoke,
            pollers=2,
            poll_interval=self.settings.queue_poll,
        )
        self._run(self.metadata_pollers)

    def _attribute(self) -> None:
        metrics = [metric.as_request() for metric in environments.metrics_of(NAME, self._options)]
        datasets.metric_attribution(
            self._model, NAME, self.tracker.dataset_group_arn, metrics, {"roleArn": ATTRIBUTION_ROLE}
        )

    def _archive(self) -> None:
        self.client("s3").create_bucket(Bucket=ARCHIVE_BUCKET)
        self.archiver = ArchiverThread(
            endpoint=self.aws.url,
            stream_name=self.resources.stream_name,
            shard_ids=self.resources.shard_ids,
            bucket=ARCHIVE_BUCKET,
            buffer=self.settings.archive_buffer,
            poll_interval=self.settings.shard_poll,
        )
        self._run(self.archiver)

    def _service(self, module: str, *arguments: str) -> ServiceProcess:
        return self._running.enter_context(begin_service(module, arguments, log=self._log))

    def _start_mparticle(self) -> ServiceProcess:
        return self._service(
            "local_stack.mparticle",
            *("--port", str(self.settings.mparticle_port)),
            *("--seed", str(self.settings.seed)),
            *("--stream", self.resources.stream_name),
            *("--kinesis-endpoint", self.aws.url),
        )

    def _run(self, pollers: PollerThreads) -> None:
        pollers.start()
        self._running.callback(pollers.stop)

    def _function(self, name: str, environment: Mapping[str, str], instances: int = 1) -> Function:
        function = self._running.enter_context(self._made(name, environment, instances))
        if self.settings.preloaded:
            function.start()
        self.functions[name] = function
        return function

    def _made(
        self,
        name: str,
        environment: Mapping[str, str],
        instances: int = 1,
        *,
        handler: str | None = None,
        log: Log | None = None,
    ) -> Function:
        module = handler or name
        return Function(
            name,
            f"broker.{module}.handler",
            code_dir=LAMBDA_SRC,
            environment=environment,
            timeout=sizing.FUNCTIONS[module].timeout,
            memory=sizing.FUNCTIONS[module].memory,
            instances=instances,
            log=log or self._function_log,
        )

    def _function_log(self, line: str) -> None:
        self.metrics.feed(line)
        self.lines.feed(line)
        self._log(line)

    def _resource_settings(self) -> ResourceSettings:
        feed = INPUTS[BROKER_FEED]
        return ResourceSettings(
            prefix=NAME,
            shards=self.settings.shards,
            queue_delay=self.settings.queue_delay,
            queue_visibility=self.settings.queue.visibility_timeout,
            max_receives=self.settings.max_receives,
            metadata_delay=self.settings.metadata_delay,
            mparticle_key=feed.key,
            mparticle_secret=feed.secret,
        )

    def _ingest_environment(
        self, refresh_queue_url: str | None = None, purchase_queue_url: str | None = None
    ) -> dict[str, str]:
        broker = environments.ingest_environment(
            self._options,
            tracking_id=self.tracker.tracking_id,
            quarantine_bucket=self.resources.quarantine_bucket,
            refresh_queue_url=refresh_queue_url,
            purchase_queue_url=purchase_queue_url,
            suppression=self._suppression(),
            correlation_table=self._correlation_table,
            impressions_table=self.resources.impressions_table if self.settings.impression_list else None,
            metadata_table=self.resources.metadata_table if self.settings.metadata else None,
            metadata_queue_url=self.resources.metadata_queue_url if self.settings.metadata else None,
        )
        return broker | self._endpoints("PERSONALIZE_EVENTS")

    def _put_metadata_environment(self) -> dict[str, str]:
        broker = environments.put_metadata_environment(
            self._options,
            metadata_table=self.resources.metadata_table,
            users_dataset_arn=self.dataset_arns.get("users"),
            items_dataset_arn=self.dataset_arns.get("items"),
            suppression=self._suppression(),
        )
        return broker | self._endpoints("PERSONALIZE_EVENTS")

    def _rewind_environment(self) -> dict[str, str]:
        broker = environments.rewind_environment(
            self._options,
            tracking_id=(self.second_tracker or self.tracker).tracking_id,
            quarantine_bucket=self.resources.quarantine_bucket,
            suppression=self._suppression(),
        )
        return broker | self._endpoints("PERSONALIZE_EVENTS")

    def _refresh_environment(self, campaign_arn: str) -> dict[str, str]:
        broker = environments.refresh_environment(
            self._options,
            campaign_arn=campaign_arn,
            filter_arn=self._filter_arn(),
            mparticle_secret_arn=self.resources.secret_arn,
            quarantine_bucket=self.resources.quarantine_bucket,
            state_table=self.resources.state_table,
            mparticle_url=self.mparticle.url,
            suppression=self._suppression(),
            correlation_table=self._correlation_table,
            experiment=self.experiment,
        )
        return broker | self._endpoints("PERSONALIZE_RUNTIME")

    @property
    def _options(self) -> environments.FunctionConfig:
        settings, metadata = self.settings, self.settings.metadata or LocalMetadata()
        return replace(
            OPTIONS,
            probe_mpid=settings.probe_mpid,
            impression_list=settings.impression_list,
            metric_attribution=settings.metric_attribution,
            profile_columns=settings.profile_columns,
            experiment=self.experiment,
            user_columns=metadata.user_columns,
            item_columns=metadata.item_columns,
            item_updates=metadata.item_updates,
        )

    def _filter_arn(self) -> str | None:
        """Return the filter of the lists, which is made if need be; None without one. Raises CreationFailed."""
        expression = self.settings.filter_expression
        if not expression:
            return None
        group = self.tracker.dataset_group_arn
        request = {"datasetGroupArn": group, "filterExpression": expression}
        return str(self._model.ensure(resource_types.FILTER, NAME, request, datasetGroupArn=group)["filterArn"])

    def _suppression(self) -> SuppressionSettings:
        return SuppressionSettings(self.resources.control_bucket, self.resources.suppression_key_arn)

    @property
    def _correlation_table(self) -> str | None:
        return self.resources.correlation_table if self.settings.record_logs else None

    def _endpoints(self, personalize: str) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.aws.url, f"AWS_ENDPOINT_URL_{personalize}": self.personalize.url}
