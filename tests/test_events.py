"""The sample batches: what `./broker invoke` answers to each is what was written down by hand."""

import base64
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.real_data import ROOT

EVENTS = ROOT / "events"
EXPECTED = ROOT / "tests" / "expected"
SAMPLES = sorted(path for path in EVENTS.iterdir() if path.suffix != ".md")
ARRIVAL = "<arrival>"


@dataclass(frozen=True)
class Run:
    """One run of the command over all samples: its answers by sample, what else it printed, and the seconds it took."""

    answers: dict[str, list[Any]]
    surplus: list[Any]
    exit_code: int
    began: int
    ended: int


def expected(sample: Path) -> list[Any]:
    answers: list[Any] = json.loads((EXPECTED / f"{sample.stem}.json").read_bytes())
    return answers


@pytest.fixture(scope="module")
def run() -> Run:
    began = int(time.time())
    command = [str(ROOT / "broker"), "invoke", "--json", *map(str, SAMPLES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300, check=False)  # noqa: S603
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, f"no answer (exit {done.returncode}): {done.stderr}"
    answers = {}
    for sample in SAMPLES:
        count = len(expected(sample))
        answers[sample.name], lines = lines[:count], lines[count:]
    return Run(answers, lines, done.returncode, began, int(time.time()))


def arrival_named(answer: Any, run: Run) -> Any:
    """Return an answer whose times within the run read ``<arrival>``: nothing else in the samples is dated so late."""
    if isinstance(answer, list):
        return [arrival_named(member, run) for member in answer]
    if not isinstance(answer, dict):
        return answer
    named = {key: arrival_named(value, run) for key, value in answer.items()}
    return named | {"sentAt": ARRIVAL} if run.began <= answer.get("sentAt", 0) <= run.ended else named


def without_place(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of a batch, without where it stands."""
    return {name: value for name, value in answer.items() if name not in ("file", "record", "batch")}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_invoke_answers_a_sample_as_written_down(sample: Path, run: Run) -> None:
    answers = [arrival_named(answer, run) for answer in run.answers[sample.name]]
    assert [without_place(answer) for answer in answers] == expected(sample)
    assert {answer["file"] for answer in answers} == {str(sample)}


def test_invoke_prints_one_line_per_batch_and_exits_1_since_some_are_bad(run: Run) -> None:
    assert run.surplus == []
    assert run.exit_code == 1


def test_every_sample_has_an_expected_answer_and_every_answer_its_sample() -> None:
    assert [sample.stem for sample in SAMPLES] == sorted(path.stem for path in EXPECTED.iterdir())


def test_every_sample_is_named_in_the_table_of_samples() -> None:
    table = (EVENTS / "README.md").read_text("utf-8")
    assert [sample.name for sample in SAMPLES if f"`{sample.name}`" not in table] == []


def test_the_kinesis_envelope_carries_other_samples_unchanged() -> None:
    others = [content(sample.read_bytes()) for sample in SAMPLES if sample.stem != "kinesis_event"]
    envelope = json.loads((EVENTS / "kinesis_event.json").read_bytes())
    records = [content(base64.b64decode(record["kinesis"]["data"], validate=True)) for record in envelope["Records"]]
    assert len(records) == 6
    assert [record for record in records if record not in others] == []


def content(data: bytes) -> Any:
    """Return what a file or record says, whatever its layout; its bytes where it is not one JSON document."""
    try:
        return json.loads(data)
    except ValueError:
        return data
