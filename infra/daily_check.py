"""``daily_check`` and its schedule."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from constructs import Construct

from blueprint import sizing
from blueprint.environments import daily_check_environment
from infra import permissions
from infra.functions import BrokerFunction, LambdaCode
from infra.personalize import PersonalizeResources


class DailyCheck(Construct):
    """EventBridge → ``daily_check`` → metrics, once a day from the deployment on.

    While the broker is paused there is no campaign of its own to check.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        personalize: PersonalizeResources,
        ingest_function: str,
        paused: bool,
        lambda_code: LambdaCode,
        retain: bool,
        key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, id)
        solution, campaign, tracker = (
            personalize.solution_arn,
            None if paused and personalize.solution_arn else personalize.campaign_arn,
            personalize.event_tracker_arn,
        )
        self.function = BrokerFunction(
            self,
            "DailyCheck",
            handler="broker.daily_check.handler",
            size=sizing.DAILY_CHECK,
            lambda_code=lambda_code,
            environment=daily_check_environment(
                ingest_function=ingest_function,
                solution_arn=solution,
                campaign_arn=campaign,
                event_tracker_arn=tracker,
            ),
            permissions=permissions.daily_check(solution, campaign, tracker),
            retain=retain,
            log_key=key,
        ).function
        rule = events.Rule(self, "Schedule", schedule=events.Schedule.rate(cdk.Duration.days(1)))
        rule.add_target(targets.LambdaFunction(self.function))
