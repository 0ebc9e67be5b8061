"""The zip: the same bytes from the same inputs, small, complete, and it runs on Lambda's Python."""

import hashlib
import json
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from blueprint.environments import FunctionConfig, ingest_environment, refresh_environment
from infra.bundling import BundlingFailed, bundle, copy_package, find_interpreter, find_uv
from infra.paths import ROOT
from local_stack.lambda_emulator.runtime.function import Function
from tests.broker.lambda_events import message
from tests.infra.loopback_services import LoopbackServices
from tests.infra.synthesis import synthesise

PYTHON = "3.13"
LIMIT = 2_500_000
UV = find_uv()
UNREACHABLE = (
    "error sending request",
    "dns error",
    "Failed to fetch",
    "NewConnectionError",
)


def made_bundle(folder: Path, interpreter: str | None = None, uv: str | None = UV) -> Path:
    """Return a folder with a fresh bundle; skip where its wheels are neither cached nor to be had."""
    try:
        bundle(folder, PYTHON, uv=uv, interpreter=interpreter)
    except BundlingFailed as error:
        if any(sign in str(error) for sign in UNREACHABLE):
            pytest.skip(f"the functions' wheels can't be had here: {error}")
        raise
    return folder


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle without compiled files."""
    return made_bundle(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def interpreter() -> str:
    """Return an interpreter of the runtime's version, or skip."""
    found = find_interpreter(PYTHON)
    if not found:
        pytest.skip(f"no Python {PYTHON} on this machine")
    return found


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory, interpreter: str) -> Path:
    """Return a bundle with compiled files."""
    return made_bundle(tmp_path_factory.mktemp("compiled"), interpreter)


def content(folder: Path) -> dict[str, str]:
    """Return a digest of each file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_two_runs_give_the_same_bytes(plain: Path, tmp_path: Path) -> None:
    assert content(made_bundle(tmp_path / "again")) == content(plain)


def test_two_compiled_runs_give_the_same_bytes(compiled: Path, interpreter: str, tmp_path: Path) -> None:
    assert content(made_bundle(tmp_path / "again", interpreter)) == content(compiled)


@pytest.mark.skipif(UV is None, reason="without uv there is nothing to compare with")
def test_pip_gives_the_same_bytes_as_uv(plain: Path, tmp_path: Path) -> None:
    assert content(made_bundle(tmp_path / "by-pip", uv=None)) == content(plain)


def test_the_zip_is_small(plain: Path, tmp_path: Path) -> None:
    zipped = tmp_path / "bundle.zip"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in plain.rglob("*"):
            archive.write(path, path.relative_to(plain))

    assert zipped.stat().st_size < LIMIT


def test_it_holds_the_broker_and_its_libraries_and_nothing_beside(plain: Path) -> None:
    top = {path.name for path in plain.iterdir() if not path.name.endswith(".dist-info")}

    assert top == {
        "broker",
        "aws_lambda_powertools",
        "certifi",
        "charset_normalizer",
        "idna",
        "jmespath",
        "requests",
        "typing_extensions.py",
        "urllib3",
    }
    assert {path.name for path in (plain / "broker").iterdir()} == {
        path.name for path in (ROOT / "lambda_src" / "broker").iterdir() if path.name != "__pycache__"
    }


def test_what_another_python_compiled_stays_behind(tmp_path: Path) -> None:
    (tmp_path / "broker" / "__pycache__").mkdir(parents=True)
    (tmp_path / "broker" / "__pycache__" / "ingest.cpython-311.pyc").touch()
    (tmp_path / "broker" / "ingest.py").touch()

    copy_package(tmp_path / "broker", tmp_path / "out")

    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["broker", "ingest.py"]


def test_native_parts_are_for_lambdas_processor(plain: Path) -> None:
    native = [path.name for path in plain.rglob("*.so")]

    assert native
    assert all("aarch64" in name for name in native)


def test_every_module_is_compiled_and_never_counts_as_stale(compiled: Path) -> None:
    modules = list(compiled.rglob("*.py"))

    assert modules
    for module in modules:
        pyc = module.parent / "__pycache__" / f"{module.stem}.cpython-313.pyc"
        # The flags of an unchecked hash, https://peps.python.org/pep-0552/: dates are reset in the zip.
        assert pyc.read_bytes()[4:8] == b"\x01\x00\x00\x00", module
        assert str(compiled).encode() not in pyc.read_bytes(), module


def test_a_pin_whose_hash_is_wrong_is_refused(tmp_path: Path, plain: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("idna==3.20 --hash=sha256:" + "0" * 64 + "\n")

    with pytest.raises(BundlingFailed, match=r"(?i)hash"):
        bundle(tmp_path / "out", PYTHON, uv=UV, lock=lock)


def test_synthesis_bundles_and_the_asset_is_what_bundle_makes(compiled: Path) -> None:
    bundling = {"aws:cdk:bundling-stacks": ["**"], "aws:cdk:disable-asset-staging": False}
    folder = synthesise("collect", bundling).folder
    (asset,) = (path for path in folder.iterdir() if path.name.startswith("asset."))

    assert content(asset) == content(compiled)


@pytest.fixture(scope="session")
def runtime_client(compiled: Path, interpreter: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python of the runtime's version with what the runtime has: its client and boto3."""
    folder = tmp_path_factory.mktemp("runtime")
    if UV is None:
        pytest.skip("uv is needed to make an environment of another Python version")
    wanted = [line for line in LOCK.splitlines() if line.startswith(("awslambdaric==", "boto3==", "botocore=="))]
    names = [line.split(" ")[0] for line in wanted]
    python = folder / "bin" / "python"
    plain = ["--quiet", "--no-config", "--python"]
    for command in (["venv", *plain, interpreter, str(folder)], ["pip", "install", *plain, str(python), *names]):
        done = subprocess.run([UV, *command], capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            pytest.skip(f"no runtime client for Python {PYTHON} here: {done.stderr.strip()}")
    return python


LOCK = (ROOT / "requirements.txt").read_text()
# What Lambda sets by the functions' log format, for the runtime's own lines.
IN_JSON = {"AWS_LAMBDA_LOG_FORMAT": "JSON"}


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        ("ingest", ["/events", "Kinesis_20131202.DescribeStreamSummary", "s3.PutObject"]),
        (
            "refresh",
            [
                "/recommendations",
                "/v2/bulkevents",
                *(f"DynamoDB_20120810.{call}" for call in ("BatchGetItem", "TransactWriteItems")),
                "secretsmanager.GetSecretValue",
            ],
        ),
    ],
)
def test_the_bundle_starts_in_the_real_runtime_client_and_does_its_work(
    compiled: Path, runtime_client: Path, function: str, calls: list[str]
) -> None:
    lines: list[str] = []
    with (
        LoopbackServices() as services,
        Function(
            function,
            f"broker.{function}.handler",
            code_dir=compiled,
            environment=variables(function)
            | IN_JSON
            | {"AWS_ENDPOINT_URL": services.url, "MPARTICLE_URL": services.url},
            timeout=300,
            python=str(runtime_client),
            own_client=False,
            log=lines.append,
        ) as bundled,
    ):
        result = bundled.invoke(event_for(function))
        pids = bundled.pids

    assert result.payload == {"batchItemFailures": []}, (result, lines)
    assert sorted(set(services.asked)) == calls
    assert pids
    [line] = [line for line in map(json.loads, lines) if line.get("message") == "invocation"]
    assert line["function_request_id"] == result.request_id
    assert line["stages"]


def test_in_the_real_runtime_client_an_exception_that_nobody_foresaw_shows_nothing_of_its_message(
    compiled: Path, runtime_client: Path
) -> None:
    secret, lines = "ada@example.com", []
    one = event_for("refresh")["Records"][0]
    one["attributes"]["SentTimestamp"] = secret
    with Function(
        "refresh",
        "broker.refresh.handler",
        code_dir=compiled,
        environment=variables("refresh") | IN_JSON,
        timeout=300,
        python=str(runtime_client),
        own_client=False,
        log=lines.append,
    ) as bundled:
        result = bundled.invoke({"Records": [one]})

    assert result.error_type == "InvocationFailed"
    [failed] = [line for line in map(json.loads, lines) if line.get("message") == "invocation failed"]
    assert failed["error"] == "ValueError"
    assert failed["place"].startswith("broker/messages.py:")
    assert failed["function_request_id"] == result.request_id
    assert secret not in str(result) + "".join(lines)


def variables(function: str) -> dict[str, str]:
    """Return the variables that the stack would set."""
    bucket = "quarantine"
    if function == "ingest":
        return ingest_environment(FunctionConfig(), tracking_id="tracker", quarantine_bucket=bucket)
    return refresh_environment(
        FunctionConfig(),
        campaign_arn="arn:aws:personalize:us-east-1:123456789012:campaign/shop",
        mparticle_secret_arn="arn:aws:secretsmanager:us-east-1:123456789012:secret:shop",
        quarantine_bucket=bucket,
        state_table="state",
    )


def event_for(function: str) -> Any:
    """Return what Lambda would hand over: records of the stream, or a message of the queue."""
    if function == "ingest":
        return json.loads((ROOT / "events" / "kinesis_event.json").read_text())
    return {"Records": [message("one", sent=time.time() - 6)]}
