"""The same exports give the same rows and reports here, on Spark, and in the stack's state machine, interrupted or not.

Here with fewer bytes than `python -m bench.three_places` takes. The state machine and its function are the template's.
"""

from pathlib import Path

from bench.three_places.__main__ import runs
from bench.three_places.sail import CLIENT

SIZE, TRAP_EVERY = 300_000, 5


def test_every_place_gives_the_rows_and_the_report_of_one_process(tmp_path: Path) -> None:
    done = list(runs(tmp_path, SIZE, TRAP_EVERY))
    first = done[0].outcome

    assert {run.place: first.differences(run.outcome) for run in done[1:]} == {run.place: [] for run in done[1:]}
    assert len(done) == (7 if CLIENT.exists() else 5)
    assert first.report["rows"] > 500
    assert first.report["bad"]["unreadable_file"] == 13
