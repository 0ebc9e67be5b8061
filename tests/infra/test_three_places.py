"""The state machine, with its function in the local Lambda runtime, gives the rows and the report of one process.

`python -m bench.three_places` compares the other places, too, with more exports.
"""

from pathlib import Path

from bench.three_places import exports, here, template
from bench.three_places.in_stack import InStack
from local_stack.process import start_service

SIZE, TRAP_EVERY, PART_BYTES = 100_000, 5, 100_000


def test_the_state_machine_gives_the_rows_and_the_report_of_one_process_though_functions_are_killed(
    tmp_path: Path,
) -> None:
    made = tmp_path / "exports"
    exports.write(made, SIZE, TRAP_EVERY)
    expected = here.Here(made, tmp_path / "here", PART_BYTES).run(1)

    stack = template.synthesise(tmp_path / "cdk.out")
    with start_service("local_stack.aws") as aws:
        conversion = InStack(stack, aws.url, tmp_path, PART_BYTES, processes=2)
        conversion.put(made)
        outcome = conversion.run(kill_after=4)

    assert expected.differences(outcome) == []
    assert conversion.failed > 0
    assert expected.report["rows"] > 300
    assert expected.report["bad"]["unreadable_file"] == 13
