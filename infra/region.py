"""The region that the environment names, as the CDK command line finds it: boto3 alone does not read AWS_REGION."""

import os


def region() -> str | None:
    """Return the region of the environment; None where only a profile may name one."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
