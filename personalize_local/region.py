"""The region of a request and of an ARN. Nothing of one region can be seen from another, as on AWS.

A request's region is the one that it was signed for: the third part of the credential scope in its Authorization header
(docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). The signature is not checked.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from personalize_local.errors import ResourceNotFound

DEFAULT = "us-east-1"
_SCOPE = re.compile(r"\bCredential=[^/\s]+/[0-9]{8}/([a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2})/")
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


def signed_for(authorization: str | None) -> str:
    """Return the region of an Authorization header; us-east-1 if it has none."""
    scope = _SCOPE.search(authorization or "")
    return scope.group(1) if scope else DEFAULT


def partition(region: str) -> str:
    """Return the partition of a region."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def region_of(arn: str) -> str:
    """Return the region of an ARN; empty for a recipe's, which belongs to all regions, and for no ARN."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 and parts[2] == "personalize" else ""


def refuse_elsewhere(request: Mapping[str, Any], region: str) -> None:
    """Raise ResourceNotFound if a request of this region names a resource of another one."""
    for arn in _arns(request):
        if region_of(arn) not in ("", region):
            raise ResourceNotFound(f"Could not find {arn} in {region}")


def _arns(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _arns(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _arns(each, key)
    elif isinstance(value, str) and key.lower().endswith("arn"):
        yield value
