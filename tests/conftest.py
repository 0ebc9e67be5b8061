"""What all tests share: where the public data of others is, which is not part of the repository; what they print."""

from pathlib import Path

import pytest

from tests.real_data import data_folder


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Return the folder with real batches and interactions; tests that need it skip where it is absent."""
    folder = data_folder()
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}: set BROKER_TEST_DATA to the folder of mparticle/ and interactions/")
    return folder.resolve()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have measured and recorded as a property."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
