"""Keeps the example organisation out of any account: its role would trust mParticle for nobody."""

import aws_cdk as cdk
from constructs import Construct

from infra.mparticle import EXAMPLE_ORGANISATION, EXAMPLE_REFUSED, EXAMPLE_RULE


def refuse_example(scope: Construct) -> None:
    """Add a rule with which CloudFormation itself refuses the template.

    Synthesis can't know what it is for, so it can't refuse a plain ``cdk deploy``. Rules are checked before anything is
    created, but must speak of a parameter: hence one whose only value is the example.
    """
    example = cdk.CfnParameter(
        scope,
        "ExampleOrganisation",
        default=EXAMPLE_ORGANISATION,
        allowed_values=[EXAMPLE_ORGANISATION],
        description="There only to be refused: see the rule on it.",
    )
    is_example = cdk.Fn.condition_equals(example.value_as_string, EXAMPLE_ORGANISATION)
    assertion = cdk.CfnRuleAssertion(assert_=cdk.Fn.condition_not(is_example), assert_description=EXAMPLE_REFUSED)
    cdk.CfnRule(scope, EXAMPLE_RULE, assertions=[assertion])
