"""Others' rules for templates: CDK's own, cdk-nag's AwsSolutions, cfn-lint's."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.infra.conftest import Synthesise
from tests.infra.synthesis import CDK_JSON, GIVEN, Synthesised, make_app
from tests.infra.test_experiment import ALL_KINDS, CONTEXT, experiment
from tests.infra.test_metadata import ON as WITH_METADATA

if TYPE_CHECKING:
    import aws_cdk as cdk

# CDK, cdk-nag and cfn-lint take seconds to load, so each is loaded where it is used.


def findings(app: "cdk.App") -> list[str]:
    """Synthesise with AwsSolutions and return what it and CDK's rules found; errors stop the synthesis."""
    import aws_cdk as cdk
    from cdk_nag import AwsSolutionsChecks

    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text())
    return [violation["ruleName"] for plugin in report["pluginReports"] for violation in plugin["violations"]]


@pytest.mark.parametrize(
    ("stage", "context"),
    [
        ("collect", {"broker:archive": True}),
        ("train", {"broker:mparticle_role": "existing", "broker:alarm_email": ""}),
        ("recommend", {"broker:python": "3.14", "broker:stream_mode": "provisioned", "broker:shards": 2}),
        ("recommend", GIVEN),
        (
            "recommend",
            {"broker:record_logs": True, "broker:why_principals": ["arn:aws:iam::123456789012:role/support"]},
        ),
        ("recommend", {"broker:kms_key": "create", "broker:access_log_bucket": "logs-of-the-shop"}),
        (
            "recommend",
            CONTEXT
            | {"broker:impression_list": "slot", "broker:metric_attribution": True, "broker:kms_key": "create"}
            | {"broker:experiment": json.dumps(experiment(ALL_KINDS))},
        ),
        ("recommend", {"broker:suppression_list": True, "broker:rewind": True, "broker:second_tracking_id": "t"}),
        ("collect", WITH_METADATA | {"broker:kms_key": "create"}),
    ],
)
def test_awssolutions_and_cdks_own_rules_find_nothing_that_has_no_reason(stage: str, context: dict[str, Any]) -> None:
    assert findings(make_app(stage, context)) == []


def test_they_would_find_something() -> None:
    from aws_cdk import aws_s3 as s3

    app = make_app("collect", {})
    s3.Bucket(app.node.find_child("Broker"), "Bare")  # type: ignore[arg-type]

    assert any(rule.startswith("AwsSolutions-S1") for rule in findings(app))


def test_broken_rules_of_cdk_stop_the_synthesis() -> None:
    import aws_cdk as cdk

    assert CDK_JSON["context"]["@aws-cdk/core:validateAgainstDefaultRules"] is True

    app = make_app("collect", {})
    cdk.CfnResource(app.node.find_child("Broker"), "Odd", type="AWS::No::Such")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()


def test_cfn_lint_finds_nothing(each_stage: Synthesised) -> None:
    assert lint(each_stage.template, each_stage.folder) == []


def test_cfn_lint_finds_nothing_in_what_is_off_by_default(made: Synthesise) -> None:
    stack = made("recommend", {"broker:impression_list": "slot", "broker:metric_attribution": True} | WITH_METADATA)
    assert lint(stack.template, stack.folder) == []


def test_cfn_lint_would_find_something(made: Synthesise, tmp_path: Path) -> None:
    template = json.loads(json.dumps(made("collect").template))
    template["Resources"]["IngestStreamMapping"]["Properties"]["BatchSise"] = 1

    assert [match[:5] for match in lint(template, tmp_path)] == ["E3002"]


def lint(template: dict[str, Any], folder: Path) -> list[str]:
    """Return all that cfn-lint has to say, hints included."""
    from cfnlint.api import lint_file
    from cfnlint.config import ManualArgs

    written = folder / "lint.json"
    written.write_text(json.dumps(template))
    found = lint_file(written, ManualArgs(regions=["us-east-1"]))
    return [f"{match.rule.id} {match.message}" for match in found]
