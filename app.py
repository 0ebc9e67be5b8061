"""CDK entry: reads the context and makes one BrokerStack. ``make synth``, ``make deploy`` and ``./cdk`` run it."""

import os
import sys
from pathlib import Path

from infra.paths import LAMBDA_SRC, ROOT
from infra.toolchain import node

sys.path.insert(0, str(LAMBDA_SRC))
os.environ.setdefault("JSII_NODE", str(node()))

import aws_cdk as cdk

from infra.bundling import BundlingFailed
from infra.cost.estimate import write_estimate
from infra.region import region
from infra.settings import SettingsError, read_settings
from infra.stack import BrokerStack
from infra.tuning import write_tuning


def main() -> int:
    """Synthesise what the CDK command line asks for; return the exit code of ``synthesise``."""
    return synthesise(cdk.App(analytics_reporting=False), os.environ.get("STAGE"))


def synthesise(app: cdk.App, stage: str | None) -> int:
    """Return 0, or 2 with one message where a setting is wrong or the functions can't be bundled."""
    try:
        settings = read_settings(app.node.get_all_context(), stage, ROOT, region())
    except SettingsError as error:
        print(f"Wrong settings, nothing was synthesised (cdk.json, -c or STAGE):\n{error}", file=sys.stderr)  # noqa: T201
        return 2
    try:
        BrokerStack(app, "Broker", settings=settings)
    except BundlingFailed as error:
        print(f"The functions could not be bundled, nothing was synthesised:\n{error}", file=sys.stderr)  # noqa: T201
        return 2
    app.synth()
    write_estimate(Path(app.outdir), settings)
    write_tuning(Path(app.outdir), settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
