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
DATA = frozenset({"eventList", "inputList", "items", "users"})  # members that are long and name no resource
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
            raise ResourceNotFound.of(arn)


def _arns(value: Mapping[str, Any]) -> Iterator[str]:
    for name, each in value.items():
        if isinstance(each, str):
            if name.endswith(("Arn", "arn", "ARN")):
                yield each
        elif isinstance(each, dict):
            yield from _arns(each)
        elif isinstance(each, list) and name not in DATA:
            yield from _arns_in_list(name, each)


def _arns_in_list(name: str, members: list[Any]) -> Iterator[str]:
    for member in members:
        if isinstance(member, dict):
            yield from _arns(member)
        elif isinstance(member, str) and name.endswith(("Arn", "Arns")):
            yield member
