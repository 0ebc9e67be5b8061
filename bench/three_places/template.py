"""The state machine and the function of the map over history, as CloudFormation would make them here."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blueprint.environments import FunctionConfig
from infra.toolchain import node
from local_stack.lambda_emulator.runtime.environment import FunctionSettings

PYTHON = "3.13"
BUCKET, EXPORTS = "imports", "s3://exports/2026/"
NAME = "history-convert"


@dataclass(frozen=True)
class HistoryStack:
    """``definition``: of the state machine; ``environment``: of the function."""

    definition: Mapping[str, Any]
    settings: FunctionSettings
    environment: Mapping[str, str]


def synthesise(folder: Path) -> HistoryStack:
    """Synthesise the map alone, with its zip unpacked in a folder."""
    os.environ.setdefault("JSII_NODE", str(node()))  # before the first import of aws_cdk, which starts Node
    import aws_cdk as cdk
    from aws_cdk import aws_s3 as s3

    from infra.history_map import HistoryMap

    app = cdk.App(
        outdir=str(folder), analytics_reporting=False, tree_metadata=False, builtin_cloud_formation_validation=False
    )
    stack = cdk.Stack(app, "History")
    options = FunctionConfig()
    imports = s3.Bucket(stack, "Imports")
    HistoryMap(stack, "Map", name="h", exports=EXPORTS, imports=imports, options=options, python=PYTHON, retain=False)
    return _deployed(dict(app.synth().get_stack_artifact("History").template)["Resources"], folder)


def _deployed(resources: Mapping[str, Any], folder: Path) -> HistoryStack:
    function_id, function = _the(resources, "AWS::Lambda::Function")
    (code,) = (path for path in folder.glob("asset.*") if path.is_dir())
    settings = FunctionSettings(NAME, function["Handler"], code, function["Timeout"], function["MemorySize"])
    bucket_id, _ = _the(resources, "AWS::S3::Bucket")
    known = {"AWS::Partition": "aws", bucket_id: BUCKET, function_id: settings.arn}
    machine = _the(resources, "AWS::StepFunctions::StateMachine")[1]
    variables = function["Environment"]["Variables"]
    environment = {name: _resolved(value, known) for name, value in variables.items()}
    return HistoryStack(json.loads(_resolved(machine["DefinitionString"], known)), settings, environment)


def _the(resources: Mapping[str, Any], kind: str) -> tuple[str, dict[str, Any]]:
    ((id, one),) = ((id, one) for id, one in resources.items() if one["Type"] == kind)
    return id, one.get("Properties", {})


def _resolved(value: Any, known: Mapping[str, str]) -> str:
    """Return what CloudFormation makes of a text with references. Raises KeyError for one that is not known."""
    if isinstance(value, str):
        return value
    ((function, of),) = value.items()
    if function == "Fn::Join":
        return str(of[0]).join(_resolved(part, known) for part in of[1])
    return known[of if function == "Ref" else of[0]]
