"""How the functions reach AWS, and how long an invocation may go on starting calls."""

import time
from typing import Any

import boto3
from botocore.config import Config

# Seconds; boto3's own are 60 each, long enough to lose an invocation. Connecting includes TLS, which takes a second and
# more where a cold process opens all of its connections at once.
CONNECT_TIMEOUT, READ_TIMEOUT = 5, 5
IMPATIENT_READ_TIMEOUT = 1  # of services that answer within 0.2 s
LAST_CALL_MARGIN_S = (
    10.0  # seconds before the function's timeout after which no further call starts: one call and the wrap-up
)
SHUTDOWN_RESERVE_S = 3.0  # of them, in which what is bad is kept, users are asked for, and messages are postponed


def aws_client(service: str, *, connections: int, read_timeout: float = READ_TIMEOUT) -> Any:
    """Return a boto3 client with short timeouts and without retries: each system's module has its own retry rule."""
    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=read_timeout,
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": 1},
    )
    return boto3.client(service, config=config)


def deadline(context: Any) -> float:
    """Return the epoch second after which no further call is started, from Lambda's context."""
    left: float = context.get_remaining_time_in_millis() / 1000
    return time.time() + max(left - LAST_CALL_MARGIN_S, left / 2)
