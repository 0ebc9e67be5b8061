"""A session of Spark Connect that gives up where the server does not answer, after some twelve seconds.

Spark's own client would wait for ten minutes. When it has given up, it asks the server to forget the job, for as long
again. https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.SparkSession.client.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

RETRIES = {"max_retries": 5, "initial_backoff": 500, "backoff_multiplier": 2.0, "max_backoff": 4_000}  # milliseconds


def end_of(text: str) -> str:
    """Return the end of what a program says, where its cause stands: two lines in one, of at most 600 characters."""
    return " ".join([line.strip() for line in text.splitlines() if line.strip()][-2:])[:600]


class Unreachable(Exception):
    """Spark does not answer; the message says what to do."""


@contextmanager
def connected(remote: str) -> Iterator[Any]:
    """Yield a session on the Spark at an ``sc://`` URL. Raises Unreachable."""
    from pyspark.errors import RetriesExceeded
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.client.retries import DefaultPolicy

    session = SparkSession.builder.remote(remote).getOrCreate()
    session.client.set_retry_policies([DefaultPolicy(**RETRIES)])
    try:
        yield session
    except RetriesExceeded:
        address = remote.partition(";")[0].rstrip("/")  # a token may follow
        raise Unreachable(f"Spark does not answer at {address}: start this again once it does") from None
