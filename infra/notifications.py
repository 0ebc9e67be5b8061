"""Where alarms go: the topics of pages, and the topics of tickets."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.receivers import Receivers


class Urgency(StrEnum):
    """How soon somebody must look at an alarm."""

    PAGE = "page"  # data is lost, or nothing moves until somebody acts
    TICKET = "ticket"  # it can wait until the morning, or goes away by itself
    SILENT = "silent"  # no failure: a state that other alarms ask for


def topics(scope: Construct, receivers: Receivers) -> Mapping[Urgency, Sequence[sns.ITopic]]:
    """Return the topics of each class of alarms; a topic for the address is created in ``scope``.

    Without a page topic the pages go where the tickets go; with nothing but one, the tickets go there, too: where
    anybody is told at all, no alarm is without an action.
    """
    own = [_email_topic(scope, receivers.email)] if receivers.email else []
    tickets = [*own, *_existing(scope, "AlarmTopic", receivers.alarm_topic_arn)]
    pages = _existing(scope, "PageTopic", receivers.page_topic_arn)
    return {Urgency.PAGE: pages or tickets, Urgency.TICKET: tickets or pages, Urgency.SILENT: []}


def _existing(scope: Construct, id: str, arn: str | None) -> list[sns.ITopic]:
    return [sns.Topic.from_topic_arn(scope, id, arn)] if arn else []


def _email_topic(scope: Construct, email: str) -> sns.Topic:
    topic = sns.Topic(scope, "Topic", enforce_ssl=True)
    sns.Subscription(scope, "Email", topic=topic, protocol=sns.SubscriptionProtocol.EMAIL, endpoint=email)
    # A topic with a policy of its own has lost the default one, by which CloudWatch may publish.
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["sns:Publish"],
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
        )
    )
    return topic
