"""The function behind AWS Step Functions' Distributed Map: it lists parts, converts one, and adds up the reports.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html: the items of the map are the parts, in
an object that ``list`` has written.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from history_jobs import listing, part_files, start
from history_jobs.request import report_name
from history_jobs.s3_storage import S3Storage
from personalize_data.exports.part import Part
from personalize_data.exports.report import Report
from personalize_data.exports.settings import Conversion
from personalize_data.plan import Plan

PARTS, REPORT = "parts.json", "report.json"
LIST, CONVERT, ADD_UP = "list", "convert", "add_up"


@dataclass(frozen=True)
class MapTasks:
    """``exports``: the ``s3://`` URL of the files; ``conversion``: as JSON; ``limit``: bytes of a part at most."""

    storage: S3Storage
    exports: str
    conversion: Mapping[str, Any]
    limit: int

    def run(self, event: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Do the ``task`` of an event, and return what came of it, which is small."""
        if event["task"] == LIST:
            return self._list(now)
        return self._convert(event) if event["task"] == CONVERT else self._add_up()

    def _list(self, now: float) -> dict[str, Any]:
        files = list(listing.files_in_s3(self.storage.s3, self.exports, self.limit))
        parts = [part for file in files for part in file.parts]
        now = start.started(self.storage, start.identity(self._plan(files), parts), now)
        items = [
            {"task": CONVERT, "number": number, "part": part.as_json(), "now": now} for number, part in enumerate(parts)
        ]
        self.storage.write(PARTS, json.dumps(items).encode())
        return {"parts": len(items)}

    def _plan(self, files: Sequence[listing.ListedFile]) -> Plan:
        conversion = Conversion.from_json(self.conversion)
        return Plan("interactions", [file.source for file in files], conversion.schema, rules=conversion.rules)

    def _convert(self, item: Mapping[str, Any]) -> dict[str, Any]:
        conversion = Conversion.from_json({**self.conversion, "now": item["now"]})
        report = part_files.convert(item["number"], Part(**item["part"]), conversion, self.storage)
        return {"rows": report.rows}

    def _add_up(self) -> dict[str, Any]:
        total = Report()
        for item in json.loads(self.storage.read(PARTS)):
            of_part = Report.from_json(json.loads(self.storage.read(report_name(item["number"]))))
            total.add(Part(**item["part"]), of_part)
        summary = total.summary("interactions", notes=total.all_notes()).as_json()
        self.storage.write(REPORT, json.dumps(summary).encode())
        return {"rows": total.rows, "skipped": total.skipped, "bad": total.bad}


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Do a task in AWS Lambda."""
    import boto3

    storage = S3Storage(boto3.client("s3"), os.environ["BUCKET"], os.environ["FOLDER"])
    tasks = MapTasks(
        storage, os.environ["EXPORTS"], json.loads(os.environ["CONVERSION"]), int(os.environ["PART_BYTES"])
    )
    return tasks.run(event, time.time())
