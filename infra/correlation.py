"""The keys of the correlation ids, by which log lines per record are found: one a month, for as long as its logs."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from broker import correlation
from constructs import Construct


class CorrelationKeys(Construct):
    """A table with a random key a month, which the functions make themselves and DynamoDB deletes.

    It has no backups, and is deleted with the stack whatever is kept otherwise: a key that stays would let somebody
    test users against old ids.
    """

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=correlation.MONTH, type=dynamodb.AttributeType.STRING),
            time_to_live_attribute=correlation.EXPIRY,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        reason = "A backup would keep keys whose logs are gone."
        cdk.Validations.of(self.table).acknowledge(cdk.Acknowledgment(id="AwsSolutions-DDB3", reason=reason))
