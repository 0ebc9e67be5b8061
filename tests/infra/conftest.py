"""The templates of the three stages, synthesised once and shared by all tests of all workers."""

import functools
import os
from collections.abc import Callable

import pytest

from tests.infra.synthesis import Synthesised, shared

Synthesise = Callable[..., Synthesised]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Synthesise:
    """Return a function from a stage, and context of one's own, to what is synthesised; each only once."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # which all workers of a run have in common
    folder = folder / "synthesised"
    folder.mkdir(exist_ok=True)

    @functools.cache
    def once(stage: str, context: tuple[tuple[str, object], ...], tag: str | None) -> Synthesised:
        return shared(stage, dict(context), tag, folder)

    return lambda stage="recommend", context=(), tag=None: once(stage, tuple(sorted(dict(context).items())), tag)


@pytest.fixture(params=["collect", "train", "recommend"])
def each_stage(request: pytest.FixtureRequest, made: Synthesise) -> Synthesised:
    """Return each stage in turn."""
    return made(request.param)
