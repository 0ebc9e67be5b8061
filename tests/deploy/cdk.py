"""The pinned CDK command line, run as people run it: ``./cdk COMMAND``."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from infra.paths import ROOT
from tests.deploy.account import Account

SECONDS = 600


class CdkFailed(Exception):
    """The command ended with another code than 0; the message is all that it wrote."""


def bootstrap(account: Account, assembly: Path) -> None:
    """Prepare the account for deployments. Raises CdkFailed."""
    _on(account, assembly, "bootstrap")


def deploy(account: Account, assembly: Path) -> dict[str, str]:
    """Deploy; return the stack's outputs. Raises CdkFailed."""
    outputs = assembly.with_suffix(".outputs.json")
    _on(account, assembly, "deploy", "--require-approval", "never", "--outputs-file", str(outputs))
    (found,) = json.loads(outputs.read_text()).values()
    return dict(found)


def diff(account: Account, assembly: Path) -> str:
    """Return what CDK says about the difference between what is deployed and what would be."""
    return _on(account, assembly, "diff")


def destroy(account: Account, assembly: Path) -> None:
    """Delete the stack. Raises CdkFailed."""
    _on(account, assembly, "destroy", "--force")


def _on(account: Account, assembly: Path, command: str, *options: str) -> str:
    return _run([command, "--app", str(assembly), "--ci", *options], account.environment())


def _run(arguments: list[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(  # noqa: S603 - our own command
        [str(ROOT / "cdk"), *arguments], env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        raise CdkFailed(f"cdk {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr
