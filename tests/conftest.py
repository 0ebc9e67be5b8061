"""What all tests share: where the public data of others is, which is not part of the repository; what they print."""

import functools
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader, Loader
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.real_data import data_folder

# One thread a worker for what NumPy computes: the workers share the processors, and threads that wait for one another
# take processor time. Set before anything loads NumPy.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# Hundreds of processes load the same modules: compiled once, and kept, even where the environment forbids it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile("any machine", deadline=None)  # a busy one is no error
settings.load_profile("any machine")

# These ask for templates: one worker runs them all, since loading CDK takes longer than most of what is asked of it.
ASK_FOR_TEMPLATES = ("tests/infra/", "tests/deploy/test_guides.py", "tests/deploy/test_permissions.py")

# These take longest, so they start first: none is left over for one worker at the end.
LONGEST = (
    "deploy/test_deployment.py",
    "infra/test_bundle.py",
    "loop/test_killed.py",
    "real_data/test_santander.py",
    "loop/test_soak.py",
    "privacy/test_faulty_run.py",
    "loop/test_run.py",
    "evaluation/test_end_to_end.py",
    "loop/test_real_input.py",
    "loop/test_serve.py",
    "personalize_local/served/test_data_folder.py",
    "loop/test_outage.py",
    "replay/test_after_an_outage.py",
    "evaluation/test_real_data.py",
    "cli/test_commands.py",
    "cli/test_interrupted.py",
    "replay/test_replaying.py",
    "loop/test_request_counts.py",
    "cli/test_model_guide.py",
)


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


class _Units(LoadFileScheduling):
    """A worker gets a file at a time, or all that ask for templates."""

    def _split_scope(self, nodeid: str) -> str:
        return "templates" if nodeid.startswith(ASK_FOR_TEMPLATES) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Hand the tests out in our units, where they are to be handed out by file."""
    return _Units(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


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
