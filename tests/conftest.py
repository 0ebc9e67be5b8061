"""What all tests share: where the public data of others is, which is not part of the repository; what they print."""

import functools
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader, Loader

from tests.real_data import data_folder


def _read_descriptions_once() -> None:
    """Have botocore read its descriptions of services once a process, not once a session.

    Reading them is most of what a client costs, and tests make hundreds of clients.
    """
    reads, lists = JSONFileLoader.load_file, Loader.list_available_services

    @functools.cache
    def read(path: str) -> Any:
        return reads(JSONFileLoader(), path)

    listed: dict[tuple[str, ...], list[str]] = {}

    def list_services(self: Loader, type_name: str) -> list[str]:
        key = (*self.search_paths, type_name)
        if key not in listed:
            listed[key] = lists(self, type_name)
        return listed[key]

    JSONFileLoader.load_file = lambda self, path: read(path)
    Loader.list_available_services = list_services


_read_descriptions_once()


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
