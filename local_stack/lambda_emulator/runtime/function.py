"""A function of the local stack: a name, a handler, its own environment variables, and instances."""

import queue
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local_stack.lambda_emulator.invocation import InvokeResult
from local_stack.lambda_emulator.runtime.environment import FunctionSettings
from local_stack.lambda_emulator.runtime.instance import HAS_AWSLAMBDARIC, Instance, LogLine


class FunctionClosed(RuntimeError):
    """The function was closed and cannot be invoked any more."""


class Function:
    """A function that any number of threads may invoke; ``instances`` processes run the invocations.

    ``timeout`` in seconds and ``memory`` in MB, as Lambda has them (memory is only told to the function, not enforced).
    What the function prints and logs goes line by line to ``log``, never to this process's own output.
    """

    def __init__(
        self,
        name: str,
        handler: str,
        *,
        code_dir: Path,
        environment: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        memory: int = 256,
        instances: int = 1,
        python: str = sys.executable,
        log: LogLine | None = None,
        own_client: bool = not HAS_AWSLAMBDARIC,
    ) -> None:
        self.settings = FunctionSettings(name, handler, code_dir.resolve(), timeout, memory)
        self._environment = dict(environment or {})
        self._instances = [
            Instance(self.settings, number, python=python, log=log, own_client=own_client)
            for number in range(instances)
        ]
        # Last in, first out: a warm instance is used before one that has not started.
        self._idle: queue.LifoQueue[Instance] = queue.LifoQueue()
        for instance in reversed(self._instances):
            self._idle.put(instance)
        self._updating = threading.Lock()
        self._closed = False

    @property
    def arn(self) -> str:
        """Return the function's ARN."""
        return self.settings.arn

    @property
    def environment(self) -> Mapping[str, str]:
        """Return the function's own variables."""
        return self._environment

    @property
    def pids(self) -> Sequence[int]:
        """Return the ids of the processes that run."""
        return [pid for instance in self._instances if (pid := instance.pid) is not None]

    def start(self) -> None:
        """Start every instance now, so that the first invocation finds it loading or loaded."""
        for instance in self._instances:
            instance.start(self._environment)

    def invoke(self, payload: Any) -> InvokeResult:
        """Run one event; wait for an instance if all are busy. Errors of the function are in the result.

        Raises FunctionClosed.
        """
        instance = self._idle.get()
        try:
            if self._closed:
                raise FunctionClosed(f"{self.settings.name} is closed")
            return instance.invoke(payload, self._environment)
        finally:
            self._idle.put(instance)

    def update_environment(self, environment: Mapping[str, str]) -> None:
        """Replace the function's own variables; new processes replace those that run, after their invocations."""
        with self._updating:
            held = [self._idle.get() for _ in self._instances]
            self._environment = dict(environment)
            for instance in reversed(held):
                runs = instance.pid is not None
                instance.end()
                if runs and not self._closed:
                    instance.start(self._environment)
                self._idle.put(instance)

    def kill(self) -> None:
        """SIGKILL every process; running invocations end with an error, the next ones find new processes."""
        for instance in self._instances:
            instance.kill()

    def close(self) -> None:
        """End every process; running invocations end with an error."""
        self._closed = True
        for instance in self._instances:
            instance.end()

    def __enter__(self) -> "Function":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
