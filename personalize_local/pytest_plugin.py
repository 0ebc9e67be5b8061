"""The pytest plugin: a fixture with a local Amazon Personalize, one for the whole session.

It starts when the first test requests it. Override ``personalize_local_arguments`` to change its command line.
"""

from collections.abc import Iterator, Sequence

import pytest

from personalize_local.running import LocalPersonalize, running


@pytest.fixture(scope="session")
def personalize_local_arguments() -> Sequence[str]:
    """Return the service's command line arguments; override it in your conftest.py."""
    return ()


@pytest.fixture(scope="session")
def personalize_local(personalize_local_arguments: Sequence[str]) -> Iterator[LocalPersonalize]:
    """Start a local Amazon Personalize and yield its address and client arguments."""
    with running(*personalize_local_arguments) as service:
        yield service
