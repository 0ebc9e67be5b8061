"""The program that connects to Spark: a request on standard input, the sum of the reports on standard output.

It runs in an environment of its own, with Spark's client: ``python -m history_jobs.spark_client sc://HOST``.
"""

import json
import sys

from history_jobs.code_archive import code_archive
from history_jobs.request import Request
from history_jobs.spark import convert


def main(remote: str) -> None:
    """Convert what standard input asks for, on the Spark at a ``sc://`` URL."""
    from pyspark.sql import SparkSession

    request = Request.from_json(json.load(sys.stdin))
    session = SparkSession.builder.remote(remote).getOrCreate()
    json.dump(convert(session, request, code_archive()).as_json(), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
