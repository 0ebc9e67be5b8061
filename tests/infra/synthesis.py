"""The stack from a context, in this process and without a bundle; and questions to its template."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from infra.paths import ROOT
from infra.settings import read_settings
from infra.stack import BrokerStack

CDK_JSON = json.loads((ROOT / "cdk.json").read_text())
_OUT = tempfile.TemporaryDirectory(prefix="cdk-")  # removed when this process ends
NO_BUNDLE = {"aws:cdk:bundling-stacks": []}
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

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Return all that a function's role may."""
        (policy,) = self.properties("IAM::Role", role)["Policies"]
        return list(policy["PolicyDocument"]["Statement"])


def make_app(stage: str, context: Mapping[str, Any]) -> cdk.App:
    """Return an application with one stack, not synthesised yet."""
    whole = CDK_JSON["context"] | FULL | NO_BUNDLE | dict(context)
    app = cdk.App(context=whole, analytics_reporting=False, outdir=tempfile.mkdtemp(dir=_OUT.name))
    BrokerStack(app, "Broker", settings=read_settings(app.node.get_all_context(), stage, ROOT))
    return app


def synthesise(stage: str, context: Mapping[str, Any], tag: str | None = None) -> Synthesised:
    """Synthesise a stage; with a ``tag`` the whole application carries one."""
    app = make_app(stage, context)
    if tag:
        cdk.Tags.of(app).add("cost-centre", tag)
    assembly = app.synth()
    stack = assembly.get_stack_artifact("Broker")
    return Synthesised(dict(stack.template), dict(stack.tags), Path(assembly.directory))
