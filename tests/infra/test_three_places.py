"""The state machine, with its function in the local Lambda runtime, gives the rows and the report of one process.

`python -m bench.three_places` compares the other places, too, with more exports.
"""

from pathlib import Path

import pytest

from bench.three_places import exports, here, template
from bench.three_places.in_stack import InStack
from bench.three_places.states import ExecutionFailed
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
        failed = conversion.failed
        again = conversion.run()
        (made / "more.jsonl").write_bytes(b"{}")
        conversion.put(made)
        with pytest.raises(
            ExecutionFailed, match=r"BadFile: s3://imports/imports/history/: it holds another conversion"
        ):
            conversion.run()
        assert conversion.failed == 1, "it is not tried again"

    assert expected.differences(outcome) == expected.differences(again) == []
    assert failed > 0
    assert expected.report["rows"] > 300
    assert expected.report["bad"]["unreadable_file"] == 13
