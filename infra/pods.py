"""mParticle's pods and the AWS roles from which each writes to a customer's stream."""

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
