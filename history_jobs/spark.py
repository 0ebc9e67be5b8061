"""Exports converted by Spark: ``mapInArrow`` over a table of parts, each written as text, a file with a header.

Spark's writers of CSV differ in quotes, blanks and empty values, and engines differ in how many partitions make a file,
so none is used. Nothing of the project has to be installed on Spark's machines: its code travels inside the function,
since not every server of Spark Connect takes artifacts.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from history_jobs import start
from history_jobs.request import Request, report_name
from history_jobs.storage import ArrowStorage
from personalize_data.exports.report import Report

Batches = Iterable[Any]


def convert(session: Any, request: Request, code: bytes) -> Report:
    """Convert all parts in a Spark ``session``, and write their rows and reports; return the sum of these.

    ``code``: the archive. Parts that are done already are left as they are. Raises BadFile where ``out`` has parts of
    another conversion.
    """
    storage = ArrowStorage(request.out)
    now = start.started(storage, request.identity, request.conversion.now)
    conversion = replace(request.conversion, now=now)
    table = [(number, json.dumps(part.as_json())) for number, part in enumerate(request.parts)]
    parts = session.createDataFrame(table, "number long, part string").repartition(max(1, len(table)))
    function = _function(code, conversion.as_json(), request.out)
    parts.mapInArrow(function, "number long, rows long").collect()
    report = Report()
    for number, part in enumerate(request.parts):
        report.add(part, Report.from_json(json.loads(storage.read(report_name(number)))))
    storage.finish()
    return report


def _function(code: bytes, conversion: Mapping[str, Any], out: str) -> Callable[[Batches], Iterator[Any]]:
    """Return the function for Spark. It is sent by value, so it may use nothing of this module."""

    def converted(batches: Batches) -> Iterator[Any]:
        import atexit
        import hashlib
        import shutil
        import sys
        import tempfile
        import threading

        digest = hashlib.sha256(code).hexdigest()
        # Machines may run several of these in one process, and one after the other with another version of the code.
        with vars(sys).setdefault("_personalize_broker_lock", threading.Lock()):
            if vars(sys).get("_personalize_broker") != digest:
                folder = tempfile.mkdtemp(prefix="personalize-broker-")
                atexit.register(shutil.rmtree, folder, ignore_errors=True)
                with open(f"{folder}/code.zip", "wb") as file:
                    file.write(code)
                for name in list(sys.modules):
                    if name.partition(".")[0] in ("broker", "personalize_data", "history_jobs"):
                        del sys.modules[name]
                sys.path.insert(0, f"{folder}/code.zip")
                vars(sys)["_personalize_broker"] = digest
            from history_jobs import spark_worker

        yield from spark_worker.converted(batches, conversion, out)

    return converted
