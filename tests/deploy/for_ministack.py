"""Templates for ministack, whose CloudFormation refuses metric math, composite alarms and CodeDeploy.

Metric math becomes its first metric, and a composite alarm one on a metric that nobody writes. What these alarms do is
tested in tests/infra/test_alarms_ring.py, and what CodeDeploy is to do in tests/infra/test_gradual_deployment.py, on
the template as it is.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CODE_DEPLOY = "AWS::CodeDeploy::"
NEVER_WRITTEN = {
    "Namespace": "None",
    "MetricName": "None",
    "Period": 300,
    "Statistic": "Sum",
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 0,
    "EvaluationPeriods": 1,
}


def for_ministack(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template whose alarms are on one metric each, and whose aliases move at once."""
    resources = {id: one for id, one in template["Resources"].items() if not one["Type"].startswith(CODE_DEPLOY)}
    return {**template, "Resources": {id: _at_once(_plain(one)) for id, one in resources.items()}}


def _at_once(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in resource.items() if key != "UpdatePolicy"}


def make_assembly_for_ministack(assembly: Path) -> Path:
    """Take metric math out of the one template of an assembly, and return the assembly."""
    (template,) = assembly.glob("*.template.json")
    template.write_text(json.dumps(for_ministack(json.loads(template.read_text()))))
    return assembly


def _plain(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = dict(resource.get("Properties", {}))
    if resource["Type"] == "AWS::CloudWatch::CompositeAlarm":
        del properties["AlarmRule"]
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties | NEVER_WRITTEN}
    if resource["Type"] != "AWS::CloudWatch::Alarm" or "Metrics" not in properties:
        return resource
    first = next(query["MetricStat"] for query in properties.pop("Metrics") if "MetricStat" in query)
    metric = {**first["Metric"], "Period": first["Period"], "Statistic": first["Stat"]}
    return {**resource, "Properties": properties | metric}
