"""Alarms for ministack, whose CloudFormation refuses metric math: each is on its first metric in place of all of them.

What these alarms do is tested in tests/infra/test_alarms_ring.py, on the template as it is.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def without_metric_math(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template whose alarms are on one metric each."""
    return {**template, "Resources": {id: _plain(resource) for id, resource in template["Resources"].items()}}


def take_out_of(assembly: Path) -> Path:
    """Take metric math out of the one template of an assembly, and return the assembly."""
    (template,) = assembly.glob("*.template.json")
    template.write_text(json.dumps(without_metric_math(json.loads(template.read_text()))))
    return assembly


def _plain(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = dict(resource.get("Properties", {}))
    if resource["Type"] != "AWS::CloudWatch::Alarm" or "Metrics" not in properties:
        return resource
    first = next(query["MetricStat"] for query in properties.pop("Metrics") if "MetricStat" in query)
    metric = {**first["Metric"], "Period": first["Period"], "Statistic": first["Stat"]}
    return {**resource, "Properties": properties | metric}
