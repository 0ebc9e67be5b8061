"""mParticle's pods, the AWS roles from which each writes to a customer's stream, and the example organisation."""

# https://docs.mparticle.com/developers/data-localization
PODS = ("us1", "us2", "eu1", "au1")
_US1 = "arn:aws:iam::338661164609:role"
# Published for US1 only: https://docs.mparticle.com/integrations/amazon-kinesis/event
KNOWN_PRINCIPALS = {
    "us1": (
        f"{_US1}/role-lambda-verifyrequest",
        f"{_US1}/role-ecs-mp-notification-httpservertoserverprocessor",
    ),
}
# The role's name is mParticle's: its dashboard asks for the account only.
ROLE_NAME = "mparticle-kinesis-role"
# mParticle numbers its organisations; none has this one. It lets a template be made and read before one is at hand.
EXAMPLE_ORGANISATION = "0000000"
EXAMPLE_RULE = "RealOrganisation"
EXAMPLE_REFUSED = (
    f"broker:mparticle_organisation is still the example, {EXAMPLE_ORGANISATION}: put the number of your mParticle "
    "organisation into cdk.json"
)
