"""What is zipped: the broker's code and the libraries that the Lambda runtime lacks, in the locked versions.

Made without Docker: wheels for the target are unpacked, not run. The same inputs give the same bytes, so that an
unchanged bundle is not deployed again.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.paths import LAMBDA_SRC, LOCKED_REQUIREMENTS

PLATFORM = "manylinux2014"  # Amazon Linux 2023, the system of both runtimes, is newer
MACHINE = "aarch64"
# What an installer notes about itself, and commands that nobody calls in a function.
LEFT_OUT = ("bin", ".lock", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED")
RUN_FROM = "/var/task"


class BundlingFailed(Exception):
    """The bundle could not be made; the message is the installer's."""


def bundle(
    target: Path, python: str, *, uv: str | None, interpreter: str | None = None, lock: Path = LOCKED_REQUIREMENTS
) -> None:
    """Fill an empty folder with what the runtime ``python`` (3.13) needs, by uv, or by pip. Raises BundlingFailed.

    With an ``interpreter`` of that very version the modules are compiled: the function's folder is read-only in Lambda,
    so that it would compile them again at every cold start.
    """
    requirement_options = ["--requirement", str(lock), "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    _run([*(_by_uv(uv, python) if uv else _by_pip(python)), "--target", str(target), *requirement_options])
    for pattern in LEFT_OUT:
        for path in target.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    copy_package(LAMBDA_SRC / "broker", target)
    if interpreter:
        _compile(target, interpreter)


def copy_package(package: Path, target: Path) -> None:
    """Copy a package into a folder, without what this machine's Python compiled of it."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(package, target / package.name, ignore=ignored)


def find_interpreter(python: str) -> str | None:
    """Return an interpreter of exactly this minor version, None where there is none."""
    return next((path for path in _candidates(python) if _version(path) == python), None)


def _candidates(python: str) -> Iterator[str]:
    """Yield interpreters that might be it: this one, those on the path, pyenv's (all installed, also if not chosen)."""
    yield sys.executable
    folders = [Path(folder) for folder in os.get_exec_path()]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders += sorted(pyenv.glob(f"versions/{python}.*/bin"))
    yield from (str(folder / f"python{python}") for folder in folders if (folder / f"python{python}").is_file())


def _version(interpreter: str) -> str:
    """Return an interpreter's minor version; some that are on the path only say that they are switched off."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    finished = subprocess.run([interpreter, "-I", "-c", ask], capture_output=True, text=True, check=False)  # noqa: S603
    return finished.stdout.strip()


def find_uv() -> str | None:
    """Return uv's program, None where there is none."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def _by_uv(uv: str, python: str) -> list[str]:
    platform = ["--python-platform", f"{MACHINE}-{PLATFORM}", "--python-version", python, "--no-python-downloads"]
    plain = [
        "--no-config",
        "--color",
        "never",
        "--link-mode",
        "copy",
        "--no-installer-metadata",
        "--no-compile-bytecode",
    ]
    return [uv, "pip", "install", "--quiet", *platform, *plain]


def _by_pip(python: str) -> list[str]:
    platform = ["--platform", f"{PLATFORM}_{MACHINE}", "--implementation", "cp", "--python-version", python]
    plain = ["--no-compile", "--disable-pip-version-check", "--no-warn-conflicts"]
    return [sys.executable, "-m", "pip", "install", "--quiet", *platform, *plain]


def _compile(target: Path, interpreter: str) -> None:
    # Unchecked: dates are reset in the zip, so that a checked one would count as stale. A fixed hash seed: sets of
    # constants are written in the order of their hashes.
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(target), "-p", RUN_FROM, str(target)]
    _run([interpreter, "-m", "compileall", *options], {"PYTHONHASHSEED": "0"})


def _run(command: list[str], environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(  # noqa: S603 - our own installer
        command, capture_output=True, text=True, check=False, env=os.environ | dict(environment or {})
    )
    if done.returncode:
        raise BundlingFailed(f"{' '.join(command[:4])}: {done.stderr.strip() or done.stdout.strip()}")
