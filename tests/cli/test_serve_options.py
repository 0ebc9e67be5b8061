"""`./broker serve --only personalize --disable …` reaches the service; for the whole loop it is refused."""

import pytest
from click.testing import CliRunner

from cli.__main__ import main
from local_stack import loopback
from tests.loop.clone import PATIENCE, Clone

URL = "export AWS_ENDPOINT_URL_PERSONALIZE="


def test_what_bites_is_switched_off_by_name(clone: Clone) -> None:
    with clone.start("serve", "--only", "personalize", "--disable", "minimums", "--disable", "throttling") as process:
        assert process.stdout is not None
        lines = iter(process.stdout)
        url = next(line for line in lines if line.startswith(URL)).removeprefix(URL).strip()
        assert "# ready\n" in lines
        toggles = loopback.get(f"{url}/_local/toggles").json()
        process.terminate()
        process.wait(PATIENCE)
    assert (toggles["minimums"], toggles["throttling"], toggles["deduplication"]) == (False, False, True)


@pytest.mark.parametrize("option", [["--disable", "minimums"], ["--data", "state"]])
def test_the_whole_loop_takes_no_option_of_the_service_alone(option: list[str]) -> None:
    done = CliRunner().invoke(main, ["serve", *option])
    assert (done.exit_code, "goes with --only personalize" in done.output) == (2, True)


@pytest.mark.parametrize("option", ["--archive", "--second-tracker"])
def test_the_service_alone_takes_no_option_of_the_stream(option: str) -> None:
    done = CliRunner().invoke(main, ["serve", "--only", "personalize", option])
    assert (done.exit_code, "which --only personalize has not" in done.output) == (2, True)
