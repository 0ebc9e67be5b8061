"""What all tests share: where the public data of others is, which is not part of the repository; what they print."""

import gc
import gzip
import json
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.charmap import charmap_file
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.own_part import import_own_part
from tests.quick_clients import share_what_clients_read
from tests.real_data import data_folder

# One thread a worker for what NumPy computes: the workers share the processors, and threads that wait for one another
# take processor time. Set before anything loads NumPy.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# Hundreds of processes load the same modules: compiled once, and kept, even where the environment forbids it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A busy one is no error.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


# These ask for templates: one worker runs them all, since loading CDK takes longer than most of what is asked of it.
ASK_FOR_TEMPLATES = (
    "tests/infra/",
    "tests/deploy/test_examples.py",
    "tests/deploy/test_first_deployment.py",
    "tests/deploy/test_guides.py",
    "tests/deploy/test_permissions.py",
)

# These take longest, so they start first: none is left over for one worker at the end.
LONGEST = (
    "deploy/test_deployment.py",
    "infra/test_bundle.py",
    "browser/test_shop.py",
    "loop/test_killed.py",
    "real_data/test_santander.py",
    "loop/test_soak.py",
    "privacy/test_faulty_run.py",
    "loop/test_run.py",
    "loop/test_run_experiment.py",
    "diagnosis/test_verify.py",
    "experiments/test_virtual_shop.py",
    "evaluation/test_end_to_end.py",
    "loop/test_real_input.py",
    "loop/test_serve.py",
    "personalize_local/served/test_data_folder.py",
    "history_jobs/test_spark_failures.py",
    "loop/test_outage.py",
    "loop/test_second_tracker.py",
    "loop/test_thread.py",
    "loop/test_rewind_archive.py",
    "replay/test_after_an_outage.py",
    "evaluation/test_real_data.py",
    "cli/test_commands.py",
    "cli/test_interrupted.py",
    "replay/test_replaying.py",
    "loop/test_request_counts.py",
    "clients/test_real_clients.py",
    "cli/test_model_guide.py",
)

# Folders and files whose tests start processes, or take long: `make quick` leaves them out.
SERVER = (
    "bench/test_experiment.py",
    "bench/test_parts.py",
    "bench/test_rivals.py",
    "broker/test_hostile_input.py",
    "broker/test_layout.py",
    "broker/test_view_sample.py",
    "browser",
    "clients/test_real_clients.py",
    "cli/test_backfill_from_s3.py",
    "cli/test_commands.py",
    "cli/test_connection.py",
    "cli/test_export.py",
    "cli/test_faults.py",
    "cli/test_filter.py",
    "cli/test_filter_values.py",
    "cli/test_forget.py",
    "cli/test_forget_archive.py",
    "cli/test_interrupted.py",
    "cli/test_json_numbers.py",
    "cli/test_model_guide.py",
    "cli/test_next_question.py",
    "cli/test_place.py",
    "cli/test_secret.py",
    "cli/test_start.py",
    "cli/test_serve_options.py",
    "cli/test_tracker.py",
    "deploy",
    "diagnosis/test_failures.py",
    "diagnosis/test_verify.py",
    "diagnosis/test_why.py",
    "evaluation",
    "experiments/test_virtual_shop.py",
    "faults/test_services.py",
    "history_jobs",
    "infra",
    "law",
    "local_stack/aws",
    "local_stack/test_daily_check.py",
    "local_stack/test_experiment.py",
    "local_stack/lambda_emulator/test_runtime.py",
    "local_stack/lambda_emulator/test_whole_loop.py",
    "local_stack/mparticle/test_browser.py",
    "local_stack/mparticle/test_service.py",
    "local_stack/test_large_record.py",
    "loop",
    "personalize_data/exports/test_parts.py",
    "personalize_data/test_plan_identity.py",
    "personalize_local/conformance",
    "personalize_local/jobs",
    "personalize_local/served",
    "personalize_local/test_direct.py",
    "personalize_local/test_runner.py",
    "personalize_local/test_server.py",
    "privacy",
    "real_data",
    "replay",
    "seeding/test_a_million.py",
    "test_events.py",
)
PROGRAMS = ("python", "node", "broker", "make")
_running: list[pytest.Item] = []


def _refuse_processes(event: str, arguments: tuple[Any, ...]) -> None:
    """Fail a test that starts one of our programs and is not marked, so that SERVER stays complete."""
    if event != "subprocess.Popen" or not _running or _running[-1].get_closest_marker("server"):
        return
    program = Path(os.fsdecode(arguments[0] or arguments[1][0])).name
    if program.startswith(PROGRAMS):
        raise AssertionError(f"{_running[-1].nodeid} starts {program}: name it in SERVER of tests/conftest.py")


sys.addaudithook(_refuse_processes)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Remember which test runs."""
    _running.append(item)
    try:
        return (yield)
    finally:
        _running.pop()


share_what_clients_read()


def _know_utf_8() -> None:
    """Leave Hypothesis its own table of what UTF-8 can encode: all but surrogates.

    Without it, each worker of a fresh clone tries all characters, for seconds.
    """
    table = charmap_file("codec-v2-utf-8")
    if not table.exists():
        table.parent.mkdir(parents=True, exist_ok=True)
        written = table.with_suffix(f".{os.getpid()}")
        written.write_bytes(gzip.compress(json.dumps([[[0, 0xD7FF], [0xE000, sys.maxunicode]], []]).encode()))
        written.replace(table)


class _Units(LoadFileScheduling):
    """A worker gets a file at a time, or all that ask for templates."""

    def _split_scope(self, nodeid: str) -> str:
        return "templates" if nodeid.startswith(ASK_FOR_TEMPLATES) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Hand the tests out in our units, where they are to be handed out by file."""
    return _Units(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Keep Python's garbage collector from what is collected: it all stays, and to look through it takes long."""
    _know_utf_8()
    gc.disable()
    try:
        import_own_part(session.config)
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts processes, before ``-m`` selects. Begin with the files that take longest."""
    root = Path(__file__).parent
    missing = [name for name in (*LONGEST, *SERVER) if not (root / name).exists()]
    assert not missing, f"tests/conftest.py names what is not there: {missing}"
    servers = {root / name for name in SERVER}
    starts = {path for path in {item.path for item in items} if servers & {path, *path.parents}}
    for item in items:
        if item.path in starts:
            item.add_marker("server")
    places = {root / name: place for place, name in enumerate(LONGEST)}
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
