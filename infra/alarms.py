"""The alarms. What each of them means is in docs/runbook.md."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from broker.metric_names import Metric
from constructs import Construct

from blueprint.capacity import Capacity
from infra.alarm_maker import BELOW, AlarmMaker
from infra.archive import Archive
from infra.daily_alarms import add_daily_alarms
from infra.metadata_alarms import add_metadata_alarms
from infra.metrics import Metrics
from infra.notifications import Urgency
from infra.pages import add_pages
from infra.receivers import Receivers
from infra.second_alarms import add_second_alarms
from infra.settings import AlarmOptions

CONNECTED = "mparticle-connected"
PAGE, TICKET, SILENT = Urgency.PAGE, Urgency.TICKET, Urgency.SILENT
MAX_ITERATOR_AGE_MS = 10 * 60 * 1000
MINUTE, HALF_HOUR, HOUR = cdk.Duration.minutes(1), cdk.Duration.minutes(30), cdk.Duration.hours(1)
MAX_QUOTA_USE = 80  # percent
MAX_BEHIND = 50  # percent of the profiles that can be compared
# What the broker promises: a minute to Personalize beyond the window in which records are gathered, and the seconds
# within which every profile is right (docs/reliability.md), rounded up.
MAX_ARRIVAL_TO_PERSONALIZE_S, MAX_REQUEST_TO_PROFILE_S = 60, 20 * 60
# Old purchases wait for a quarter of an hour in the queue of all others.
MAX_QUEUE_AGE_S, MAX_PURCHASE_AGE_S = 30 * 60, 5 * 60
MAX_ARCHIVE_AGE_S = 30 * 60
# What is on profiles, and the way there. While the broker is paused nobody works on it, and messages grow old.
OF_PROFILES = (
    *("refreshes-late", "purchases-late", "profiles-late", "refresh-retrying", "refresh-state", "dead-letters"),
    *("refresh-errors", "refresh-throttles", "refresh-configuration", "refresh-quarantine", "refreshes-not-queued"),
    *("get-recommendations-quota", "mparticle-quota", "no-profiles-written", "profiles-behind", "profiles-stand-still"),
)


class Alarms(Construct):
    """One alarm per promise and per way to fail; those of one urgent cause make one page together."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        metrics: Metrics,
        receivers: Receivers,
        capacity: Capacity,
        options: AlarmOptions,
    ) -> None:
        super().__init__(scope, id)
        self._capacity, self._metrics, self._options = capacity, metrics, options
        maker = AlarmMaker(
            self,
            name=name,
            metrics=metrics,
            receivers=receivers,
            runbook_url=options.runbook_url,
            muted=OF_PROFILES if options.paused else (),
        )
        self._add = maker.add
        self._stream(metrics)
        self._quotas()
        self._function("ingest", metrics)
        if metrics.ingest.keeps_impressions:
            self._impressions(metrics)
        if metrics.recommends:
            self._function("refresh", metrics)
            self._refreshes(metrics)
        if metrics.daily_check:
            add_daily_alarms(maker, metrics, options.trains_every)
        if metrics.rewind:
            self._rewind(metrics)
        if metrics.archive:
            self._archive(metrics.archive)
        if metrics.second:
            add_second_alarms(maker, metrics)
        if metrics.metadata:
            add_metadata_alarms(maker, metrics)
        pages = add_pages(maker)
        # What is on for ever would look like a failure on the dashboard.
        self.shown = [*pages, *(alarm for id, alarm in maker.alarms.items() if id != CONNECTED)]

    def _archive(self, archive: Archive) -> None:
        # Firehose buffers for five minutes, and tries again for a day. Where it can't read, nothing is late in S3.
        self._add(
            "archive-late",
            TICKET,
            "For ten minutes, records wait over half an hour for their way into the archive.",
            self._metrics.of_archive("DeliveryToS3.DataFreshness", archive),
            threshold=MAX_ARCHIVE_AGE_S,
            evaluations=2,
        )
        self._add(
            "archive-behind",
            TICKET,
            "For ten minutes, Firehose reads the stream over half an hour late: what it misses is not archived.",
            self._metrics.of_archive("KinesisMillisBehindLatest", archive),
            threshold=MAX_ARCHIVE_AGE_S * 1000,
            evaluations=2,
        )

    def _refreshes(self, metrics: Metrics) -> None:
        refreshes, purchases = metrics.oldest_requests()
        self._add(
            "refreshes-late",
            TICKET,
            "Customers wait for over half an hour for their refresh: there are more than the quotas allow.",
            self._oldest(metrics.queue("ApproximateAgeOfOldestMessage"), refreshes),
            threshold=MAX_QUEUE_AGE_S,
            evaluations=2,
        )
        self._add(
            "purchases-late",
            TICKET,
            "Customers who bought something wait for over five minutes for their refresh.",
            self._oldest(metrics.purchase_queue("ApproximateAgeOfOldestMessage"), purchases),
            threshold=MAX_PURCHASE_AGE_S,
            evaluations=2,
        )
        self._add(
            "profiles-late",
            TICKET,
            "For a quarter of an hour, one in a hundred lists reaches its profile over 20 minutes after its request.",
            metrics.lag_p99("refresh", Metric.REQUEST_TO_PROFILE),
            threshold=MAX_REQUEST_TO_PROFILE_S * 1000,
            evaluations=3,
        )
        self._add(
            "refresh-retrying",
            TICKET,
            "For half an hour there were profiles that could not be refreshed: they wait in the queue.",
            metrics.broker("refresh", Metric.REFRESHES_FAILED),
            evaluations=6,
        )
        self._add(
            "refresh-state",
            TICKET,
            "For a quarter of an hour the table of profiles' states failed for some users: they wait in the queue.",
            metrics.broker("refresh", Metric.STATE_FAILED),
            evaluations=3,
        )
        self._add(
            "no-profiles-written",
            PAGE,
            "For an hour, lists were requested from the campaign, and no profile got one.",
            metrics.math(
                "(FILL(calls, 0) > 0) AND (FILL(updated, 0) + FILL(unchanged, 0) == 0)",
                HALF_HOUR,
                calls=metrics.broker("refresh", Metric.GET_RECOMMENDATIONS_CALLS, HALF_HOUR),
                updated=metrics.broker("refresh", Metric.PROFILES_UPDATED, HALF_HOUR),
                unchanged=metrics.broker("refresh", Metric.PROFILES_UNCHANGED, HALF_HOUR),
            ),
            evaluations=2,
        )
        self._add(
            "profiles-behind",
            PAGE,
            f"For an hour, over {MAX_BEHIND} % of the profiles that mParticle sends back lack their last list.",
            # Two profiles of a small shop may be changed by somebody else.
            metrics.math(
                "IF(FILL(behind, 0) > 2, 100 * behind / compared, 0)",
                HALF_HOUR,
                behind=metrics.broker("refresh", Metric.PROFILES_BEHIND, HALF_HOUR),
                compared=metrics.broker("refresh", Metric.PROFILES_COMPARED, HALF_HOUR),
            ),
            threshold=MAX_BEHIND,
            evaluations=2,
        )
        self._add(
            "refreshes-not-queued",
            TICKET,
            "The refresh queue did not take customers: their lists wait for their next event.",
            metrics.broker("ingest", Metric.REFRESHES_NOT_QUEUED),
        )
        self._add("dead-letters", TICKET, "Profiles could not be refreshed for 12 hours.", metrics.dead_letters())

    def _oldest(self, waiting: cloudwatch.Metric, received: cloudwatch.Metric) -> cloudwatch.MathExpression:
        """Return how old the oldest message is, in seconds, by SQS's age or by our own.

        SQS's leaves out what was received three times, so it stays low in an outage. Ours needs messages that are
        received.
        """
        return self._metrics.math(
            "IF(FILL(received, 0) > 1000 * FILL(waiting, 0), FILL(received, 0) / 1000, FILL(waiting, 0))",
            waiting=waiting,
            received=received,
        )

    def _quota(self, system: str, function: str, calls: Metric, throttled: Metric, per_second: int) -> None:
        """Watch how much of a quota is in use: all of it, where more than one call in ten is refused for its rate."""
        # A rush of a minute is no reason to act.
        self._add(
            f"{system}-quota",
            TICKET,
            f"In ten of fifteen minutes, over {MAX_QUOTA_USE} % of {per_second} per second were in use ({calls}).",
            self._metrics.math(
                f"IF(FILL(throttled, 0) > 0.1 * calls, 100, 100 * calls / {per_second * 60})",
                MINUTE,
                calls=self._metrics.broker(function, calls, MINUTE),
                throttled=self._metrics.broker(function, throttled, MINUTE),
            ),
            threshold=MAX_QUOTA_USE,
            evaluations=15,
            datapoints=10,
        )

    def _quotas(self) -> None:
        capacity = self._capacity
        self._quota(
            "put-events",
            "ingest",
            Metric.PUT_EVENTS_CALLS,
            Metric.PUT_EVENTS_THROTTLED,
            capacity.put_events_per_second,
        )
        if self._metrics.recommends:
            self._quota(
                "get-recommendations",
                "refresh",
                Metric.GET_RECOMMENDATIONS_CALLS,
                Metric.GET_RECOMMENDATIONS_THROTTLED,
                capacity.get_recommendations_per_second,
            )
            self._quota(
                "mparticle",
                "refresh",
                Metric.MPARTICLE_BATCHES,
                Metric.MPARTICLE_BATCHES_THROTTLED,
                capacity.mparticle_batches_per_second,
            )

    def _stream(self, metrics: Metrics) -> None:
        # Lambda reports the iterator's age only where it reads. FILL gives the newest period a zero until the metrics
        # of the functions are there, so one is not enough. A quiet shop has no records in some periods.
        self._add(
            "records-not-read",
            PAGE,
            "Records come in, and nobody reads them.",
            metrics.math(
                "(FILL(incoming, 0) > 0) AND (FILL(records, 0) == 0)",
                incoming=metrics.stream("IncomingRecords"),
                records=metrics.broker("ingest", Metric.RECORDS),
            ),
            evaluations=6,
            datapoints=3,
        )
        self._add(
            "iterator-age",
            TICKET,
            "Events wait on the stream for over ten minutes.",
            metrics.iterator_age(),
            threshold=MAX_ITERATOR_AGE_MS,
            evaluations=2,
        )
        # A stream on demand splits its shards within minutes; mParticle sends again what was refused.
        self._add(
            "stream-writes-refused",
            TICKET,
            "For a quarter of an hour, the stream refused records of mParticle: a shard is full.",
            metrics.stream("WriteProvisionedThroughputExceeded"),
            evaluations=3,
        )
        late = MAX_ARRIVAL_TO_PERSONALIZE_S + self._capacity.stream_window
        self._add(
            "training-late",
            TICKET,
            f"For a quarter of an hour, one in a hundred interactions takes over {late} seconds to Personalize.",
            metrics.lag_p99("ingest", Metric.ARRIVAL_TO_PERSONALIZE),
            threshold=late * 1000,
            evaluations=3,
        )
        self._add(
            "on-failure", PAGE, "Records were given up after two days, into the on-failure bucket.", metrics.given_up()
        )
        self._add(
            "on-failure-lost",
            PAGE,
            "Records were given up and could not be written to the on-failure bucket: they are lost.",
            metrics.function("ingest", "DestinationDeliveryFailures"),
        )
        self._add(
            "no-events-accepted",
            PAGE,
            "No interaction reached Personalize for an hour.",
            # A count of zero is no data, and of missing data an alarm waits for more periods than its own.
            metrics.math("FILL(accepted, 0)", HOUR, accepted=metrics.broker("ingest", Metric.ACCEPTED, HOUR)),
            threshold=1,
            comparison=BELOW,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
        self._add(
            CONNECTED,
            SILENT,
            "No failure: on for ever once mParticle has sent records for an hour. Until then, silence is no alarm.",
            # Missing where no record comes, which leaves the alarm as it is.
            metrics.math("incoming / incoming", HOUR, incoming=metrics.stream("IncomingRecords", HOUR)),
            evaluations=3,
            datapoints=2,
            missing=cloudwatch.TreatMissingData.IGNORE,
        )
        self._add(
            "few-accepted",
            TICKET,
            f"For three hours, under {self._options.accepted_floor} % of what came in was accepted.",
            metrics.math(
                "100 * FILL(accepted, 0) / (FILL(accepted, 0) + FILL(skipped, 0) + FILL(quarantined, 0))",
                HOUR,
                accepted=metrics.broker("ingest", Metric.ACCEPTED, HOUR),
                skipped=metrics.broker("ingest", Metric.SKIPPED, HOUR),
                quarantined=metrics.broker("ingest", Metric.QUARANTINED, HOUR),
            ),
            threshold=self._options.accepted_floor,
            evaluations=3,
            comparison=BELOW,
        )

    def _function(self, function: str, metrics: Metrics) -> None:
        self._add(
            f"{function}-errors", TICKET, f"Invocations of {function} fail.", metrics.function(function, "Errors")
        )
        self._add(
            f"{function}-throttles",
            TICKET,
            f"Lambda has no room to run {function}: the account's concurrency is used up.",
            metrics.function(function, "Throttles"),
            evaluations=3,
        )
        self._add(
            f"{function}-configuration",
            PAGE,
            f"{function} is refused, or a setting of it is wrong: nothing can work until somebody changes it.",
            metrics.broker(function, Metric.CONFIGURATION_ERRORS),
        )
        self._add(
            f"{function}-quarantine",
            TICKET,
            f"{function} put something into quarantine that can never work.",
            metrics.broker(function, Metric.QUARANTINED),
        )

    def _impressions(self, metrics: Metrics) -> None:
        self._add(
            "impressions-failed",
            TICKET,
            "For a quarter of an hour the table of impressions failed: interactions go without what was shown.",
            metrics.broker("ingest", Metric.IMPRESSIONS_FAILED),
            evaluations=3,
        )

    def _rewind(self, metrics: Metrics) -> None:
        self._add(
            "rewind-errors",
            TICKET,
            "Invocations of rewind fail: the stream is not read again as it should be. New events are not concerned.",
            metrics.function("rewind", "Errors"),
        )
