"""The operations of the three Personalize services, as botocore's service models describe them."""

import functools
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, StructureShape

from personalize_local.errors import InvalidInput
from personalize_local.wire.validation import TOO_LONG, Checker, Problems, compile_shape

SERVICES = ("personalize", "personalize-events", "personalize-runtime")


class Operation:
    """One operation: its name, how it is called, and how its input is checked."""

    def __init__(self, model: OperationModel) -> None:
        self.name: str = model.name
        self.rest: bool = model.metadata["protocol"] == "rest-json"  # called by path, not by the target header
        self.called_by: tuple[str, str] = (model.http["method"], model.http["requestUri"])
        self.input_shape: StructureShape = model.input_shape
        self.output_shape: StructureShape | None = model.output_shape

    @functools.cached_property
    def _check_input(self) -> Checker:
        # Compiled at the first call: most of the 79 operations are never called.
        return compile_shape(self.input_shape)

    def check(self, request: Any, *, length_limits: bool = True) -> None:
        """Raise InvalidInput with all unmet constraints, or MalformedRequest, if the model does not allow the input.

        Without ``length_limits`` over-long values are allowed.
        """
        problems: Problems = []
        self._check_input(request, "", problems)
        if not length_limits:
            problems = [problem for problem in problems if TOO_LONG not in problem]
        if problems:
            plural = "error" if len(problems) == 1 else "errors"
            raise InvalidInput(f"{len(problems)} validation {plural} detected: {'; '.join(problems)}")


class Api:
    """All operations, by the name in the target header or by method and path."""

    def __init__(self) -> None:
        # Only botocore's own data: a ~/.aws/models directory must not change what is accepted.
        loader = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
        self.by_target: dict[str, Operation] = {}
        self.by_path: dict[tuple[str, str], Operation] = {}
        for service in SERVICES:
            self._add(ServiceModel(loader.load_service_model(service, "service-2"), service))

    def _add(self, service: ServiceModel) -> None:
        for name in service.operation_names:
            operation = Operation(service.operation_model(name))
            if operation.rest:
                self.by_path[operation.called_by] = operation
            else:
                self.by_target[f"{service.metadata['targetPrefix']}.{name}"] = operation
