"""History converted in the stack itself: AWS Step Functions' Distributed Map over exports in S3, a function per part.

Off unless ``broker:history_exports`` names where mParticle's exports are. The rows are in the import bucket's folder
``imports/``, from where Personalize imports them, and where they expire.
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import atexit
import io
import json
import shutil
import zipfile
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from broker.settings import ingest_settings
from constructs import Construct

from blueprint.environments import FunctionConfig, ingest_environment
from blueprint.sizing import FunctionSize
from history_jobs.code_archive import code_archive
from history_jobs.map_function import ADD_UP, LIST, PARTS
from infra.functions import RUNTIMES, BrokerFunction, LambdaCode
from infra.paths import ROOT
from infra.permissions import Permission
from lifecycle.bucket import IMPORTS
from personalize_data.exports.settings import Conversion
from personalize_data.exports.users import KEPT_OF_PART
from personalize_data.schema import INTERACTIONS_SCHEMA, read_schema

FOLDER = f"{IMPORTS}/history/"
SIZE = FunctionSize(timeout=900, memory=1_769)  # the memory with which a function has one whole processor
PART_BYTES = 128 * 2**20
DISK_MIB = 10_240  # a packed file is copied whole
AT_ONCE = 100  # functions; an account has 1,000, and ingest and refresh need theirs
RETRY = [
    {"ErrorEquals": ["BadFile"], "MaxAttempts": 0},  # the folder has another conversion
    {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "MaxAttempts": 4, "BackoffRate": 3},
]
OWN_NAMES = "Objects are named by mParticle, or by the number of a part; these folders hold nothing else."


class HistoryMap(Construct):
    """A function with a zip of its own, and the state machine that calls it for each part of the exports."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        exports: str,
        imports: s3.IBucket,
        options: FunctionConfig,
        python: str,
        retain: bool,
        key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, id)
        self._bucket = imports
        self.function = BrokerFunction(
            self,
            "Convert",
            handler="history_jobs.map_function.handler",
            size=SIZE,
            lambda_code=LambdaCode(lambda_.Code.from_asset(str(_code(self))), RUNTIMES[python]),
            environment=_environment(exports, imports, options),
            permissions=self._function_may(exports),
            retain=retain,
            log_key=key,
        ).function
        resource = cast(lambda_.CfnFunction, self.function.node.default_child)
        resource.ephemeral_storage = lambda_.CfnFunction.EphemeralStorageProperty(size=DISK_MIB)
        self.machine = self._machine(f"{name}-history")
        description = "Converts history: aws stepfunctions start-execution --state-machine-arn …"
        cdk.CfnOutput(cdk.Stack.of(self), "HistoryMapArn", value=self.machine.attr_arn, description=description)

    def _machine(self, name: str) -> sfn.CfnStateMachine:
        stack = cdk.Stack.of(self)
        arn = stack.format_arn(service="states", resource="stateMachine", resource_name=name, arn_format=_COLON)
        runs = stack.format_arn(service="states", resource="execution", resource_name=f"{name}/*", arn_format=_COLON)
        machine = sfn.CfnStateMachine(
            self,
            "Machine",
            state_machine_name=name,
            role_arn=self._role(arn, runs).role_arn,
            definition_string=stack.to_json_string(self._definition()),
        )
        for rule, reason in (
            ("AwsSolutions-SF1", "Its events would repeat what the function's log and the reports say."),
            ("AwsSolutions-SF2", "It runs once or twice in the life of a stack; its executions are shown anyway."),
        ):
            cdk.Validations.of(machine).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
        return machine

    def _definition(self) -> dict[str, Any]:
        part = self._task({"Payload.$": "$"}) | {"End": True}
        in_map = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Part"}
        convert = {
            "Type": "Map",
            "MaxConcurrency": AT_ONCE,
            "ItemReader": {
                "Resource": f"arn:{cdk.Aws.PARTITION}:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSON"},
                "Parameters": {"Bucket": self._bucket.bucket_name, "Key": f"{FOLDER}{PARTS}"},
            },
            "ItemProcessor": in_map | {"States": {"Part": part}},
            "ResultWriter": {
                "Resource": f"arn:{cdk.Aws.PARTITION}:states:::s3:putObject",
                "Parameters": {"Bucket": self._bucket.bucket_name, "Prefix": f"{FOLDER}results"},
            },
            "Next": "Add up",
        }
        listed = self._task({"Payload": {"task": LIST}}) | {"Next": "Convert"}
        added = self._task({"Payload": {"task": ADD_UP}}) | {"OutputPath": "$.Payload", "End": True}
        return {"StartAt": "List", "States": {"List": listed, "Convert": convert, "Add up": added}}

    def _task(self, payload: dict[str, Any]) -> dict[str, Any]:
        return {
            "Type": "Task",
            "Resource": f"arn:{cdk.Aws.PARTITION}:states:::lambda:invoke",
            "Parameters": {"FunctionName": self.function.function_arn, **payload},
            "Retry": RETRY,
        }

    def _role(self, machine: str, runs: str) -> iam.Role:
        """Return the machine's role: https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html."""
        results = [self._bucket.arn_for_objects(f"{FOLDER}results/*")]
        permissions = [
            Permission("lambda", ("InvokeFunction",), [self.function.function_arn]),
            Permission("s3", ("GetObject",), [self._bucket.arn_for_objects(f"{FOLDER}{PARTS}")]),
            Permission("s3", ("PutObject", "ListMultipartUploadParts", "AbortMultipartUpload"), results, OWN_NAMES),
            Permission("states", ("StartExecution",), [machine]),
            Permission("states", ("DescribeExecution", "StopExecution"), [runs], "The map names its own executions."),
        ]
        policy = iam.PolicyDocument(statements=[one.statement() for one in permissions], minimize=False)
        principal = iam.ServicePrincipal("states.amazonaws.com")
        role = iam.Role(self, "Role", assumed_by=principal, inline_policies={"map": policy})
        for permission in permissions:
            permission.acknowledge(role)
        return role

    def _function_may(self, exports: str) -> list[Permission]:
        bucket, _, prefix = exports.removeprefix("s3://").partition("/")
        source = f"arn:{cdk.Aws.PARTITION}:s3:::{bucket}"
        own = self._bucket.arn_for_objects(f"{FOLDER}*")
        return [
            Permission("s3", ("ListBucket",), [source, self._bucket.bucket_arn]),
            Permission("s3", ("GetObject",), [f"{source}/{prefix}*"], OWN_NAMES),
            Permission("s3", ("GetObject", "PutObject", "AbortMultipartUpload"), [own], OWN_NAMES),
        ]


_COLON = cdk.ArnFormat.COLON_RESOURCE_NAME


def _environment(exports: str, imports: s3.IBucket, options: FunctionConfig) -> dict[str, str]:
    rules = ingest_settings(ingest_environment(options, tracking_id="none", quarantine_bucket="none")).rules
    schema = read_schema(INTERACTIONS_SCHEMA.read_text(), "interactions")
    return {
        "BUCKET": imports.bucket_name,
        "FOLDER": FOLDER,
        "EXPORTS": exports,
        "PART_BYTES": str(PART_BYTES),
        "CONVERSION": json.dumps(Conversion(schema, rules, 0, KEPT_OF_PART).as_json()),
    }


def _code(scope: Construct) -> Path:
    """Return the folder that is zipped: the code that converts, and no library."""
    if not cdk.Stack.of(scope).bundling_required:
        return ROOT / "history_jobs"
    folder = Path(mkdtemp(prefix="broker-history-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    zipfile.ZipFile(io.BytesIO(code_archive())).extractall(folder)
    return folder
