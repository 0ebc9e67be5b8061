"""The stack from a context, in this process and without a bundle; and questions to its template.

CDK takes seconds to load, so only those who synthesise load it: whoever collects the tests does not.
"""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.paths import ROOT
from infra.settings import read_settings
from infra.toolchain import node

os.environ.setdefault("JSII_NODE", str(node()))  # before the first import of aws_cdk, which starts Node

if TYPE_CHECKING:
    import aws_cdk as cdk

CDK_JSON = json.loads((ROOT / "cdk.json").read_text())
_OUT = tempfile.TemporaryDirectory(prefix="cdk-")  # removed when this process ends
# Nor a copy of the functions' code, which takes a fifth of a synthesis: its hash in the template is the same.
NO_BUNDLE = {"aws:cdk:bundling-stacks": [], "aws:cdk:disable-asset-staging": True}
# What a team might set beyond the defaults; without it a good part of the template would go untested.
FULL = {
    "broker:mparticle_organisation": "5001234",
    "broker:filter_expression": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")',
    "broker:alarm_email": "shop@example.com",
}
GIVEN = {
    "broker:tracking_id": "11112222-3333-4444-5555-666677778888",
    "broker:campaign_arn": "arn:aws:personalize:us-east-1:123456789012:campaign/given",
    "broker:filter_arn": "arn:aws:personalize:us-east-1:123456789012:filter/given",
    "broker:filter_expression": "",
}


@dataclass(frozen=True)
class Synthesised:
    """A template, and what CDK would put on the stack itself."""

    template: dict[str, Any]
    stack_tags: dict[str, str]
    folder: Path

    def of_type(self, kind: str) -> dict[str, Any]:
        """Return the resources of a type (``Kinesis::Stream``), by logical id."""
        resources = self.template["Resources"]
        return {id: one for id, one in resources.items() if one["Type"] == f"AWS::{kind}"}

    def the(self, kind: str, named: str = "") -> dict[str, Any]:
        """Return the one resource of a type whose logical id contains ``named``."""
        found = [one for id, one in self.of_type(kind).items() if named in id]
        assert len(found) == 1, f"{len(found)} of {kind} {named}"
        return found[0]

    def properties(self, kind: str, named: str = "") -> dict[str, Any]:
        """Return the properties of the one resource of a type whose logical id contains ``named``."""
        return dict(self.the(kind, named)["Properties"])

    def variables(self, function: str) -> dict[str, Any]:
        """Return a function's environment variables."""
        return dict(self.properties("Lambda::Function", function)["Environment"]["Variables"])

    def role(self, of: str) -> dict[str, Any]:
        """Return the properties of the role of a function, or of another part of the stack."""
        (found,) = (one["Properties"] for id, one in self.of_type("IAM::Role").items() if id.startswith(of))
        return dict(found)

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Return all that a function's role may."""
        (policy,) = self.role(role)["Policies"]
        return list(policy["PolicyDocument"]["Statement"])


def make_app(
    stage: str, context: Mapping[str, Any], folder: Path | None = None, *, validates: bool = True
) -> "cdk.App":
    """Return an application with one stack, not synthesised yet; ``validates``: by CDK's own rules, too."""
    import aws_cdk as cdk

    from infra.stack import BrokerStack

    whole = CDK_JSON["context"] | FULL | NO_BUNDLE | dict(context)
    outdir = tempfile.mkdtemp(dir=folder or _OUT.name)
    app = cdk.App(
        context=whole,
        analytics_reporting=False,
        outdir=outdir,
        tree_metadata=False,
        builtin_cloud_formation_validation=validates,
    )
    BrokerStack(app, "Broker", settings=read_settings(app.node.get_all_context(), stage, ROOT))
    return app


def synthesise(
    stage: str, context: Mapping[str, Any], tag: str | None = None, folder: Path | None = None
) -> Synthesised:
    """Synthesise a stage, into a folder that stays if one is given; with a ``tag`` the application carries one.

    Without CDK's own rules, which take longer than all else: tests/infra/test_rules.py is about them.
    """
    import aws_cdk as cdk

    app = make_app(stage, context, folder, validates=False)
    if tag:
        cdk.Tags.of(app).add("cost-centre", tag)
    assembly = app.synth()
    stack = assembly.get_stack_artifact("Broker")
    return Synthesised(dict(stack.template), dict(stack.tags), Path(assembly.directory))


def synthesise_as_app(stage: str, settings: Mapping[str, str], folder: Path) -> Path:
    """Synthesise with a bundle into a folder, by what ``make synth`` runs, from cdk.json and ``settings`` over it.

    CDK is loaded once for all stages; the command line loads it once for each, and asks CDK's own rules, too.
    """
    import aws_cdk as cdk

    from app import synthesise

    context = CDK_JSON["context"] | {f"broker:{key}": value for key, value in settings.items()}
    app = cdk.App(
        context=context, analytics_reporting=False, outdir=str(folder), builtin_cloud_formation_validation=False
    )
    assert synthesise(app, stage) == 0
    return folder


def shared(stage: str, context: Mapping[str, Any], tag: str | None, folder: Path) -> Synthesised:
    """Return what is synthesised, from ``folder`` where another process has put it already."""
    asked = json.dumps([stage, dict(context), tag], sort_keys=True)
    kept = folder / f"{hashlib.sha256(asked.encode()).hexdigest()}.json"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(json.dumps(asdict(synthesise(stage, context, tag, folder)), default=str))
    found = json.loads(kept.read_text())
    return Synthesised(found["template"], found["stack_tags"], Path(found["folder"]))
