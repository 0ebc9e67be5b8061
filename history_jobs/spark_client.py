"""The program that connects to Spark: a request on standard input, and what came of it on standard output, as JSON.

It runs in an environment of its own, with Spark's client: ``python -m history_jobs.spark_client sc://HOST``.
"""

import json
import sys
from typing import Any

from history_jobs.code_archive import code_archive
from history_jobs.request import Request
from history_jobs.spark import convert
from personalize_data.errors import BadFile
from personalize_data.spark_session import Unreachable, connected, end_of


def answer(remote: str, request: Request) -> dict[str, Any]:
    """Convert on the Spark at a ``sc://`` URL; return the sum of the ``report``s, or why it is ``refused``."""
    from pyspark.errors import PySparkException

    try:
        with connected(remote) as session:
            return {"report": convert(session, request, code_archive()).as_json()}
    except Unreachable as error:
        return {"refused": f"{error}, parts that are done are kept"}
    except PySparkException as error:
        cause = end_of(str(error).partition("JVM stacktrace")[0]).rstrip(".")
        return {"refused": f"Spark: {cause}. Started again, this goes on with the parts that are not done"}
    except BadFile as error:
        return {"refused": str(error)}


if __name__ == "__main__":
    json.dump(answer(sys.argv[1], Request.from_json(json.load(sys.stdin))), sys.stdout)
