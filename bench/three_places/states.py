"""A state machine of AWS Step Functions, run here: as much of the language as the map over history uses.

https://states-language.net/spec.html, and for the map that reads its items from S3
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html. Other fields are refused. Retries
come at once.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from local_stack.lambda_emulator.invocation import InvokeResult

LARGEST = 262_144  # bytes of a state's input or output
FIELDS = {
    "Task": {"Type", "Resource", "Parameters", "Retry", "OutputPath", "Next", "End"},
    "Map": {"Type", "MaxConcurrency", "ItemReader", "ItemProcessor", "ResultWriter", "Next", "End"},
}


class ExecutionFailed(Exception):
    """A state has failed, and so has the execution."""


@dataclass(frozen=True)
class StateMachine:
    """``invoke``: calls the function; ``read``: an object of a bucket by key; ``at_once``: of a map at most."""

    definition: Mapping[str, Any]
    invoke: Callable[[Any], InvokeResult]
    read: Callable[[str, str], bytes]
    at_once: int

    def run(self, given: Any) -> Any:
        """Run an execution with an input; return its output. Raises ExecutionFailed."""
        return self._run(self.definition, given)

    def _run(self, machine: Mapping[str, Any], given: Any) -> Any:
        name = machine["StartAt"]
        while True:
            state = machine["States"][name]
            unknown = state.keys() - FIELDS[state["Type"]]
            if unknown:
                raise ValueError(f"{name}: {', '.join(sorted(unknown))} is not known here")
            given = _small(self._task(state, given) if state["Type"] == "Task" else self._map(state))
            if state.get("End"):
                return given
            name = state["Next"]

    def _task(self, state: Mapping[str, Any], given: Any) -> Any:
        _check(state["Resource"], ":states:::lambda:invoke")
        parameters = state["Parameters"]
        payload = given if parameters.get("Payload.$") == "$" else parameters["Payload"]
        result = self._with_retries(_small(payload), state["Retry"])
        return result if state.get("OutputPath") == "$.Payload" else {"StatusCode": 200, "Payload": result}

    def _with_retries(self, payload: Any, rules: Sequence[Mapping[str, Any]]) -> Any:
        failures = Counter[int]()
        while (result := self.invoke(payload)).function_error is not None:
            which = _place(rules, result.error_type)
            failures[which] += 1
            if failures[which] > rules[which]["MaxAttempts"]:
                raise ExecutionFailed(f"{result.error_type}: {result.error_message}")
        return result.payload

    def _map(self, state: Mapping[str, Any]) -> Any:
        reader, processor = state["ItemReader"], state["ItemProcessor"]
        _check(reader["Resource"], ":states:::s3:getObject")
        _check(state["ResultWriter"]["Resource"], ":states:::s3:putObject")
        _check(reader["ReaderConfig"]["InputType"], "JSON")
        items = json.loads(self.read(reader["Parameters"]["Bucket"], reader["Parameters"]["Key"]))
        with ThreadPoolExecutor(min(self.at_once, state["MaxConcurrency"])) as pool:
            list(pool.map(lambda item: self._run(processor, item), items))
        return {"ResultWriterDetails": state["ResultWriter"]["Parameters"]}


def _place(rules: Sequence[Mapping[str, Any]], error_type: str) -> int:
    """Return which rule of retries an error comes under. Raises StopIteration for none."""
    names = ({error_type}, {"States.ALL"})
    return next(place for place, rule in enumerate(rules) if set(rule["ErrorEquals"]) in names)


def _check(given: str, end: str) -> None:
    if not given.endswith(end):
        raise ValueError(f"{given} is not known here")


def _small(value: Any) -> Any:
    if len(json.dumps(value)) > LARGEST:
        raise ExecutionFailed("States.DataLimitExceeded")
    return value
