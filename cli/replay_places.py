"""The buckets, the stream and the queue of a replay: of a running ``serve``, or among the stack's outputs."""

import os

from cli import connection, local_env

# What each option is called in a local environment, and among the stack's outputs.
PLACES = {
    "quarantine_bucket": ("QUARANTINE_BUCKET", "QuarantineBucket"),
    "on_failure_bucket": ("ON_FAILURE_BUCKET", "OnFailureBucket"),
    "stream": ("STREAM_NAME", "StreamArn"),
    "queue_url": ("REFRESH_QUEUE_URL", "RefreshQueueUrl"),
}


def place(target: connection.Target, variable: str, output: str) -> str | None:
    """Return a place by itself. Raises ClientError."""
    if target.local_url:
        return os.environ.get(variable) or local_env.running().get(variable)
    return target.outputs.get(output)
