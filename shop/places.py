"""Where the services of a running local stack are, and what its resources are called: what ``serve`` exports."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields

VARIABLES = {
    "mparticle": "MPARTICLE_URL",
    "personalize": "AWS_ENDPOINT_URL_PERSONALIZE",
    "aws": "AWS_ENDPOINT_URL",
    "functions": "AWS_ENDPOINT_URL_LAMBDA",
    "stream_name": "STREAM_NAME",
    "campaign_arn": "CAMPAIGN_ARN",
    "quarantine_bucket": "QUARANTINE_BUCKET",
    "on_failure_bucket": "ON_FAILURE_BUCKET",
    "refresh_queue_url": "REFRESH_QUEUE_URL",
    "purchase_queue_url": "PURCHASE_QUEUE_URL",
    "control_bucket": "CONTROL_BUCKET",
    "suppression_key_arn": "SUPPRESSION_KEY_ARN",
    "experiment": "EXPERIMENT",
    "impression_list": "IMPRESSION_LIST",
    "variant_campaigns": "VARIANT_CAMPAIGNS",
    "filter_expression": "FILTER_EXPRESSION",
}
MAY_BE_EMPTY = {"experiment", "impression_list", "variant_campaigns", "filter_expression"}


@dataclass(frozen=True)
class Places:
    """URLs of the services, without a slash at the end, and names of resources.

    ``experiment`` and ``variant_campaigns``, ARNs by variant, are JSON. What ``serve`` runs without is empty.
    """

    mparticle: str
    personalize: str
    aws: str
    functions: str
    stream_name: str
    campaign_arn: str
    quarantine_bucket: str
    on_failure_bucket: str
    refresh_queue_url: str
    purchase_queue_url: str
    control_bucket: str
    suppression_key_arn: str
    experiment: str
    impression_list: str
    variant_campaigns: str
    filter_expression: str

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> "Places":
        """Read what ``serve`` exports. Raises ValueError, which names all that are missing."""
        values = {one.name: variables.get(VARIABLES[one.name], "") for one in fields(cls)}
        missing = [VARIABLES[name] for name, value in values.items() if not value and name not in MAY_BE_EMPTY]
        if missing:
            raise ValueError(f"missing: {', '.join(missing)}")
        return cls(**values)

    @property
    def campaign(self) -> str:
        """Return the campaign's name."""
        return name_of(self.campaign_arn)

    def campaign_of(self, variant: str | None) -> str:
        """Return the ARN of the campaign that makes the lists of a variant; None is that of all users."""
        own = json.loads(self.variant_campaigns) if self.variant_campaigns else {}
        return str(own.get(variant, self.campaign_arn))


def name_of(arn: str) -> str:
    """Return the name of what an ARN names."""
    return arn.rpartition("/")[2]
