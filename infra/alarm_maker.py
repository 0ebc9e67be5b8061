"""How an alarm is made: its name, what its mail says, and whom it tells."""

import shlex
from collections.abc import Collection

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from infra.metrics import Metrics
from infra.notifications import Urgency, topics
from infra.receivers import Receivers
from infra.settings import DEFAULT_NAME

ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
# What shows the cause of an alarm: a word of a log line, if it is not a failed invocation; or a command.
OUTCOMES = (
    *("no-events-accepted", "few-accepted", "iterator-age", "training-late", "refreshes-not-queued"),
    *("no-profiles-written", "profiles-behind", "refresh-retrying", "refresh-state", "second-iterator-age"),
    *("metadata-failed", "metadata-refused", "metadata-late"),
)
LINES = dict.fromkeys(OUTCOMES, "outcomes") | {"accepted-share-fell": "check"}
DAILY = {"accepted-share-fell", "daily-check-errors"}
REPLAY = {"ingest-quarantine", "refresh-quarantine"}
ARCHIVE = {"archive-late", "archive-behind"}
GIVEN_UP = {"on-failure", "on-failure-lost", "second-on-failure"}
STATUS = {
    *("put-events-quota", "get-recommendations-quota", "mparticle-quota", "stream-writes-refused"),
    *("refreshes-late", "purchases-late", "profiles-late"),
    *("model-old", "training-failed", "old-model-served", "personalize-not-active"),
}


class AlarmMaker:
    """Makes the alarms of one stack in ``scope``, and keeps them by their ids.

    A page's alarm tells nobody itself: the page does, which several alarms may have in common. Those that are ``muted``
    go on and off, and tell nobody.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        name: str,
        metrics: Metrics,
        receivers: Receivers,
        runbook_url: str,
        muted: Collection[str] = (),
    ) -> None:
        self._scope, self._name, self._metrics = scope, name, metrics
        self._topics = topics(scope, receivers)
        self._runbook_url = runbook_url
        self._muted = muted
        self.alarms: dict[str, cloudwatch.Alarm] = {}

    def add(
        self,
        id: str,
        urgency: Urgency,
        description: str,
        metric: cloudwatch.IMetric,
        *,
        threshold: float = 0,
        evaluations: int = 1,
        datapoints: int | None = None,
        comparison: cloudwatch.ComparisonOperator = ABOVE,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        """Add an alarm on a metric."""
        self.alarms[id] = alarm = cloudwatch.Alarm(
            self._scope,
            id,
            alarm_name=f"{self._name}-{id}",
            alarm_description=self._text(id, urgency, description, self._command(id)),
            metric=metric,
            threshold=threshold,
            evaluation_periods=evaluations,
            datapoints_to_alarm=datapoints,
            comparison_operator=comparison,
            treat_missing_data=missing,
            actions_enabled=id not in self._muted,
        )
        if urgency is Urgency.TICKET:
            self._tell(alarm, urgency)

    def add_page(self, id: str, description: str, rule: cloudwatch.IAlarmRule) -> cloudwatch.CompositeAlarm:
        """Add and return an alarm on the states of others, which tells the topics of pages."""
        query = "MetricAlarms[].[AlarmName,AlarmDescription]"
        prefix = shlex.quote(f"{self._name}-")
        which = f"aws cloudwatch describe-alarms --state-value ALARM --alarm-name-prefix {prefix} --query '{query}'"
        page = cloudwatch.CompositeAlarm(
            self._scope,
            id,
            composite_alarm_name=f"{self._name}-{id}",
            alarm_description=self._text(id, Urgency.PAGE, description, f"{which}\nOr: {self._broker('failures')}"),
            alarm_rule=rule,
            actions_enabled=id not in self._muted,
        )
        self._tell(page, Urgency.PAGE)
        return page

    def _text(self, id: str, urgency: Urgency, description: str, command: str) -> str:
        # The runbook calls its sections by the alarms' names in a stack of the default name.
        section = f"{self._runbook_url}#{DEFAULT_NAME}-{id}"
        if urgency is Urgency.SILENT:
            return f"{description}\n{section}"
        return f"{description}\nNext: {command}\nWhat to do ({urgency}): {section}"

    def _command(self, id: str) -> str:
        """Return the command that shows the cause of an alarm, or comes nearest to it."""
        if id in GIVEN_UP:
            return self._broker("replay --source on-failure")
        if id in REPLAY:
            return self._broker("replay")
        if id in STATUS:
            return self._broker("status")
        if id == "records-not-read":
            name = self._metrics.function_of("ingest").function_name
            return f"aws lambda list-event-source-mappings --function-name {name}"
        if id in ARCHIVE and self._metrics.archive:
            return f"aws logs tail {self._metrics.archive.log_group.log_group_name} --since 2h"
        function = self._metrics.function_of(_flow(id))
        pattern = LINES.get(id, "failed")
        return f"aws logs tail {function.log_group.log_group_name} --since 2h --filter-pattern {pattern}"

    def _broker(self, command: str) -> str:
        # Alarms are on AWS only, and without --aws a ./broker serve that runs beside would answer.
        return f"./broker {command} --name {self._name} --aws"

    def _tell(self, alarm: cloudwatch.AlarmBase, urgency: Urgency) -> None:
        for topic in self._topics[urgency]:
            alarm.add_alarm_action(actions.SnsAction(topic))
            alarm.add_ok_action(actions.SnsAction(topic))


def _flow(id: str) -> str:
    """Return the function whose log shows the cause of an alarm."""
    if id in DAILY:
        return "daily-check"
    if id.startswith("metadata-"):
        return "ingest" if id == "metadata-failed" else "put-metadata"
    for flow in ("rewind", "second", "put-metadata"):
        if id.startswith(f"{flow}-"):
            return flow
    return "refresh" if id.startswith(("refresh-", "dead-letters", "profiles-", "no-profiles")) else "ingest"
