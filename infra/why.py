"""The role by which `./broker why` reads: one user's state, the queues' counts, the campaign's list and log lines."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.ingest import Ingest
from infra.permissions import Permission
from infra.refresh import Refresh


class WhyRole(Construct):
    """It reads, and can write nothing. Only named principals may take it, which CloudTrail records each time."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        principals: Sequence[str],
        ingest: Ingest,
        refresh: Refresh | None,
        correlation_keys: dynamodb.ITable | None,
    ) -> None:
        super().__init__(scope, id)
        granted = _of_all(cdk.Stack.of(self), ingest, refresh) + (_of_refresh(refresh) if refresh else [])
        if correlation_keys:
            granted.append(Permission("dynamodb", ("GetItem",), [correlation_keys.table_arn]))
        statements = [permission.statement() for permission in granted]
        self.role = iam.Role(
            self,
            "Role",
            description="Personalize Broker: ./broker why",
            assumed_by=iam.CompositePrincipal(*map(iam.ArnPrincipal, principals)),
            inline_policies={"why": iam.PolicyDocument(statements=statements, minimize=False)},
        )


def _of_all(stack: cdk.Stack, ingest: Ingest, refresh: Refresh | None) -> list[Permission]:
    flows = [flow for flow in (ingest, refresh) if flow]
    return [
        Permission("cloudformation", ("DescribeStacks",), [stack.stack_id]),
        Permission("lambda", ("GetFunctionConfiguration",), [flow.function.function_arn for flow in flows]),
        Permission("logs", ("FilterLogEvents",), [flow.log_group.log_group_arn for flow in flows]),
    ]


def _of_refresh(refresh: Refresh) -> list[Permission]:
    queues = refresh.queues.queue, refresh.queues.purchases, refresh.queues.dead_letters
    return [
        Permission("dynamodb", ("GetItem",), [refresh.state_table.table_arn]),
        Permission("sqs", ("GetQueueAttributes",), [queue.queue_arn for queue in queues]),
        Permission("personalize", ("GetRecommendations",), refresh.asked_arns),
    ]
