"""What is served, and that the documentation says so."""

import json
from pathlib import Path

from personalize_local.wire.protocol import WireProtocol
from tests.personalize_local.world import API, OPERATIONS, TARGETS, World

DOCUMENT = Path(__file__).parents[2] / "docs" / "personalize_local.md"


def test_the_documentation_lists_every_operation_as_it_is(world: World) -> None:
    rows = [line.split(" | ") for line in DOCUMENT.read_text().splitlines() if line.endswith(("served |", "refused |"))]
    documented = {row[0].removeprefix("| "): row[2].removesuffix(" |") for row in rows}
    there = {name: "served" if name in world.service.handlers else "refused" for name in OPERATIONS}
    assert documented == there


def test_every_operation_of_the_three_services_is_served(world: World) -> None:
    assert world.service.handlers.keys() == OPERATIONS.keys()
    assert len(OPERATIONS) >= 79


def test_an_operation_without_a_handler_says_so() -> None:
    wire = WireProtocol({}, new_id=lambda: "request", api=API)
    for name in OPERATIONS:
        answer = wire.answer("POST", OPERATIONS[name].called_by[1], TARGETS.get(name), b"{}")
        said = json.loads(answer.body)
        assert answer.status == 501, name
        assert "not served locally" in said["message"]
        assert (answer.headers.get("x-amzn-ErrorType") or said["__type"]) == "NotServedLocally"
