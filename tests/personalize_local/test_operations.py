"""What is served, what is refused, and that the documentation says so."""

import json
from pathlib import Path

from tests.personalize_local.world import OPERATIONS, TARGETS, World

DOCUMENT = Path(__file__).parents[2] / "docs" / "personalize_local.md"


def test_the_documentation_lists_every_operation_as_it_is(world: World) -> None:
    rows = [line.split(" | ") for line in DOCUMENT.read_text().splitlines() if line.endswith(("served |", "refused |"))]
    documented = {row[0].removeprefix("| "): row[2].removesuffix(" |") for row in rows}
    there = {name: "served" if name in world.service.handlers else "refused" for name in OPERATIONS}
    assert documented == there


def test_what_is_refused_says_so_whatever_is_asked(world: World) -> None:
    for name in OPERATIONS.keys() - world.service.handlers.keys():
        answer = world.wire.answer("POST", OPERATIONS[name].called_by[1], TARGETS.get(name), b"{}")
        said = json.loads(answer.body)
        assert answer.status == 501, name
        assert "not served locally" in said["message"]
        assert (answer.headers.get("x-amzn-ErrorType") or said["__type"]) == "NotServedLocally"
