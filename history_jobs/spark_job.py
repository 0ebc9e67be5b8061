"""A script for services that take jobs rather than connections: Amazon EMR Serverless, and AWS Glue.

It is one file, with the code and the request inside:
https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-spark.html
"""

import base64
import json

from history_jobs.code_archive import code_archive
from history_jobs.request import Request

SCRIPT = '''"""Exports of mParticle as rows for Amazon Personalize, by ./broker backfill --spark-job."""

import base64
import json
import sys
import tempfile

CODE = base64.b64decode("{code}")
REQUEST = json.loads(base64.b64decode("{request}"))

folder = tempfile.mkdtemp()
with open(f"{{folder}}/code.zip", "wb") as file:
    file.write(CODE)
sys.path.insert(0, f"{{folder}}/code.zip")

from history_jobs.request import Request
from history_jobs.spark import convert
from pyspark.sql import SparkSession

report = convert(SparkSession.builder.getOrCreate(), Request.from_json(REQUEST), CODE)
print(json.dumps({{"rows": report.rows, "skipped": report.skipped, "bad": report.bad, "notes": report.all_notes()}}))
'''


def script(request: Request) -> str:
    """Return the text of the job. It holds the key of the suppression list, if there is one."""
    packed = base64.b64encode(json.dumps(request.as_json()).encode()).decode()
    return SCRIPT.format(code=base64.b64encode(code_archive()).decode(), request=packed)
