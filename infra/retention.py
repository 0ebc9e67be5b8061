"""What becomes of a resource that holds data when it leaves the stack."""

import aws_cdk as cdk


def removal_policy(*, retain: bool) -> cdk.RemovalPolicy:
    """Keep it, or delete it. In both cases it is deleted where its own creation is rolled back.

    Nothing is in it then. If it were kept, its name would be taken, and the creation could not be repeated:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html.
    """
    return cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if retain else cdk.RemovalPolicy.DESTROY
