"""The container files copy what there is, and run as a user without rights."""

import re
from pathlib import Path

import pytest

from tests.real_data import ROOT

FILES = sorted((ROOT / "distribution").glob("*Containerfile"))
BUILT = "dist/personalize_local-*.whl"  # by make dist
INSTRUCTION = re.compile(r"^([A-Z]+) +(.*)$")


def instructions(path: Path) -> list[tuple[str, str]]:
    """Return the instructions of a file with their arguments, each on one line."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ")
    return [(found[1], found[2]) for line in whole.splitlines() if (found := INSTRUCTION.match(line))]


def test_there_are_two() -> None:
    assert [path.name for path in FILES] == ["Containerfile", "serve.Containerfile"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_copied_exists(path: Path) -> None:
    for name, arguments in instructions(path):
        if name == "COPY":
            *sources, _ = (word for word in arguments.split() if not word.startswith("--"))
            assert all(source == BUILT or (ROOT / source).exists() for source in sources), arguments


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_runs_as_a_user_without_rights_and_says_that_it_is_not_built(path: Path) -> None:
    users = [arguments for name, arguments in instructions(path) if name == "USER"]
    assert users, "the image's own user is root"
    assert users[-1].isdecimal()
    assert int(users[-1]) > 0
    assert "Not built by this project's checks" in path.read_text("utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_image_it_starts_from_has_a_version(path: Path) -> None:
    (image,) = (arguments for name, arguments in instructions(path) if name == "FROM")
    assert re.fullmatch(r"docker\.io/library/python:3\.1\d-slim", image)
