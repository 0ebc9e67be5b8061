"""The region that the environment names, and whether CloudFormation can create Personalize's resources there."""

import os

# Where AWS::Personalize::Campaign, EventTracker and Filter are among the schemas of resource types (2026-10-20). The
# regions of China, for example, have Dataset, DatasetGroup, Schema and Solution only.
# https://docs.aws.amazon.com/cloudformation/latest/userguide/resource-type-schemas.html
WITH_PERSONALIZE = (
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-west-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
)


def region() -> str | None:
    """Return the region of the environment; None where only a profile may name one.

    The CDK command line finds it like this; boto3 alone does not read AWS_REGION.
    """
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def without_personalize(region: str | None) -> list[str]:
    """Return a problem if Personalize's resources can't be created in a region; ``region``: None if it is not known."""
    if region is None or region in WITH_PERSONALIZE:
        return []
    return [
        f"the stack goes to {region}, where CloudFormation can't create Personalize's resources: choose one of "
        f"{', '.join(WITH_PERSONALIZE)} (the list is in infra/region.py), or give existing ones by broker:tracking_id"
    ]
