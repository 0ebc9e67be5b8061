"""The command line of the comparison."""

from pathlib import Path

import pytest

from bench.loop.__main__ import arguments
from tests.real_data import ROOT


def test_the_broker_is_always_there_beside_the_rivals_that_are_named() -> None:
    assert [rival.name for rival in arguments([]).rivals] == ["article", "powertools", "broker"]
    options = arguments(["--quick", "--rivals", "earlier", "--baseline", str(ROOT)])
    assert [rival.name for rival in options.rivals] == ["earlier", "broker"]
    assert (options.rounds, options.latencies) == (1, [0.0, 0.02])
    assert arguments(["--quick", "--rounds", "4", "--latencies", "5"]).latencies == [0.005]


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["--rivals", "earlier"], "no rival earlier; there are article, powertools"),
        (["--rivals", "article,nobody"], "no rival nobody"),
        (["--baseline", "/nonexistent"], "/nonexistent is no checkout of the broker"),
        (["--page", "/nonexistent.md"], "No such file"),
        (["--page", "README.md"], "the page needs the lines"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_runs(
    argv: list[str], problem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as ended:
        arguments(argv)
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err


def test_the_page_of_the_project_has_the_marks() -> None:
    assert arguments(["--page", str(Path(ROOT) / "docs/performance.md")]).page
