"""What functions remember of each user outside of their processes, for a while.

``refresh``: which list was written last, so that no older one is written over it. ``ingest``: what a user was shown.
"""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from lifecycle import state


class UserTable(Construct):
    """A table with an item a user that expires, encrypted with a key of AWS's own, as every table is, or a given one.

    It is deleted with the stack whatever is kept otherwise: it holds ids of users, and is soon written again.
    """

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey | None = None) -> None:
        super().__init__(scope, id)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=state.KEY, type=dynamodb.AttributeType.NUMBER),
            time_to_live_attribute=state.EXPIRY,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED if key else None,
            encryption_key=key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        reason = "It is a memory, which is soon written again, and a backup would keep users who were forgotten."
        cdk.Validations.of(self.table).acknowledge(cdk.Acknowledgment(id="AwsSolutions-DDB3", reason=reason))
