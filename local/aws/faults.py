"""The local AWS's faults: the operations are called as they are counted, ``kinesis.PutRecord`` or ``s3.GetObject``."""

from starlette.datastructures import Headers

from local.aws.operations import operation_of, service_of
from personalize_local.faults.answers import of_aws
from personalize_local.faults.faults import Faults
from personalize_local.faults.middleware import App, Scope, WithFaults


def with_faults(app: App, faults: Faults) -> WithFaults:
    """Return moto's services with their faults around them."""
    return WithFaults(app, faults, name_of=_name_of, refuse=of_aws)


def _name_of(scope: Scope, headers: Headers, body: bytes) -> str:
    return operation_of(service_of(headers), scope["method"], scope["path"], scope["query_string"], headers, body)
