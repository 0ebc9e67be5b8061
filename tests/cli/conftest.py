"""A local Personalize that runs by `./broker serve --only personalize`, and a clone to run commands in beside it."""

from collections.abc import Iterator

import pytest

from tests.loop.clone import PATIENCE, Clone
from tests.loop.conftest import clone as clone


@pytest.fixture(scope="module")
def served(clone: Clone) -> Iterator[Clone]:
    """Return a clone in which the service of docs/model.md is running."""
    with clone.start("serve", "--only", "personalize") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "# ready\n":
                break
        yield clone
        process.terminate()
        process.wait(PATIENCE)
    assert clone.is_quiet()
