"""What all tests share: where the public data of others is, which is not part of the repository."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Return the folder with real batches and interactions; tests that need it skip where it is absent."""
    folder = ROOT / os.environ.get("BROKER_TEST_DATA", "../shared/data")
    if not folder.is_dir():
        pytest.skip(
            f"no test data at {folder}: set BROKER_TEST_DATA to the folder that holds mparticle/ and interactions/"
        )
    return folder.resolve()
