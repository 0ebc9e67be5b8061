"""PutRecord on a local stream, the only Kinesis action that mParticle needs (its Kinesis event page)."""

import os
from collections.abc import Callable

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local_stack.mparticle.forwarding.forwarder import DeliveryFailed

_NOTHING_CONFIGURED = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""So that no AWS_PROFILE or ~/.aws of the machine can be found, let alone used."""


def put_record(stream: str, endpoint: str, *, connections: int) -> Callable[[str, bytes], None]:
    """Return ``put(partition_key, data)`` for a stream at a local endpoint; it raises DeliveryFailed.

    Each record is tried once, for at most a few seconds; the forwarder retries.
    """
    session = botocore.session.Session(session_vars=_NOTHING_CONFIGURED)
    client = session.create_client(
        "kinesis",
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=2,
            read_timeout=10,
            max_pool_connections=connections,
            proxies={},
        ),
    )

    def put(partition_key: str, data: bytes) -> None:
        try:
            client.put_record(StreamName=stream, PartitionKey=partition_key, Data=data)
        except (BotoCoreError, ClientError) as error:
            raise DeliveryFailed(str(error)) from error

    return put
