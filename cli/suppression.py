"""The suppression list of a deployment, for commands that bring data of users in: whom they must leave out."""

import functools
import random
import time

import click
from broker.clock import Clock
from broker.failures import Failure
from broker.suppression import SuppressionList
from broker.suppression_store import SuppressionStore

from cli.connection import Target

FOREVER = float("inf")


def store(target: Target) -> SuppressionStore | None:
    """Return where the list is kept; None where the deployment has none. Raises ClientError."""
    bucket, key_arn = target.control_bucket, target.suppression_key
    if not bucket or not key_arn:
        return None
    s3, secrets = (functools.partial(target.client, service) for service in ("s3", "secretsmanager"))
    return SuppressionStore(s3, secrets, bucket, key_arn, Clock(time.time, time.sleep, random.random))


def current(target: Target) -> SuppressionList | None:
    """Return of whom nothing may be sent; None where the deployment has no list.

    Raises click.ClickException where there is one that can't be read: then nothing may be brought in.
    """
    kept = store(target)
    try:
        return kept.current(FOREVER) if kept else None
    except Failure as failure:
        raise click.ClickException(f"the suppression list can't be read: {failure}") from None
