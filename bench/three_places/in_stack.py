"""Exports converted by the stack's state machine: its definition and its function are the template's.

The function runs in the local Lambda runtime, by Lambda's Python where it is installed here, with boto3 and without
other libraries, as in Lambda. S3 is the local one.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import boto3

from bench.three_places.outcome import Outcome, outcome
from bench.three_places.states import StateMachine
from bench.three_places.template import BUCKET, EXPORTS, PYTHON, HistoryStack
from infra.bundling import find_interpreter
from local_stack.aws.session import local_client
from local_stack.lambda_emulator.invocation import InvokeResult
from local_stack.lambda_emulator.runtime.function import Function

IN_LAMBDA = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")  # beside Python
LOOK = 0.005  # seconds from one look at the invocations to the next


class InStack:
    """Executions over the exports in the local S3 at ``url``. ``processes``: of the function, at once.

    ``failed``: invocations of the newest execution.
    """

    failed = 0

    def __init__(self, stack: HistoryStack, url: str, folder: Path, part_bytes: int, processes: int) -> None:
        self._stack, self._processes, self._out = stack, processes, stack.environment["FOLDER"]
        self._s3 = local_client("s3", url, timeout=120)
        self._environment = {
            **stack.environment,
            "PART_BYTES": str(part_bytes),
            "AWS_ENDPOINT_URL_S3": url,
            "PYTHONPATH": str(_libraries(folder)),
        }

    def put(self, exports: Path) -> None:
        """Make the buckets, and put the exports."""
        bucket, _, prefix = EXPORTS.removeprefix("s3://").partition("/")
        for name in (bucket, BUCKET):
            self._s3.create_bucket(Bucket=name)
        for path in sorted(exports.iterdir()):
            self._s3.upload_file(str(path), bucket, prefix + path.name)

    def run(self, kill_after: int | None = None) -> Outcome:
        """Run an execution. ``kill_after``: after how many answers all processes of the function are killed."""
        with self._function() as function:
            invoked = Invocations(function, kill_after)
            machine = StateMachine(self._stack.definition, invoked, self._read, self._processes)
            try:
                machine.run({})
            finally:
                self.failed = invoked.failed
        return outcome(self._tables(), self._summary(), EXPORTS)

    def clear(self) -> None:
        """Remove what was converted."""
        for key in self._keys(""):
            self._s3.delete_object(Bucket=BUCKET, Key=key)

    @contextmanager
    def _function(self) -> Iterator[Function]:
        settings = self._stack.settings
        with Function(
            settings.name,
            settings.handler,
            code_dir=settings.code_dir,
            environment=self._environment,
            timeout=settings.timeout,
            memory=settings.memory,
            instances=self._processes,
            python=_interpreter(),
            own_client=True,
        ) as function:
            yield function

    def _read(self, bucket: str, key: str) -> bytes:
        return bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def _tables(self) -> Iterator[bytes]:
        return (self._read(BUCKET, key) for key in self._keys("rows/"))

    def _keys(self, folder: str) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{self._out}{folder}")
        return [listed["Key"] for page in pages for listed in page["Contents"]]

    def _summary(self) -> Mapping[str, Any]:
        return dict(json.loads(self._read(BUCKET, f"{self._out}report.json")))


class Invocations:
    """Invocations of a function, of which some are interrupted: ``failed`` counts these."""

    def __init__(self, function: Function, kill_after: int | None) -> None:
        self.failed = 0
        self._function, self._kill_after = function, kill_after
        self._answers, self._lock = 0, Lock()

    def __call__(self, payload: Any) -> InvokeResult:
        """Invoke the function."""
        result = self._function.invoke(payload)
        with self._lock:
            self._answers += 1
            self.failed += result.function_error is not None
            is_now = self._answers == self._kill_after
        if is_now:
            Thread(target=self._kill).start()
        return result

    def _kill(self) -> None:
        """Kill the processes until one was in the middle of an invocation."""
        while not self.failed:
            self._function.kill()
            time.sleep(LOOK)


def _libraries(folder: Path) -> Path:
    """Return a folder of the libraries that Lambda's runtime has."""
    libraries, ours = folder / "libraries", Path(boto3.__file__).parents[1]
    libraries.mkdir()
    for name in IN_LAMBDA:
        (libraries / name).symlink_to(ours / name)
    return libraries


def _interpreter() -> str:
    """Return a Python without our libraries, of Lambda's version where there is one."""
    found = find_interpreter(PYTHON)
    return found if found and found != sys.executable else sys._base_executable  # type: ignore[attr-defined]
