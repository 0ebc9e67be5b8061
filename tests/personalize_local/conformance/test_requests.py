"""Every operation that is served, asked whatever botocore's model allows, and whatever it forbids."""

import json
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, StructureShape

from tests.personalize_local.conformance.generated import Fault, faults, largest, ordinary, smallest
from tests.personalize_local.world import OPERATIONS, Refused, World

SERVED = sorted(World().service.handlers)
FREE = ("CreateDatasetGroup",)  # need nothing that exists
OPTIONAL = (
    "GetActionRecommendations",
    "GetRecommendations",
)  # name what they need in a member that the model leaves optional
MODELS: dict[str, OperationModel] = {}
for service in ("personalize", "personalize-events", "personalize-runtime"):
    model = ServiceModel(Loader().load_service_model(service, "service-2"))
    MODELS |= {name: model.operation_model(name) for name in model.operation_names}


def refusal(world: World, operation: str, request: Any) -> tuple[str, str]:
    """Return the error's code and message; two empty texts for an answer (which the world checks)."""
    try:
        world.post(operation, json.dumps(request).encode())
    except Refused as refused:
        return refused.code, refused.message
    return "", ""


def modelled(operation: str) -> set[str]:
    """Return the errors that the model lets an operation answer with."""
    return {error.name for error in MODELS[operation].error_shapes}


@pytest.mark.parametrize("operation", SERVED)
def test_each_broken_rule_of_the_model_is_refused_and_named(world: World, operation: str) -> None:
    def is_right(fault: Fault) -> bool:
        code, message = refusal(world, operation, fault.request)
        return code == fault.code and fault.where in message

    found = list(faults(OPERATIONS[operation].input_shape))
    assert len(found) > 1
    wrong = [
        (fault.what, fault.where, refusal(world, operation, fault.request)) for fault in found if not is_right(fault)
    ]
    assert not wrong


@pytest.mark.parametrize("size", [smallest, ordinary, largest])
@pytest.mark.parametrize("operation", SERVED)
def test_what_the_model_allows_is_answered_or_refused_for_a_modelled_reason(
    world: World, operation: str, size: Any
) -> None:
    code, message = refusal(world, operation, size(OPERATIONS[operation].input_shape))
    assert "validation error" not in message
    assert code in {"", "NotServedLocally"} | modelled(operation), message


@pytest.mark.parametrize("operation", SERVED)
def test_an_arn_that_names_nothing_is_not_found(world: World, operation: str) -> None:
    shape: StructureShape = OPERATIONS[operation].input_shape
    wanted = [name for name in shape.required_members if name.endswith("Arn")]
    if operation in OPTIONAL:
        wanted = ["campaignArn"]
    chosen = {name: ordinary(shape.members[name]) for name in {*shape.required_members, *wanted}}
    code, message = refusal(world, operation, chosen)
    if wanted:
        assert code == "ResourceNotFoundException", message
        assert "ResourceNotFoundException" in modelled(operation)
    else:
        assert code == ("" if operation.startswith("List") or operation in FREE else "InvalidInputException"), message
