"""What there is in an account, by kind: that is what a deployment makes, and what a teardown may leave."""

from collections.abc import Callable
from typing import Any

from tests.deploy.account import Account

Inventory = dict[str, set[str]]

# Service, operation, the member of its answer, and what names an entry; None: the entry is its own name.
KINDS: dict[str, tuple[str, str, str, str | None]] = {
    "streams": ("kinesis", "list_streams", "StreamNames", None),
    "queues": ("sqs", "list_queues", "QueueUrls", None),
    "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
    "mappings": ("lambda", "list_event_source_mappings", "EventSourceMappings", "EventSourceArn"),
    "tables": ("dynamodb", "list_tables", "TableNames", None),
    "buckets": ("s3", "list_buckets", "Buckets", "Name"),
    "roles": ("iam", "list_roles", "Roles", "RoleName"),
    "policies": ("iam", "list_policies", "Policies", "PolicyName"),
    "secrets": ("secretsmanager", "list_secrets", "SecretList", "Name"),
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "log groups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "topics": ("sns", "list_topics", "Topics", "TopicArn"),
    "stacks": ("cloudformation", "describe_stacks", "Stacks", "StackName"),
}


def inventory(account: Account) -> Inventory:
    """Return all that the account holds."""
    return {
        kind: set(_names(account.client(service), operation, member, name))
        for kind, (service, operation, member, name) in KINDS.items()
    }


def new(before: Inventory, after: Inventory) -> Inventory:
    """Return what was not there before; kinds of which there is nothing new are left out."""
    added = {kind: names - before.get(kind, set()) for kind, names in after.items()}
    return {kind: names for kind, names in added.items() if names}


def _names(client: Any, operation: str, member: str, name: str | None) -> list[str]:
    call: Callable[..., Any] = getattr(client, operation)
    scope = {"Scope": "Local"} if operation == "list_policies" else {}
    pages = client.get_paginator(operation).paginate(**scope) if client.can_paginate(operation) else [call()]
    return [entry if name is None else entry[name] for page in pages for entry in page.get(member, ())]
